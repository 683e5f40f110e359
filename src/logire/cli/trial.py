"""Commands of the trial: every rule method on the same logits, and what each of them gains (docs/trial.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from logire.cli.common import Documents, GoldRules, Json, console, progress
from logire.ground.files import alone

trial = typer.Typer(
    no_args_is_help=True,
    help="Every rule method on the same logits, and what each of them gains.",
    rich_markup_mode="rich",
)
_Backbone = Annotated[Path, typer.Argument(help="A folder that `logire train` wrote.")]
_Folds = Annotated[
    list[Path], typer.Option("--fold", help="A folder that `logire train --fold` wrote, one option a fold.")
]
_Methods = Annotated[
    list[str] | None,
    typer.Option("--method", help="A method's name, one option each; default: all.", show_default=False),
]


@trial.command()
def run(
    backbone: _Backbone,
    documents: Documents,
    fold: _Folds,
    out: Annotated[Path, typer.Option(help="The file to write, JSON.")],
    method: _Methods = None,
    gold_rules: GoldRules = None,
) -> None:
    """Fit every method on a backbone's logits; count what each decides on dev and test."""
    from logire.trial.methods import methods
    from logire.trial.run import try_methods

    with progress() as report, alone(out.parent):
        found = try_methods(backbone, fold, documents, methods(method or ()), gold_rules=gold_rules, report=report)
        found.write(out)
    print(f"{len(found.methods)} methods on {found.backbone}, seed {found.seed}: {out}")


@trial.command()
def report(
    files: Annotated[list[Path], typer.Argument(help="Files that `logire trial run` wrote, of one corpus.")],
    out: Annotated[Path, typer.Option(help="Where to write, without an ending: .csv, .md, .tex, .html follow.")],
) -> None:
    """What each method gains on test, with intervals, and against whom LogiRE+ wins."""
    from logire.trial.measure import measure
    from logire.trial.record import Trial
    from logire.trial.table import trial_table

    trials = [Trial.read(file) for file in files]
    measured = measure(trials)
    trial_table(measured, trials, files).write(out)
    verdicts = [found.verdict for found in measured if found.verdict]
    said = ", ".join(f"{word} {verdicts.count(word)}" for word in ("wins", "ties", "loses"))
    print(f"LogiRE+ {said} of {len(verdicts)} comparisons: {out}.md")


@trial.command()
def nested(
    backbone: _Backbone,
    documents: Documents,
    fold: _Folds,
    method: _Methods = None,
    times: Annotated[int, typer.Option(help="How often dev is halved.", min=1, max=1000)] = 20,
    as_json: Json = False,
) -> None:
    """What methods gain on one half of dev with all choices made on the other; test is not read."""
    from statistics import fmean, stdev

    from logire.corpus.prepared import PreparedCorpus
    from logire.ground.numbers import signed
    from logire.trial.methods import methods
    from logire.trial.nested import nested_gains
    from logire.trial.run import read_inputs

    task = read_inputs(PreparedCorpus.open(documents), backbone, fold, test=False).task
    gains = nested_gains(task, methods(method or ())[1:], times=times)
    if as_json:
        print(json.dumps(gains, indent=2, allow_nan=False))
        return
    for name, values in gains.items():
        spread = f" (deviation {stdev(values):.2f})" if len(values) > 1 else ""
        console().print(f"{name}: {signed(fmean(values))}{spread}", highlight=False)
