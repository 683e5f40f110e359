"""From a tool's scores of mention pairs to the logits of entity pairs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from logire.corpus.document import Document, FloatArray
from logire.ground.errors import InputError

FLOOR = -10.0
"""The logit of what was not scored, and the lowest that a probability is turned into: 0.0000454."""
SELF_PAIRS = "pairs of mentions of one entity, left out"
NO_TEXT = "documents without text"
LEFT_OUT = "scores of a relation that is left out"


@dataclass(frozen=True)
class Adapted:
    """One document with what a tool scored.

    Attributes:
        relations: R names.
        logits: (N, N, R) float32, NaN where the tool gave no score.
        notes: what was left out or is not known -> how often.
    """

    document: Document
    relations: tuple[str, ...]
    logits: FloatArray
    notes: Mapping[str, int] = field(default_factory=dict)


def logit(probability: float, floor: float) -> float:
    """The inverse of the sigmoid, cut off at ``floor`` and ``-floor``."""
    lowest = 1 / (1 + math.exp(-floor))
    if probability <= lowest:
        return floor
    if probability >= 1 - lowest:
        return -floor
    return math.log(probability) - math.log1p(-probability)


@dataclass(frozen=True)
class Place:
    """Where a score stands, for error messages."""

    file: Path | None
    document: str
    field: str


def as_logit(score: float, *, probabilities: bool, floor: float, place: Place) -> float:
    """A score of a tool as a logit.

    Raises:
        InputError: it is not finite, or it should be a probability and is none.
    """

    def wrong(problem: str, remedy: str) -> InputError:
        return InputError(problem, file=place.file, document=place.document, field=place.field, remedy=remedy)

    if not math.isfinite(score):
        raise wrong(f"the score is {score}", "leave the fact out, or run the tool again: a score is a finite number")
    if not probabilities:
        return score
    if not 0 <= score <= 1:
        raise wrong(f"the score {score:g} is not a probability", "give --scores logits if these are logits")
    return logit(score, floor)


class Best:
    """The highest logit of each (head, relation, tail) of one document, over all pairs of mentions.

    Args:
        leave_out: relations that count as not scored.
    """

    def __init__(self, leave_out: Sequence[str] = ()) -> None:
        self.leave_out = frozenset(leave_out)
        self.logits: dict[tuple[int, str, int], float] = {}
        self.notes: Counter[str] = Counter()

    def add(self, head: int | None, relation: str, tail: int | None, value: float) -> None:
        """Take a score into account.

        One of an entity to itself only counts in the notes. One whose head or tail is None, for a mention that was left
        out, counts nowhere: the mention is in the notes.
        """
        if head is None or tail is None:
            return
        if relation in self.leave_out:
            self.notes[LEFT_OUT] += 1
        elif head == tail:
            self.notes[SELF_PAIRS] += 1
        else:
            key = head, relation, tail
            self.logits[key] = max(value, self.logits.get(key, -math.inf))

    def of(self, document: Document) -> Adapted:
        """The document with these logits; its relations are those that occur, sorted."""
        relations = tuple(sorted({relation for _, relation, _ in self.logits}))
        column = {relation: r for r, relation in enumerate(relations)}
        n = len(document.entities)
        logits = np.full((n, n, len(relations)), np.nan, dtype=np.float32)
        for (head, relation, tail), value in self.logits.items():
            logits[head, tail, column[relation]] = value
        return Adapted(document, relations, logits, dict(self.notes))
