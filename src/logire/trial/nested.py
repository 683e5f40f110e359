"""Nested halves of dev: what a choice is worth on documents that no part of it has seen (docs/trial.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from logire.corpus.document import IntArray
from logire.ground.runtime import derive_seed
from logire.trial.own import OWN
from logire.trial.task import Method, Scored, Task, f1, part

HALVES = 20


def halves(documents: int, *, seed: int, times: int = HALVES) -> Iterator[tuple[IntArray, IntArray]]:
    """The numbers of the documents of two random halves, ``times`` times; with an odd number the second is larger."""
    for k in range(times):
        order = np.random.default_rng(derive_seed(seed, "halves of dev", k)).permutation(documents)
        yield np.sort(order[: documents // 2]), np.sort(order[documents // 2 :])


def nested_gains(task: Task, methods: Sequence[Method], *, times: int = HALVES) -> dict[str, list[float]]:
    """Of each method: F1 minus the backbone's, both fitted with one half of dev and measured on the other.

    Returns:
        By the method's name a value for each pair of halves; the same halves for all methods.
    """

    def scored(method: Method, chosen_on: Scored, measured_on: Scored) -> float:
        return 100 * f1(method.fit(replace(task, dev=chosen_on))(measured_on), measured_on.documents)

    gains: dict[str, list[float]] = {method.name: [] for method in methods}
    for first, second in halves(len(task.dev.documents), seed=task.seed, times=times):
        chosen_on, measured_on = part(task.dev, first), part(task.dev, second)
        base = scored(OWN[0], chosen_on, measured_on)
        for method in methods:
            gains[method.name].append(scored(method, chosen_on, measured_on) - base)
    return gains
