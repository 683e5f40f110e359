"""The commands of `logire scale` that make shards, and those that train a backbone on them and give them its logits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from logire.cli.common import Device, Documents, Out, Overwrite, Seed, Settings, Split, progress, read_settings
from logire.ground.errors import InputError
from logire.ground.files import alone

Size = Annotated[int, typer.Option(help="Documents a shard.", min=1)]
Full = Annotated[bool, typer.Option("--full", help="Keep logits in single precision.")]
Folder = Annotated[Path, typer.Option("--shards", help="A folder of shards, with or without logits.")]
Dev = Annotated[Path, typer.Option("--dev", help="A folder that `logire prepare` wrote: its dev documents choose.")]
Part = Annotated[
    str,
    typer.Option(
        "--part",
        help="3/8: the third, the eleventh and so on of what the step is done for; the default is all.",
    ),
]


def split(
    documents: Documents,
    logits: Annotated[list[Path], typer.Option(help="A logits dump, one option each; together they hold the split.")],
    out: Out,
    size: Size = 200,
    split: Split = "train",
    full: Full = False,
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


def train(
    backbone: Annotated[str, typer.Argument(help="One that reads words; `logire train --help` lists all.")],
    shards: Folder,
    dev: Dev,
    out: Out,
    seed: Seed = 1,
    device: Device = "auto",
    settings: Settings = "{}",
    leave_out: Annotated[
        str, typer.Option(help="2/3: leave out every third shard from the second on; `infer` gives these their logits.")
    ] = "",
    overwrite: Overwrite = False,
) -> None:
    """Train a backbone on shards, one in memory at a time; a killed run resumes where it stopped."""
    from logire.backbones.training.sharded import train_on_shards
    from logire.cli.train import read_fold
    from logire.corpus.shards import Shards

    chosen, found = read_settings(settings), Shards.open(shards)
    fold = read_fold(leave_out, seed, "--leave-out") if leave_out else None
    with alone(out):
        train_on_shards(
            found, dev, backbone, chosen, out, seed=seed, leave_out=fold, device=device, overwrite=overwrite
        )


def infer(
    run: Annotated[Path, typer.Argument(help="A folder that `logire scale train` wrote, or `logire train`.")],
    shards: Folder,
    out: Out,
    part: Part = "1/1",
    full: Full = False,
    device: Device = "auto",
) -> None:
    """Write shards with a backbone's logits: those that it left out in training, or all; what is there stays."""
    from logire.backbones.training.sharded import infer_shards
    from logire.corpus.shards import Shards

    found = Shards.open(shards)
    with progress() as report:
        missing = infer_shards(
            run, found, out, part=lambda count: members(part, count), full=full, device=device, report=report
        )
    note = f"; {len(missing)} are missing, for other parts or folds" if missing else ""
    print(f"{len(found) - len(missing)} of {len(found)} shards have logits{note}: {out}")


def members(part: str, size: int) -> range:
    """Of ``size`` things those that are a part's: every eighth of them, from the third on, for ``3/8``."""
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", part)
    number, of = (int(found) for found in match.groups()) if match else (0, 0)
    if not 1 <= number <= of:
        raise InputError(f"{part!r} is not a part", field="--part", remedy="give 1/8, 2/8, ... 8/8")
    return range(number - 1, size, of)
