"""Commands for corpora that do not fit in memory: fits of LogiRE+ on shards, at once or in steps."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from logire.cli import shards as made
from logire.cli.common import Overwrite, Seed, Settings, progress, read_settings
from logire.cli.shards import Dev, Part, members
from logire.ground.files import alone

if TYPE_CHECKING:
    from logire.scale.run import Plan

scale = typer.Typer(
    no_args_is_help=True,
    help="Corpora that do not fit in memory: shards, and backbones and fits of LogiRE+ that read one at a time.",
    rich_markup_mode="rich",
)

Round = Annotated[int, typer.Option("--round", help="The number of the round, from 1.", min=1, max=3)]


for _command in (made.split, made.documents, made.train, made.infer):
    scale.command()(_command)


def read_plan(
    shards: Annotated[Path, typer.Argument(help="A folder that `logire scale split` or `infer` wrote.")],
    dev: Dev,
    logits: Annotated[Path, typer.Option(help="A logits dump of the dev documents.")],
    out: Annotated[Path, typer.Option("--out", help="The run folder to write.")],
    seed: Seed = 1,
    settings: Settings = "{}",
    sampling: Annotated[
        str,
        typer.Option(
            help='Which negatives are read: `floor` and `times` as a JSON object; {"floor": 1} keeps everything.'
        ),
    ] = "{}",
) -> Plan:
    """The plan of a fit, from the options that all its commands have."""
    from logire.corpus.shards import Shards
    from logire.scale.run import plan_fit

    chosen, sample = read_settings(settings), read_settings(sampling)
    folder = Shards.open(shards)
    folder.need_logits()
    return plan_fit(folder, dev, logits, out, settings=chosen, sampling=sample, seed=seed)


def planned(command: Callable[..., None]) -> Callable[..., None]:
    """A command of ``scale`` whose first parameter, the plan, stands for the options that make it."""
    _, *own = _signature(command).values()
    shared = _signature(read_plan)

    @wraps(command)
    def run(**options: Any) -> None:
        command(read_plan(**{name: options.pop(name) for name in shared}), **options)

    parameters = sorted([*shared.values(), *own], key=lambda p: p.default is not p.empty)
    signature = inspect.Signature([p.replace(kind=p.KEYWORD_ONLY) for p in parameters])
    vars(run).pop("__wrapped__")  # its parameters are not those of the command line
    run.__signature__ = signature  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return scale.command()(run)


def _signature(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(function, locals={"Plan": Any}, eval_str=True).parameters


@planned
def fit(plan: Plan, overwrite: Overwrite = False) -> None:
    """Fit LogiRE+ on shards, one in memory at a time; what was done before, by a killed fit or by steps, stays."""
    from logire.scale.run import fit_plan

    with progress() as report, alone(plan.out):
        found = fit_plan(plan, report=report, overwrite=overwrite)
    fitted = found.model.fitted
    print(f"{len(fitted.last.rules)} rules, dev F1 {100 * fitted.dev_f1:.2f} in round {fitted.kept}: {plan.out}")


@planned
def count(plan: Plan, part: Part = "1/1") -> None:
    """Step 1: count the labels of shards."""
    from logire.scale import steps

    for shard in members(part, len(plan.work.shards)):
        steps.count(plan.work, shard)


@planned
def rows(plan: Plan, part: Part = "1/1", number: Round = 1) -> None:
    """Step 2, after all counts: ground shards for a round and keep the rows that the fit reads."""
    from logire.scale import steps

    found = steps.find(plan.work)
    stages = steps.stages_before(plan.work, found, number)
    for shard in members(part, len(plan.work.shards)):
        steps.ground_shard(plan.work, found, number, stages, shard)


@planned
def weigh(plan: Plan, part: Part = "1/1", number: Round = 1) -> None:
    """Step 3, after all rows of a round: fit relations (where weights are not tied, query types)."""
    from logire.scale import steps

    found = steps.find(plan.work)
    for group in members(part, len(found.groups)):
        steps.fit_group(plan.work, found, number, group)


@planned
def choose(plan: Plan, number: Round = 1) -> None:
    """Step 4, after all fits of a round: choose its penalty and blend on dev. After the last round: `fit`."""
    from logire.scale import steps

    found = steps.find(plan.work)
    documents = plan.dev()
    for stage in steps.stages_before(plan.work, found, number):
        documents = found.ground.applied(stage, documents)
    _, choice = steps.choose(plan.work, found, number, documents)
    print(f"round {number}: blend {choice.blend}, dev F1 {100 * max(row['dev_f1'] for row in choice.tried):.2f}")
