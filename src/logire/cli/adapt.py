"""The command that turns what other relation extractors write into documents and logits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from logire.cli.common import Json, Split

_FORM = "glirel, gliner, atlop, triples or spacy; docs/adapters.md describes each."


def adapt(
    form: Annotated[str, typer.Argument(metavar="FORMAT", help=_FORM)],
    source: Annotated[
        Path,
        typer.Argument(metavar="IN", help="The tool's file, or a folder with one for each split (train.jsonl, ...)."),
    ],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The folder for documents, logits, rel2id.json and ner2id.json.")
    ],
    split: Annotated[Split, typer.Option(help="Of a single file: train, dev or test.")] = "test",
    documents: Annotated[
        Path | None,
        typer.Option(
            help="Whose entities, types and labels count: a folder that `logire prepare` wrote, or a file in DocRED's "
            "format; default: mentions of equal names are one entity.",
            show_default=False,
        ),
    ] = None,
    relations: Annotated[
        Path | None,
        typer.Option(help="A rel2id.json; default: that of --documents, or what occurs.", show_default=False),
    ] = None,
    floor: Annotated[float, typer.Option(help="The logit of what the tool did not score.")] = -10.0,
    scores: Annotated[
        Literal["probabilities", "logits"] | None,
        typer.Option(help="What the tool's scores are; default: what the format usually holds.", show_default=False),
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(
            help="A relation that says that there is none; default: Na, no relation, no_relation.", show_default=False
        ),
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="How often each document was sampled (triples).", show_default=False)
    ] = None,
    unknown: Annotated[
        Literal["error", "drop"],
        typer.Option(help="Mentions that no entity of --documents has: an error, or left out."),
    ] = "error",
    as_json: Json = False,
) -> None:
    """What another relation extractor wrote -> documents in DocRED's format, and a logits dump."""
    import json

    from logire.adapters.registry import Options, find
    from logire.adapters.run import adapt as run
    from logire.ground.settings import settings_from

    form_found = find(form)
    chosen: dict[str, Any] = {"floor": floor, "scores": scores, "samples": samples, "unknown": unknown}
    if leave_out is not None:
        chosen["leave_out"] = tuple(leave_out)
    options = settings_from(Options, chosen, where="adapt")
    report = run(form_found, source, out, options, split=split, documents=documents, relations=relations)
    if as_json:
        print(json.dumps(report, indent=2, allow_nan=False))
        return
    for part, row in report["splits"].items():
        print(
            f"{part}: {row['documents']} documents, {row['entities']} entities, {row['facts'] or 'no'} labelled facts"
        )
        print(f"  {row['scored']:,} of {row['candidates']:,} candidates have a score; the others get {floor:g}")
        for note, count in row["notes"].items():
            print(f"  {note}: {count:,}")
