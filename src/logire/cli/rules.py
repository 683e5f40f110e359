"""Commands that fit rule models, predict with them, and show what they learnt."""

from __future__ import annotations

import json
import math
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from logire.cli.common import (
    Device,
    Documents,
    Json,
    Out,
    Overwrite,
    Run,
    Seed,
    Settings,
    Split,
    SplitOrBoth,
    console,
    progress,
    read_settings,
    splits_of,
)
from logire.ground.errors import InputError
from logire.ground.files import alone
from logire.ground.numbers import fixed, signed
from logire.rules.methods import methods

if TYPE_CHECKING:
    from logire.constraints.told import Told

Constraints = Annotated[
    Path | None,
    typer.Option(help="A file of constraints that the facts obey: docs/constraints.md.", show_default=False),
]


def fit(
    documents: Documents,
    logits: Annotated[Path, typer.Option(help="A logits dump: ours (.safetensors) or the authors' torch file.")],
    out: Out,
    seed: Seed = 1,
    device: Device = "auto",
    settings: Settings = "{}",
    method: Annotated[
        str, typer.Option(help=f"{', '.join(f'{known.name} ({known.title})' for known in methods())}.")
    ] = "logire",
    out_of_fold: Annotated[
        list[Path] | None,
        typer.Option(help="A dump of `logire train --fold`, one option a fold: logits to train on instead."),
    ] = None,
    variant: Annotated[str | None, typer.Option(help="A name for these settings, for the ablation table.")] = None,
    overwrite: Overwrite = False,
    compare: Annotated[bool, typer.Option(help="End with what the rules gain on dev.")] = True,
    as_json: Json = False,
) -> None:
    """Learn rules on a backbone's logits, and say what they gain on dev; a killed run goes on where it was."""
    from logire.rules.run import fit_run

    with progress() as report, alone(out):
        fitted_run = fit_run(
            documents,
            logits,
            out,
            settings=read_settings(settings),
            seed=seed,
            device=device,
            report=report,
            method=method,
            variant=variant,
            out_of_fold=out_of_fold or (),
            overwrite=overwrite,
        )
    fitted = fitted_run.model.fitted
    unit = fitted.history.columns[0]
    if not as_json:
        print(f"{len(fitted.last.rules)} rules, dev F1 {100 * fitted.dev_f1:.2f} in {unit} {fitted.kept}: {out}")
    if not compare:
        return
    # Named as text: what is only printed shapes no file, so the workflow, which does without, does not depend on it.
    gain = import_module("logire.reporting.gains").gain_of_fit(fitted_run)
    import_module("logire.cli.compare").show(gain, as_json=as_json, run=str(out), rules=len(fitted.last.rules))
    if not as_json:
        print(f"On test: logire compare {out}")


def predict(
    run: Run,
    split: SplitOrBoth = None,
    documents: Annotated[
        Path | None,
        typer.Option(help="New documents: a prepared folder, or a file in DocRED's format. Default: those of the fit."),
    ] = None,
    logits: Annotated[Path | None, typer.Option(help="Default: the logits of the fit.")] = None,
    out: Annotated[Path | None, typer.Option(help="Default: RUN/predictions-SPLIT.json; needs --split.")] = None,
    constraints: Constraints = None,
) -> None:
    """Predict in DocRED's submission format, with the reasons of every prediction beside it.

    With --constraints the predictions obey a file of constraints. They go to RUN/constrained/, and
    constraints-SPLIT.json beside them lists every fact that was removed or added, and why.
    """
    from logire.rules.run import predict_run

    if out is not None and split is None:
        raise InputError("names one file for two splits", field="--out", remedy="name the split too: --split test")
    for part in splits_of(split):
        if constraints is not None:
            _predict_obeying(run, part, constraints, documents, logits, out)
            continue
        print(predict_run(run, part, documents=documents, logits=logits, out=out))


def _predict_obeying(
    run: Path, split: str, constraints: Path, documents: Path | None, logits: Path | None, out: Path | None
) -> None:
    from logire.constraints.run import predict_obeying

    file, counted = predict_obeying(run, split, constraints, documents=documents, logits=logits, out=out)
    print(file)
    width = max((len(words) for words in counted), default=0)
    for words, count in counted.items():
        print(f"  {words:{width}}  {count.removed} removed, {count.added} added")
    if not counted:
        print("  the constraints change nothing")


def rules(
    run: Run,
    relation: Annotated[str | None, typer.Option(help="Only this relation.")] = None,
    top: Annotated[int, typer.Option(help="Rows a relation; 0 for all.", min=0)] = 10,
    as_json: Json = False,
) -> None:
    """Show the learnt rules, strongest first."""
    from rich.table import Table

    from logire.rules.run import load_model

    rows = load_model(run).rules(relation)
    rows = rows.groupby("relation", sort=False).head(top) if top else rows
    if as_json:
        print(rows.to_json(orient="records", indent=2))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("rule", "types", "kind"):
        table.add_column(name, overflow="fold")
    for name in ("weight", "prior", "posterior", "support", "confidence"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows.to_dict("records"):
        table.add_row(
            f"{row['relation']} <- {row['body']}",
            f"{_short(row['head_type'])} -> {_short(row['tail_type'])}",
            row["kind"],
            *(fixed(row[key], 3) for key in ("weight", "prior", "posterior")),
            str(row["support"]),
            "" if math.isnan(row["confidence"]) else f"{row['confidence']:.2f}",
        )
    console().print(table)


def explain(
    run: Run,
    document: Annotated[str, typer.Option(help="The document's title (id).")],
    split: Annotated[Split, typer.Option(help="train, dev or test.")] = "test",
    relation: Annotated[str | None, typer.Option(help="Only this relation.")] = None,
    top: Annotated[int, typer.Option(help="Reasons a prediction.", min=0)] = 3,
    constraints: Constraints = None,
    as_json: Json = False,
) -> None:
    """Show every prediction in a document with the rules and grounding paths that made it."""
    from rich.text import Text

    from logire.rules.run import load_run

    model, corpus, scored = load_run(run, split)
    if relation is not None and relation not in corpus.schema.relation_index:
        raise InputError(
            f"unknown relation {relation!r}",
            field="--relation",
            remedy=f"one of {', '.join(corpus.schema.relations)}",
        )
    chosen = [item for item in scored if item.title == document]
    if not chosen:
        raise InputError("no such document", file=corpus.path / f"{split}.json", document=document)
    changes: list[Told] = []
    if constraints is None:
        found = [row for row in model.explanations(chosen, most=top) if relation in (None, row["r"])]
    else:
        from logire.constraints.run import Obeying

        obeying = Obeying.of(model, constraints)
        explained = model.explained(chosen, most=top, decide=obeying)
        found = [row for _, row in explained if relation in (None, row["r"])]
        changes = [one for one in obeying.told(model.schema) if relation in (None, one.fact.relation)]
    if as_json:
        told = found if constraints is None else {"predictions": found, "changes": [one.as_dict() for one in changes]}
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return
    terminal = console()
    for row in found:
        gold = chosen[0].labels[row["h_idx"], row["t_idx"], model.schema.relation_index[row["r"]]]
        fact = f"{row['r']}({row['head']}, {row['tail']})"
        score = (
            f"  score {fixed(row['score'])} (threshold {fixed(row['threshold'])}),"
            f" backbone {row['backbone_probability']:.3f}, {'labelled' if gold else 'not labelled'}"
        )
        terminal.print(Text.assemble((fact, "bold"), score))
        for reason in row["reasons"]:
            path = f" {reason['path'][0]['from']}"
            for atom in reason["path"]:
                path += f" --{atom['atom']} {atom['score']:.3f}--> {atom['to']}"
            line = f"  {signed(reason['contribution'])}  {reason['rule']} ({reason['kind']})  [{path.strip()}]"
            terminal.print(line, highlight=False)
        context = sorted(row.get("context", {}).items(), key=lambda item: (-abs(item[1]), item[0]))[:top]
        if context:
            parts = ", ".join(f"{name.replace('_', ' ')} {signed(added)}" for name, added in context)
            terminal.print(f"  context features: {parts}", highlight=False)
    for change in changes:
        terminal.print(Text.assemble((f"{change.what}: {change.fact}", "bold"), f"  by {change.constraint}"))
        for other in change.conflict:
            terminal.print(f"  {other}", highlight=False)
    terminal.print(f"{len(found)} predictions in {document}")


def _short(kind: str) -> str:
    return kind.removeprefix("type::")
