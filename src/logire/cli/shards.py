"""The commands of `logire scale` that make shards: of a prepared corpus with its logits, or of files of documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from logire.cli.common import Documents, Out, Split, progress
from logire.ground.files import alone

Size = Annotated[int, typer.Option(help="Documents a shard.", min=1)]


def split(
    documents: Documents,
    logits: Annotated[list[Path], typer.Option(help="A logits dump, one option each; together they hold the split.")],
    out: Out,
    size: Size = 200,
    split: Split = "train",
    full: Annotated[bool, typer.Option("--full", help="Keep logits in single precision.")] = False,
) -> None:
    """Cut documents and their logits into shards; out-of-fold logits are those of several dumps."""
    from logire.corpus.sharding import shard_dumps

    with progress() as report, alone(out):
        made = shard_dumps(documents, logits, out, size=size, split=split, full=full, report=report)
    print(f"{sum(entry.documents for entry in made.entries)} documents in {len(made)} shards: {out}")


def documents(
    source: Annotated[list[Path], typer.Argument(help="Files in DocRED's format, such as train_distant.json.")],
    meta: Annotated[Path, typer.Option(help="A folder with rel2id.json and ner2id.json.")],
    out: Out,
    size: Size = 200,
) -> None:
    """Cut files of documents into shards without logits; of a file, one shard is in memory at a time."""
    from logire.corpus.sharding import shard_documents

    with alone(out):
        made = shard_documents(source, meta, out, size=size)
    print(f"{sum(entry.documents for entry in made.entries)} documents in {len(made)} shards: {out}")
