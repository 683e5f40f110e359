"""A document's facts under constraints: the best ones that obey, and for every change the constraint that made it.

    maximise    sum over the held facts of  score - theta,  less what broken soft implications cost
    subject to  every other constraint

solved by :func:`logire.rules.joint.decide`. A change is explained by undoing it: a removed fact that is put back breaks
a constraint, and so does an added one that is taken out. Where several are broken, one that must hold is named before
one that has a weight, and of these the one whose other facts have the largest sum of scores.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from logire.constraints.cycles import Cycles
from logire.constraints.declared import Constraints
from logire.constraints.rows import limits, words_of_rows
from logire.corpus.document import BoolArray, FloatArray, IntArray

LEAST = 1e-6
"""The gain of a fact whose score is the threshold's, so that it is held where nothing speaks against it."""


ENUMERATED = 10
"""Groups of as many facts are decided by trying all their sets: 1,024 take a tenth of a solver's call."""


class Held(NamedTuple):
    """A fact of a document, its score, and whether it is held in the end."""

    head: int
    tail: int
    relation: int
    score: float
    kept: bool


class Change(NamedTuple):
    """What constraints changed.

    Attributes:
        fact: held now, though its score is below the threshold; or not held, though it reaches the threshold.
        constraint: the constraint that undoing this would break, as the file says it.
        conflict: the other facts of that instance: of an implication its path and what it implies, of a limit the facts
            that fill it, of a cycle the rest of it, of disjoint relations the other fact. Empty for types.
    """

    fact: Held
    constraint: str
    conflict: tuple[Held, ...]

    @property
    def added(self) -> bool:
        """Whether the fact is held because of the constraint; else it was removed."""
        return self.fact.kept


class Obeyed(NamedTuple):
    """A document's facts under constraints.

    Attributes:
        facts: (N, N, R) bool.
        changes: against what the scores alone would hold, best score first.
        unproved: number of groups of facts whose decision is the best found, not proved to be the best.
    """

    facts: BoolArray
    changes: tuple[Change, ...]
    unproved: int


def obey(scores: FloatArray, types: IntArray, theta: float, declared: Constraints) -> Obeyed:
    """The facts of a document that obey constraints.

    Args:
        scores: (N, N, R); the diagonal is ignored.
        types: (N,) the entities' types.
        theta: the score from which a fact is held where no constraint speaks against it.
    """
    from logire.constraints.undo import Undo
    from logire.rules.joint import decide

    least = np.float32(min(theta, float(np.finfo(np.float32).max)))
    alone = scores >= least
    np.einsum("iir->ir", alone)[:] = False
    gains = scores - least
    np.putmask(gains, gains == 0, LEAST)
    if not declared.allowed.all():
        forbidden = np.ascontiguousarray(~declared.allowed.transpose(1, 2, 0))
        np.putmask(gains, forbidden[types[:, None], types], -np.inf)
    decided = decide(
        gains,
        declared.rules,
        lambda facts: limits(facts, declared, scores.shape[2]),
        weight=declared.weights or np.inf,
        cuts=Cycles(declared.acyclic, np.inf) if declared.acyclic else None,
        enumerated=ENUMERATED,
    )
    undo = Undo(decided, gains, declared)
    undo.settle()
    facts = decided.facts
    changed = np.argwhere(facts != alone)
    order = np.lexsort((*changed.T[::-1], -scores[tuple(changed.T)]))
    words = words_of_rows(declared)

    def told(fact: tuple[int, int, int]) -> Held:
        h, t, r = fact
        return Held(h, t, r, float(scores[fact]), bool(facts[fact]))

    changes = []
    for h, t, r in changed[order].tolist():
        if gains[h, t, r] == -np.inf:
            changes.append(Change(told((h, t, r)), declared.words.get(("types", r), "types"), ()))
            continue
        reason = undo.reason((h, t, r), scores)
        constraint = words[reason.origin] if reason.origin >= 0 else declared.words.get(("acyclic", r), "acyclic")
        changes.append(Change(told((h, t, r)), constraint, tuple(map(told, reason.others))))
    return Obeyed(facts, tuple(changes), decided.unproved)
