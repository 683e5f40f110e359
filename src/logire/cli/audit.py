"""Commands that audit labels (docs/audit.md): suggest what to look at, apply decisions, judge suggestions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from logire.cli.common import Documents, Json, Out, Seed, Settings, Split, console, progress, read_settings

audit = typer.Typer(
    no_args_is_help=True,
    help="Find labels that are missing or wrong: ranked suggestions, a page to decide, new labels.",
    rich_markup_mode="rich",
)

_Suggestions = Annotated[Path, typer.Option("--suggestions", help="A folder that `logire audit suggest` wrote.")]


@audit.command()
def suggest(
    documents: Documents,
    logits: Annotated[
        list[Path],
        typer.Option(help="A dump of a model that has not seen its documents, one option each; together all of them."),
    ],
    out: Out,
    split: Split = "train",
    groups: Annotated[int, typer.Option(help="Fits of LogiRE+, each on all groups but one.", min=2, max=100)] = 5,
    seed: Seed = 1,
    most: Annotated[
        int, typer.Option(help="Suggestions in each of the two lists, at most.", min=1, max=100_000)
    ] = 1000,
    run: Annotated[
        Path | None,
        typer.Option(
            help="A fitted run that scores the documents, instead of fits for each group.", show_default=False
        ),
    ] = None,
    ranked_by: Annotated[
        Literal["logire_plus", "combined"],
        typer.Option(help="combined: the document's other labels speak, too; logire_plus: the logits alone."),
    ] = "combined",
    settings: Settings = "{}",
) -> None:
    """Rank the facts that labels lack and the labels that are in doubt; write a page to decide on."""
    from logire.audit.suggest import suggest as write
    from logire.audit.suggestion import PAGE

    chosen = read_settings(settings)
    with progress() as report:
        found = write(
            documents,
            logits,
            out,
            split=split,
            groups=groups,
            seed=seed,
            most=most,
            run=run,
            ranked_by=ranked_by,
            settings=chosen,
            report=report,
        )
    missing, doubtful = (len(found.of_kind(kind)) for kind in ("missing", "doubtful"))
    print(f"{missing} missing facts and {doubtful} doubtful labels of {len(found.documents)} documents: {out / PAGE}")


@audit.command()
def apply(
    decisions: Annotated[Path, typer.Argument(help="The file of decisions that the page exported.")],
    suggestions: _Suggestions,
    documents: Documents,
    out: Out,
) -> None:
    """Write a prepared corpus with what was accepted: missing facts added, wrong labels removed."""
    from logire.audit.apply import apply as write

    done = write(decisions, suggestions, documents, out)
    print(
        f"{done.added} facts added, {done.removed} labels removed in {done.documents} documents; "
        f"{done.kept} suggestions rejected: {out}"
    )


@audit.command()
def judge(
    suggestions: _Suggestions,
    revised: Annotated[Path, typer.Option(help="A prepared folder: the same documents with better labels.")],
    out: Annotated[Path | None, typer.Option(help="A file to write the numbers to, JSON.", show_default=False)] = None,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Measure the suggestions against better labels, beside the backbone's and the rules' own rankings."""
    import json

    from logire.audit.judge import judge as measure
    from logire.audit.suggestion import KINDS
    from logire.audit.verdict import as_dict, sentences, short, table
    from logire.ground.files import write_json

    judged = measure(suggestions, revised, seed=seed)
    if out:
        write_json(out, as_dict(judged))
    if as_json:
        print(json.dumps(as_dict(judged), indent=2, allow_nan=False))
        return
    terminal = console()
    for sentence in sentences(judged):
        terminal.print(sentence)
    for kind in KINDS:
        terminal.print(table(judged, kind))
    for sentence in short(judged):
        terminal.print(sentence)
