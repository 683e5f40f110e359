"""What rivals that decide by a programme share: where its gains begin, and the choice on dev."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from logire.corpus.document import BoolArray
from logire.corpus.dump import ScoredDocument, dev_threshold
from logire.rules.joint import Decided
from logire.trial.task import f1

log = logging.getLogger(__name__)

T = TypeVar("T")


def zero_gain(dev: Sequence[ScoredDocument]) -> float:
    """The logit whose gain is 0: just below the best dev threshold, as a score must reach it and a gain exceed 0."""
    return float(np.nextafter(np.float32(dev_threshold(dev).theta), np.float32(-np.inf)))


def facts_of(decided: Iterable[Decided]) -> Iterator[BoolArray]:
    """The facts of each document; says at the end how many components are not proved to be the best, if any."""
    unproved = 0
    for document in decided:
        unproved += document.unproved
        yield document.facts
    if unproved:
        log.warning("%d components of facts: the best solution found, not proved to be the best", unproved)


def best_on(dev: Sequence[ScoredDocument], options: Collection[T], decided: Callable[[T], Iterable[BoolArray]]) -> T:
    """The option whose decisions have the best F1 on dev; of equals the first."""
    return max(options, key=lambda option: f1(decided(option), dev))
