"""What LogiRE+ gains from few labelled documents, the backbone being fixed; prints a Markdown table.

    R=results/dwie/runs
    python benchmarks/learning_curve.py $R/backbone/lstm/seed1 --documents results/dwie/corpus \\
        --fold $R/folds/lstm/seed1/1of2 --fold $R/folds/lstm/seed1/2of2

Of each size, documents are drawn from the training documents, with their out-of-fold logits; a fifth of them is kept
for choices, as the plug-in does. The threshold that the gain is counted from is the best one on these kept documents
too. F1 is that on all dev documents, none of which is learnt from or chosen on; test is not read. The draws of a size
are the same for all methods.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from logire.corpus.prepared import PreparedCorpus
from logire.ground.runtime import derive_seed
from logire.plugin.estimator import DEV_SHARE
from logire.trial.methods import methods
from logire.trial.own import BACKBONE
from logire.trial.run import read_inputs
from logire.trial.task import Scored, Task, f1

SIZES = (10, 25, 50, 100, 602)
NAMES = ("logire_plus", "no_context", "context_alone")


class Fit(NamedTuple):
    """F1 on the measured documents (percent), CPU seconds to fit, CPU milliseconds a document to decide."""

    f1: float
    seconds: float
    milliseconds: float


def fit(name: str, task: Task, measured: Scored) -> Fit:
    """Fit a method on a task and decide the measured documents."""
    [method] = [method for method in methods([name]) if method.name == name]
    started = time.process_time()
    decide = method.fit(task)
    fitted = time.process_time()
    decided = decide(measured)
    ended = time.process_time()
    found = 100 * f1(decided, measured.documents)
    return Fit(found, fitted - started, 1000 * (ended - fitted) / len(measured.documents))


def drawn(task: Task, size: int, number: int) -> Task:
    """A task of ``size`` training documents: a fifth of them is dev."""
    rng = np.random.default_rng(derive_seed(task.seed, "learning curve", size, number))
    chosen = rng.permutation(len(task.train))[:size].tolist()
    kept = max(1, round(DEV_SHARE * len(chosen)))
    first, rest = ([task.train[d] for d in sorted(part)] for part in (chosen[:kept], chosen[kept:]))
    return Task(task.schema, rest, rest, Scored(first), task.seed)


def arguments(description: str | None, sizes: Sequence[int]) -> argparse.ArgumentParser:
    """What a benchmark on draws of a backbone's training documents is given."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a backbone's run")
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--fold", type=Path, action="append", required=True)
    parser.add_argument("--size", type=int, action="append", help=f"labelled documents; default {tuple(sizes)}")
    parser.add_argument("--draws", type=int, default=5, help="draws of each size that is smaller than the corpus")
    return parser


def task_of(options: argparse.Namespace) -> Task:
    """The task of the run and folds that :func:`arguments` were given."""
    return read_inputs(PreparedCorpus.open(options.documents), options.run, options.fold, test=False).task


def main() -> None:
    options = arguments(__doc__, SIZES).parse_args()
    task = task_of(options)
    print("| documents | draws | backbone F1 | " + " | ".join(f"{name}: gain | s | ms" for name in NAMES) + " |")
    print("|---:" * (3 + 3 * len(NAMES)) + "|")
    for size in options.size or SIZES:
        print(row(task, size, options.draws if size < len(task.train) else 1), flush=True)


def row(task: Task, size: int, draws: int) -> str:
    """One row: means over the draws, in brackets the deviation of the gain."""
    tasks = [drawn(task, size, number) for number in range(draws)]
    base = [fit(BACKBONE, one, task.dev).f1 for one in tasks]
    cells: list[Any] = [min(size, len(task.train)), draws, f"{np.mean(base):.2f}"]
    for name in NAMES:
        fits = [fit(name, one, task.dev) for one in tasks]
        cells += [_gain(fits, base), *(f"{np.mean(values):.1f}" for values in list(zip(*fits, strict=True))[1:])]
    return "| " + " | ".join(map(str, cells)) + " |"


def _gain(fits: Sequence[Fit], base: Sequence[float]) -> str:
    gains = [found.f1 - before for found, before in zip(fits, base, strict=True)]
    deviation = f" ({np.std(gains, ddof=1):.2f})" if len(gains) > 1 else ""
    return f"{np.mean(gains):+.2f}{deviation}"


if __name__ == "__main__":
    main()
