"""Commands for corpora that do not fit in memory: fits of LogiRE+ on shards, at once or in steps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from logire.cli import shards as made
from logire.cli.common import Overwrite, Seed, Settings, progress, read_settings
from logire.cli.shards import Part, members
from logire.ground.files import alone

if TYPE_CHECKING:
    from logire.scale.run import Plan

scale = typer.Typer(
    no_args_is_help=True,
    help="Corpora that do not fit in memory: shards, and backbones and fits of LogiRE+ that read one at a time.",
    rich_markup_mode="rich",
)

Shards = Annotated[Path, typer.Argument(help="A folder that `logire scale split` or `infer` wrote.")]
Dev = Annotated[Path, typer.Option("--dev", help="A folder that `logire prepare` wrote: its dev documents choose.")]
Logits = Annotated[Path, typer.Option(help="A logits dump of the dev documents.")]
RunOut = Annotated[Path, typer.Option("--out", help="The run folder to write.")]
Sample = Annotated[
    str,
    typer.Option(help='Which negatives are read: `floor` and `times` as a JSON object; {"floor": 1} keeps everything.'),
]
Round = Annotated[int, typer.Option("--round", help="The number of the round, from 1.", min=1, max=3)]


for _command in (made.split, made.documents, made.train, made.infer):
    scale.command()(_command)


@scale.command()
def fit(
    shards: Shards,
    dev: Dev,
    logits: Logits,
    out: RunOut,
    seed: Seed = 1,
    settings: Settings = "{}",
    sampling: Sample = "{}",
    overwrite: Overwrite = False,
) -> None:
    """Fit LogiRE+ on shards, one in memory at a time; what was done before, by a killed fit or by steps, stays."""
    from logire.scale.run import fit_plan

    with progress() as report, alone(out):
        found = fit_plan(_plan(shards, dev, logits, out, seed, settings, sampling), report=report, overwrite=overwrite)
    fitted = found.model.fitted
    print(f"{len(fitted.last.rules)} rules, dev F1 {100 * fitted.dev_f1:.2f} in round {fitted.kept}: {out}")


@scale.command()
def count(
    shards: Shards,
    dev: Dev,
    logits: Logits,
    out: RunOut,
    part: Part = "1/1",
    seed: Seed = 1,
    settings: Settings = "{}",
    sampling: Sample = "{}",
) -> None:
    """Step 1: count the labels of shards."""
    from logire.scale import steps

    work = _plan(shards, dev, logits, out, seed, settings, sampling).work
    for shard in members(part, len(work.shards)):
        steps.count(work, shard)


@scale.command()
def rows(
    shards: Shards,
    dev: Dev,
    logits: Logits,
    out: RunOut,
    part: Part = "1/1",
    number: Round = 1,
    seed: Seed = 1,
    settings: Settings = "{}",
    sampling: Sample = "{}",
) -> None:
    """Step 2, after all counts: ground shards for a round and keep the rows that the fit reads."""
    from logire.scale import steps

    work = _plan(shards, dev, logits, out, seed, settings, sampling).work
    found = steps.find(work)
    stages = steps.stages_before(work, found, number)
    for shard in members(part, len(work.shards)):
        steps.ground_shard(work, found, number, stages, shard)


@scale.command()
def weigh(
    shards: Shards,
    dev: Dev,
    logits: Logits,
    out: RunOut,
    part: Part = "1/1",
    number: Round = 1,
    seed: Seed = 1,
    settings: Settings = "{}",
    sampling: Sample = "{}",
) -> None:
    """Step 3, after all rows of a round: fit relations (where weights are not tied, query types)."""
    from logire.scale import steps

    work = _plan(shards, dev, logits, out, seed, settings, sampling).work
    found = steps.find(work)
    for group in members(part, len(found.groups)):
        steps.fit_group(work, found, number, group)


@scale.command()
def choose(
    shards: Shards,
    dev: Dev,
    logits: Logits,
    out: RunOut,
    number: Round = 1,
    seed: Seed = 1,
    settings: Settings = "{}",
    sampling: Sample = "{}",
) -> None:
    """Step 4, after all fits of a round: choose its penalty and blend on dev. After the last round: `fit`."""
    from logire.scale import steps

    plan = _plan(shards, dev, logits, out, seed, settings, sampling)
    found = steps.find(plan.work)
    documents = plan.dev()
    for stage in steps.stages_before(plan.work, found, number):
        documents = found.ground.applied(stage, documents)
    _, choice = steps.choose(plan.work, found, number, documents)
    print(f"round {number}: blend {choice.blend}, dev F1 {100 * max(row['dev_f1'] for row in choice.tried):.2f}")


def _plan(shards: Path, dev: Path, logits: Path, out: Path, seed: int, settings: str, sampling: str) -> Plan:
    from logire.corpus.shards import Shards as Folder
    from logire.scale.run import plan_fit

    chosen, sample = read_settings(settings), read_settings(sampling)
    folder = Folder.open(shards)
    folder.need_logits()
    return plan_fit(folder, dev, logits, out, settings=chosen, sampling=sample, seed=seed)
