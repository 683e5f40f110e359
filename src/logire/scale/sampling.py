"""Which candidates of a query type a fit reads: all facts, and the negatives that the backbone holds possible.

Nearly all candidates are negatives that the backbone is sure of, and tell next to nothing. A negative x is kept with
probability

    pi(x) = min(1, max(floor, times sigmoid(logit)))

and the score of every row that is kept gets the fixed part -log pi(x): the odds of a fact among the kept rows are
1 / pi(x) times those among all, so the weights that are fitted are those of all candidates. This is local case-control
sampling (Fithian and Hastie 2014) with the backbone for a pilot.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydantic import Field

from logire.corpus.document import BoolArray, FloatArray
from logire.ground.runtime import derive_seed
from logire.ground.settings import Settings

Doubles = npt.NDArray[np.float64]
Places = npt.NDArray[np.integer]
Words = npt.NDArray[np.uint64]

_HEAD, _TAIL, _RELATION = np.uint64(42), np.uint64(21), np.uint64(0)
"""Where a candidate's head, tail and relation stand in its 64 bits."""


class Sampling(Settings):
    """Which negatives a fit on shards reads."""

    floor: float = Field(
        0.005, gt=0, le=1, description="the least probability with which a negative is kept; 1 keeps everything."
    )
    times: float = Field(
        5.0,
        ge=0,
        description="a negative is kept with this multiple of the backbone's probability: about as many times more "
        "negatives than facts are kept, beside those of the floor.",
    )


def shares(logits: FloatArray, sampling: Sampling) -> Doubles:
    """(n,) pi: with which probability negatives of these logits (n,) are kept."""
    with np.errstate(over="ignore"):  # exp(-logit) = infinity gives the 0 that it should
        probability = 1.0 / (1.0 + np.exp(-logits.astype(np.float64)))
    return np.clip(sampling.times * probability, sampling.floor, 1.0)


def draws(seed: int, title: str, head: Places, tail: Places, relation: Places) -> Doubles:
    """(n,) a number in [0, 1) for each candidate of a document, whichever shard it lies in."""
    parts = (head, _HEAD), (tail, _TAIL), (relation, _RELATION)
    cell = np.sum([np.left_shift(part.astype(np.uint64), place) for part, place in parts], axis=0, dtype=np.uint64)
    with np.errstate(over="ignore"):  # sums and products modulo 2^64
        words = _mixed(_mixed(np.asarray(cell)) + np.uint64(derive_seed(seed, "sample", title)))
    return np.asarray((words >> np.uint64(11)) * 2.0**-53, dtype=np.float64)


def kept(labels: BoolArray, share: Doubles, drawn: Doubles) -> BoolArray:
    """(n,) which rows are kept: the facts, and the negatives whose number is below their share."""
    return labels | (drawn < share)


def _mixed(x: Words) -> Words:
    """The bits of SplitMix64 (Steele, Lea and Flood 2014)."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
