"""Deciding all facts of a document together, under rules and limits.

Which facts the programme has variables for follows from it: a fact without gain is chosen only because a rule demands
it. So the variables are the facts of positive gain and all that the rules conclude from them; every other fact can be
left out of an optimum, and the optimum over these is one over all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from logire.corpus.document import BoolArray, IntArray
from logire.rules.programme import Rows, solve
from logire.rules.queries import Rule

Gains = npt.NDArray[np.float64] | npt.NDArray[np.float32]


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
        candidates: the facts that the programme has variables for.
        rows: its rows, those of the cuts included, on the candidates. Those of a rule have the rule's number as origin.
    """

    facts: BoolArray
    unproved: int
    candidates: Facts
    rows: Rows


Limits = Callable[[Facts], Iterable[Rows]]
"""The rows, beside those of the rules, that facts must keep."""

Cuts = Callable[[Facts, BoolArray], Rows | None]
"""Of facts and those of them that are chosen: the rows that are broken and not known yet; None where there are none."""


def none(facts: Facts) -> Iterable[Rows]:
    """No limits."""
    del facts
    return ()


def decide(
    gains: Gains,
    rules: Sequence[Rule],
    limits: Limits = none,
    *,
    weight: float | Sequence[float] = np.inf,
    cuts: Cuts | None = None,
    allowed: BoolArray | None = None,
    enumerated: int = 0,
) -> Decided:
    """The facts with the largest sum of gains that keep the rules and limits.

    Args:
        gains: (N, N, R); minus infinity for a fact that is impossible. The diagonal is ignored.
        weight: what an instance of a rule costs that is broken: of every rule, or one number for each.
        allowed: (N, N, R) the facts that a rule may demand; by default every one.
        cuts: for constraints with too many rows to write down: asked for broken ones until there are none.
        enumerated: see :func:`logire.rules.programme.solve`.
    """
    candidates = concluded((gains > 0) & ~np.eye(len(gains), dtype=np.bool_)[:, :, None], rules, allowed)
    number = np.flatnonzero(candidates)
    head, tail, relation = np.unravel_index(number, gains.shape)
    facts, n = Facts(head, tail, relation, len(gains)), len(number)
    costs = np.broadcast_to(np.asarray(weight, dtype=np.float64), (len(rules),))
    by_length: dict[int, list[Instances]] = {}
    for of_rule in instances(candidates, rules, allowed):
        by_length.setdefault(of_rule.bodies.shape[1], []).append(of_rule)
    parts = list(limits(facts))
    for same in by_length.values():
        bodies, heads = (
            np.searchsorted(number, np.concatenate(part))
            for part in ([found.bodies for found in same], [found.heads for found in same])
        )
        origin = np.repeat([found.rule for found in same], [len(found.heads) for found in same])
        parts.append(Rows.implications(bodies, heads, n, costs[origin], origin))
    while True:
        rows = Rows.together(parts, n)
        solution = solve(gains[candidates].astype(np.float64), rows, enumerated=enumerated)
        more = cuts(facts, solution.chosen) if cuts else None
        if more is None:
            break
        parts.append(more)
    result = np.zeros_like(candidates)
    result[head, tail, relation] = solution.chosen
    return Decided(result, solution.unproved, facts, rows)


def concluded(facts: BoolArray, rules: Sequence[Rule], allowed: BoolArray | None = None) -> BoolArray:
    """The facts and all allowed ones that the rules conclude from them, to the fixpoint; nothing on the diagonal."""
    found = facts.copy()
    before = -1
    while before < (before := int(found.sum())):
        for of_rule in list(instances(found, rules, allowed)):
            found.flat[of_rule.heads] = True
    return found


class Instances(NamedTuple):
    """The instances of one rule.

    Attributes:
        rule: the rule's number.
        bodies: (m, k) the body's facts, each as its place in the flattened array.
        heads: (m,) the head's place.
    """

    rule: int
    bodies: IntArray
    heads: IntArray


def instances(facts: BoolArray, rules: Sequence[Rule], allowed: BoolArray | None = None) -> Iterator[Instances]:
    """Of each rule that has any: the instances whose body holds among facts and whose head is allowed.

    Cost: the grounding paths among the facts, whatever N is.
    """
    n, _, relations = facts.shape
    steps: dict[int, tuple[IntArray, IntArray]] = {}
    place = np.flatnonzero(facts)
    pair, of_fact = np.divmod(place, max(relations, 1))
    heads, tails = np.divmod(pair, max(n, 1))
    present = set(of_fact.tolist())
    for number, (relation, body) in enumerate(rules):
        if not all(atom % relations in present for atom in body):
            continue
        path, start, end = np.zeros((n, 0), dtype=np.int64), np.arange(n), np.arange(n)
        for atom in body:
            if atom not in steps:
                at = np.flatnonzero(of_fact == atom % relations)
                if atom >= relations:
                    at = at[np.lexsort((heads[at], tails[at]))]
                steps[atom] = (heads[at], tails[at]) if atom < relations else (tails[at], heads[at])
            source, target = steps[atom]
            # which of the paths so far each step prolongs: sources are sorted
            first, last = (np.searchsorted(source, end, side) for side in ("left", "right"))
            count = last - first
            old = np.repeat(np.arange(len(end)), count)
            step = np.arange(len(old)) - np.repeat(np.cumsum(count) - count, count) + first[old]
            of_pair = source * n + target if atom < relations else target * n + source
            fact = of_pair * relations + atom % relations
            path, start, end = np.column_stack([path[old], fact[step]]), start[old], target[step]
        kept = start != end
        if allowed is not None:
            kept &= allowed[start, end, relation]
        if kept.any():
            yield Instances(number, path[kept], (start[kept] * n + end[kept]) * relations + relation)
