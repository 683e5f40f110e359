"""The command line: ``logire --help``. Each command is one call into the package."""

from __future__ import annotations

import json
import logging
import math
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from logire import __version__
from logire.errors import InputError, LogireError

# Commands import what they need when they run: `logire --help` answers at once.

app = typer.Typer(
    help="Logic rules for document-level relation extraction (LogiRE, EMNLP 2021).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
prepare = typer.Typer(help="Raw annotations -> a folder of documents in DocRED's format.", no_args_is_help=True)
app.add_typer(prepare, name="prepare", rich_help_panel="Data")

Split = Literal["train", "dev", "test"]
Documents = Annotated[Path, typer.Option("--documents", help="A folder that `logire prepare` wrote.")]
Out = Annotated[Path, typer.Option("--out", help="Where to write.")]
Seed = Annotated[int, typer.Option(help="Everything random follows from it.")]
Device = Annotated[str, typer.Option(help="auto, cpu, or as torch names it (cuda:0).")]
Settings = Annotated[
    str, typer.Option(help="Settings that differ from the defaults: a JSON object, or a .json / .yaml file.")
]
Raw = Annotated[Path, typer.Option(help="The raw data.", show_default=False)]


@prepare.command("dwie")
def prepare_dwie(
    raw: Raw,
    out: Out,
    split: Annotated[Path | None, typer.Option(help="Another split: JSON of split name -> ids.")] = None,
    sentences: Annotated[bool, typer.Option(help="Keep sentence boundaries (off: the authors' form).")] = False,
) -> None:
    """DWIE: annotation files with the articles' text in `content` (a folder, .jsonl or .jsonl.gz)."""
    from logire.corpus import prepare

    prepare.prepare_dwie(raw, out, split=split, split_sentences=sentences)
    _statistics(out)


@prepare.command("docred")
def prepare_docred(raw: Raw, out: Out) -> None:
    """DocRED, Re-DocRED, or your own corpus in their format: a folder with train, dev and test files."""
    from logire.corpus import prepare

    prepare.prepare_docred(raw, out)
    _statistics(out)


@prepare.command("embedded")
def prepare_embedded(
    out: Out,
    raw: Annotated[
        Path | None, typer.Option(help="Keep the generated annotations here; read them if they exist.")
    ] = None,
    seed: Seed = 13,
    documents: Annotated[tuple[int, int, int], typer.Option(help="Number of train, dev and test documents.")] = (
        240,
        60,
        60,
    ),
) -> None:
    """The embedded SYNTHETIC corpus: a small news world with known rules, in DWIE's annotation format."""
    from logire.corpus import prepare

    prepare.prepare_embedded(out, raw=raw, seed=seed, documents=documents)
    _statistics(out)


@app.command(rich_help_panel="Data")
def fetch(
    out: Out,
    base_url: Annotated[
        str | None, typer.Option(help="Where the annotation files are; default: the pinned public source.")
    ] = None,
) -> None:
    """Bring DWIE's annotations and texts from their public source, every file checked by its hash."""
    from logire.corpus.fetch import BASE_URL, fetch_dwie

    with _progress() as report:
        fetch_dwie(out, base_url=base_url or BASE_URL, progress=lambda done, total: report("fetching", done, total))


@app.command(rich_help_panel="Models")
def train(
    backbone: Annotated[str, typer.Argument(help="cnn, lstm, bilstm, context_aware, gain or atlop.")],
    documents: Documents,
    out: Out,
    seed: Seed = 1,
    device: Device = "auto",
    settings: Settings = "{}",
) -> None:
    """Train a backbone and dump its logits; a killed run goes on where it was."""
    from logire.backbones.run import train_backbone
    from logire.corpus.prepared import PreparedCorpus

    corpus = PreparedCorpus.open(documents)
    train_backbone(corpus, backbone, _settings(settings), out, seed=seed, device=device)


@app.command(rich_help_panel="Models")
def fit(
    documents: Documents,
    logits: Annotated[Path, typer.Option(help="A logits dump: ours (.safetensors) or the authors' torch file.")],
    out: Out,
    seed: Seed = 1,
    device: Device = "auto",
    settings: Settings = "{}",
) -> None:
    """Learn rules by EM on a backbone's logits; a killed run goes on after its last iteration."""
    from logire.rules.run import fit_run

    with _progress() as report:
        model = fit_run(documents, logits, out, settings=_settings(settings), seed=seed, device=device, report=report)
    learnt = model.learnt
    print(
        f"{len(learnt.rules)} rules, dev F1 {100 * learnt.dev_f1:.2f} in iteration {learnt.iteration} of "
        f"{len(model.history)}: {out}"
    )


@app.command(rich_help_panel="Models")
def predict(
    run: Annotated[Path, typer.Argument(help="A folder that `logire fit` wrote.")],
    split: Annotated[Split, typer.Option(help="train, dev or test.")] = "test",
    documents: Annotated[Path | None, typer.Option(help="Default: the documents of the fit.")] = None,
    logits: Annotated[Path | None, typer.Option(help="Default: the logits of the fit.")] = None,
    out: Annotated[Path | None, typer.Option(help="Default: RUN/predictions-SPLIT.json.")] = None,
) -> None:
    """Predict a split: DocRED's submission format, and the reasons of every prediction beside it."""
    from logire.rules.run import predict_run

    print(predict_run(run, split, documents=documents, logits=logits, out=out))


@app.command(rich_help_panel="Reading a run")
def rules(
    run: Annotated[Path, typer.Argument(help="A folder that `logire fit` wrote.")],
    relation: Annotated[str | None, typer.Option(help="Only this relation.")] = None,
    top: Annotated[int, typer.Option(help="Rows a relation; 0 for all.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Show the learnt rules, strongest first."""
    from rich.table import Table

    from logire.rules.model import LogiRE

    rows = LogiRE.load(run).rules(relation)
    rows = rows.groupby("relation", sort=False).head(top) if top else rows
    if as_json:
        print(rows.to_json(orient="records", indent=2))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, justify in (("rule", "left"), ("types", "left")):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for name in ("weight", "prior", "posterior", "support", "confidence"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows.to_dict("records"):
        table.add_row(
            f"{row['relation']} <- {row['body']}",
            f"{_short(row['head_type'])} -> {_short(row['tail_type'])}",
            *(f"{row[key]:.3f}" for key in ("weight", "prior", "posterior")),
            str(row["support"]),
            "" if math.isnan(row["confidence"]) else f"{row['confidence']:.2f}",
        )
    _console().print(table)


@app.command(rich_help_panel="Reading a run")
def explain(
    run: Annotated[Path, typer.Argument(help="A folder that `logire fit` wrote.")],
    document: Annotated[str, typer.Option(help="The document's title (id).")],
    split: Annotated[Split, typer.Option(help="train, dev or test.")] = "test",
    relation: Annotated[str | None, typer.Option(help="Only this relation.")] = None,
    top: Annotated[int, typer.Option(help="Reasons a prediction.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Show every prediction in a document with the rules and grounding paths that made it."""
    from logire.rules.run import load_run

    model, corpus, scored = load_run(run, split)
    chosen = [item for item in scored if item.title == document]
    if not chosen:
        raise InputError("no such document", file=corpus.path / f"{split}.json", document=document)
    found = [row for row in model.explanations(chosen, most=top) if relation in (None, row["r"])]
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    console = _console()
    for row in found:
        gold = chosen[0].labels[row["h_idx"], row["t_idx"], corpus.schema.relation_index[row["r"]]]
        console.print(
            f"[bold]{row['r']}({row['head']}, {row['tail']})[/bold]  score {row['score']:.2f}"
            f" (threshold {row['threshold']:.2f}), backbone {row['backbone_probability']:.3f},"
            f" {'labelled' if gold else 'not labelled'}"
        )
        for reason in row["reasons"]:
            path = f" {reason['path'][0]['from']}"
            for atom in reason["path"]:
                path += f" --{atom['atom']} {atom['score']:.3f}--> {atom['to']}"
            console.print(f"  {reason['contribution']:+.2f}  {reason['rule']}  \\[{path.strip()}]", highlight=False)
    console.print(f"{len(found)} predictions in {document}")


@app.command(rich_help_panel="Results")
def evaluate(
    predictions: Annotated[Path, typer.Argument(help="Predictions in DocRED's submission format, from any model.")],
    documents: Documents,
    split: Annotated[Split, typer.Option(help="train, dev or test.")] = "test",
    distances: Annotated[str, typer.Option(help="Edges of the distance groups, in tokens.")] = "100,200,400",
    gold_rules: Annotated[Path | None, typer.Option(help="Rules of the logic score; default: DWIE's 39.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the metrics as JSON.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the metrics as JSON.")] = False,
) -> None:
    """Score predictions: precision, recall, F1, both ign F1, logic, by distance and by relation."""
    from logire.corpus.prepared import PreparedCorpus
    from logire.evaluation.run import evaluate_file, render
    from logire.files import write_json

    try:
        edges = tuple(int(edge) for edge in distances.split(","))
    except ValueError as error:
        raise InputError(f"whole numbers with commas expected, {distances!r} found", field="--distances") from error
    result = evaluate_file(
        predictions, PreparedCorpus.open(documents), split, distance_edges=edges, gold_rules=gold_rules
    )
    if out:
        write_json(out, result)
    if as_json:
        print(json.dumps(result, indent=2))
    elif not out:
        _console().print(render(result))


Metrics = Annotated[list[Path], typer.Argument(help="Metrics files that `logire evaluate --out` wrote.")]
Stem = Annotated[Path, typer.Option("--out", help="Path without an ending; one file a format is written.")]


@app.command(rich_help_panel="Results")
def table1(
    statistics: Annotated[list[Path], typer.Argument(help="statistics.json of prepared corpora.")], out: Stem
) -> None:
    """Table 1: the corpora's statistics."""
    from logire.reporting.table1 import table1 as make

    make(statistics, out)


@app.command(rich_help_panel="Results")
def table2(metrics: Metrics, out: Stem) -> None:
    """Table 2: backbones with and without LogiRE, mean and standard deviation over seeds."""
    from logire.reporting.table2 import table2 as make

    make(metrics, out)


@app.command(rich_help_panel="Results")
def figure4(metrics: Metrics, out: Stem, backbone: Annotated[str, typer.Option(help="The backbone to show.")]) -> None:
    """Figure 4: what LogiRE adds, by the distance of the entity pair."""
    from logire.reporting.figure4 import figure4 as make

    make(metrics, out, backbone)


@app.command(hidden=True)
def schema() -> None:
    """Print the JSON Schema of all settings (workflow/schemas/settings.schema.json)."""
    from pydantic import TypeAdapter

    from logire.backbones.registry import names, resolve
    from logire.rules.settings import LogiRESettings

    kinds: dict[str, Any] = {name: resolve(name).Settings for name in names()} | {"logire": LogiRESettings}
    schemas = {name: TypeAdapter(kind).json_schema() for name, kind in kinds.items()}
    for found in schemas.values():
        found.pop("description", None)
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": schemas}
    print(json.dumps(document, indent=1))


def _statistics(folder: Path) -> None:
    from logire.files import read_json

    statistics = read_json(folder / "statistics.json")
    for split, row in statistics["splits"].items():
        print(f"{split}: {row['documents']} documents, {row['entities']} entities, {row['facts'] or 'no'} facts")


def _settings(text: str) -> dict[str, Any]:
    """Settings from a JSON object or a file."""
    import yaml

    stripped = text.strip()
    try:
        value = json.loads(stripped) if stripped.startswith("{") else yaml.safe_load(Path(text).read_text("utf-8"))
    except OSError as error:
        raise InputError("cannot be read", file=text, field="--settings") from error
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        raise InputError(f"not JSON or YAML ({error})", field="--settings") from error
    if not isinstance(value, dict):
        raise InputError("an object of settings was expected", field="--settings")
    return value


def _short(kind: str) -> str:
    return kind.removeprefix("type::")


def _console() -> Console:
    # Piped output is not cut at 80 columns.
    return Console() if sys.stdout.isatty() else Console(width=160, highlight=False)


@contextmanager
def _progress() -> Iterator[Any]:
    """A progress bar on a terminal, one line a step in a log file."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda what, done, total: print(f"{what} {done}/{total}", file=sys.stderr, flush=True)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("starting", total=None)
        yield lambda what, done, total: progress.update(task, description=what, completed=done, total=total)


def _version(show: bool) -> None:
    if show:
        print(f"logire {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    pass


class _InterruptedError(BaseException):
    """Ctrl-C; not a KeyboardInterrupt, which the command line library would swallow."""


def _interrupt(*_: object) -> None:
    raise _InterruptedError


def main() -> None:
    """Run the command line: 1 for a LogireError (one message, no traceback), 130 for Ctrl-C."""
    signal.signal(signal.SIGINT, _interrupt)
    terminal = Console(stderr=True)
    handler = RichHandler(console=terminal, show_path=False, show_level=False) if terminal.is_terminal else None
    log = logging.getLogger("logire")
    log.setLevel(logging.INFO)
    log.addHandler(handler or logging.StreamHandler())
    try:
        app()
    except LogireError as error:
        print(f"logire: {error}", file=sys.stderr)
        sys.exit(1)
    except _InterruptedError:
        print("logire: interrupted; the same command goes on from here", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
