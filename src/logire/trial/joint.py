"""Deciding all facts of a document together, under rules and limits.

Which facts the programme has variables for follows from it: a fact without gain is chosen only because a rule demands
it. So the variables are the facts of positive gain and all that the rules conclude from them; every other fact can be
left out of an optimum, and the optimum over these is one over all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from logire.corpus.document import BoolArray, IntArray
from logire.corpus.dump import ScoredDocument, dev_threshold
from logire.rules.queries import Body
from logire.trial.programme import Rows, solve
from logire.trial.task import f1

log = logging.getLogger(__name__)

Gains = npt.NDArray[np.float64]
T = TypeVar("T")


class Rule(NamedTuple):
    """``relation(h, t) <- body``, for entities of any type; a body is a path of atoms from h to t."""

    relation: int
    body: Body


class Facts(NamedTuple):
    """The facts that a programme decides on, by number.

    Attributes:
        head, tail, relation: (n,) each.
        entities: number of entities of the document.
    """

    head: IntArray
    tail: IntArray
    relation: IntArray
    entities: int


class Decided(NamedTuple):
    """A document's facts.

    Attributes:
        facts: (N, N, R) bool.
        unproved: number of components whose solution is not proved to be the best.
    """

    facts: BoolArray
    unproved: int


Limits = Callable[[Facts], Iterable[Rows]]
"""The rows, beside those of the rules, that facts must keep."""

Cuts = Callable[[Facts, BoolArray], Rows | None]
"""Of facts and those of them that are chosen: the rows that are broken and not known yet; None where there are none."""


def decide(
    gains: Gains, rules: Sequence[Rule], limits: Limits, *, weight: float = np.inf, cuts: Cuts | None = None
) -> Decided:
    """The facts with the largest sum of gains that keep the rules and limits.

    Args:
        gains: (N, N, R); minus infinity for a fact that is impossible. The diagonal is ignored.
        weight: what an instance of a rule costs that is broken.
        cuts: for constraints with too many rows to write down: asked for broken ones until there are none.
    """
    candidates = concluded((gains > 0) & ~np.eye(len(gains), dtype=np.bool_)[:, :, None], rules)
    number = np.flatnonzero(candidates)
    head, tail, relation = np.unravel_index(number, gains.shape)
    facts, n = Facts(head, tail, relation, len(gains)), len(number)
    by_length: dict[int, list[tuple[IntArray, IntArray]]] = {}
    for found, heads in instances(candidates, rules):
        by_length.setdefault(found.shape[1], []).append((found, heads))
    parts = list(limits(facts))
    for same in by_length.values():
        found, heads = (np.searchsorted(number, np.concatenate(part)) for part in zip(*same, strict=True))
        parts.append(Rows.implications(found, heads, n, weight))
    while True:
        solution = solve(gains[candidates], Rows.together(parts, n))
        more = cuts(facts, solution.chosen) if cuts else None
        if more is None:
            break
        parts.append(more)
    result = np.zeros_like(candidates)
    result[head, tail, relation] = solution.chosen
    return Decided(result, solution.unproved)


def concluded(facts: BoolArray, rules: Sequence[Rule]) -> BoolArray:
    """The facts and all that the rules conclude from them, to the fixpoint; nothing on the diagonal."""
    found = facts.copy()
    apart = ~np.eye(len(facts), dtype=np.bool_)
    before = -1
    while before < (before := int(found.sum())):
        for relation, body in _applicable(found, rules):
            joined = _atom(found, body[0])
            for atom in body[1:]:
                joined = joined @ _atom(found, atom)
            found[:, :, relation] |= joined & apart
    return found


def instances(facts: BoolArray, rules: Sequence[Rule]) -> Iterator[tuple[IntArray, IntArray]]:
    """Of each rule that has any: the instances whose body holds among facts.

    Yields:
        (m, k) the body's facts and (m,) the head, each as its place in the flattened array.
    """
    n, _, relations = facts.shape
    for relation, body in _applicable(facts, rules):
        path, start, end = np.zeros((n, 0), dtype=np.int64), np.arange(n), np.arange(n)
        for atom in body:
            source, target = np.nonzero(_atom(facts, atom))
            # which of the paths so far each step prolongs: sources are sorted
            first, last = (np.searchsorted(source, end, side) for side in ("left", "right"))
            count = last - first
            old = np.repeat(np.arange(len(end)), count)
            step = np.arange(len(old)) - np.repeat(np.cumsum(count) - count, count) + first[old]
            pair = source * n + target if atom < relations else target * n + source
            fact = pair * relations + atom % relations
            path, start, end = np.column_stack([path[old], fact[step]]), start[old], target[step]
        kept = start != end
        if kept.any():
            yield path[kept], (start[kept] * n + end[kept]) * relations + relation


def _applicable(facts: BoolArray, rules: Sequence[Rule]) -> list[Rule]:
    """The rules each of whose atoms some fact has."""
    relations = facts.shape[2]
    present = set(np.flatnonzero(facts.any(axis=(0, 1))).tolist())
    return [rule for rule in rules if all(atom % relations in present for atom in rule.body)]


def _atom(facts: BoolArray, atom: int) -> BoolArray:
    """(N, N) the pairs that an atom joins."""
    relations = facts.shape[2]
    return facts[:, :, atom] if atom < relations else facts[:, :, atom - relations].T


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
