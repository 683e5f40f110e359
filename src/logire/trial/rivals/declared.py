"""Constraints that a person declares instead of rules that are learnt, in the same programme as MILR's.

The constraints are types, uniqueness, symmetry, inverses, at most k and no cycles (:mod:`logire.trial.declarations`).
Breaking one costs a weight, the same for all, which is chosen on dev from 0 (the backbone alone) to infinity together
with the threshold. A corpus that nothing is declared of is decided as the backbone decides.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from logire.corpus.document import BoolArray, IntArray
from logire.corpus.dump import ScoredDocument
from logire.rules.joint import Decided, Facts, decide
from logire.rules.programme import Rows
from logire.trial.choices import best_on, facts_of, zero_gain
from logire.trial.declarations import Constraints, all_declarations, constraints
from logire.trial.task import Decide, Method, Scored, Task, by_threshold

WEIGHTS = (0.5, 1.0, 2.0, 4.0, np.inf)
OFFSETS = (0.0, -0.5, 0.5)


class Choice(NamedTuple):
    """What is chosen on dev: what a broken constraint costs, and the threshold."""

    weight: float
    theta: float


def decide_declared(document: ScoredDocument, declared: Constraints, choice: Choice) -> Decided:
    """The facts of a document: the largest sum of logit less threshold, less what broken constraints cost."""
    gains = document.logits.astype(np.float64) - choice.theta
    if choice.weight == 0:
        declared = Constraints(np.ones_like(declared.allowed))
    else:
        forbidden = ~declared.allowed[:, document.types[:, None], document.types[None, :]].transpose(1, 2, 0)
        gains[forbidden] -= choice.weight
    return decide(
        gains,
        declared.rules,
        lambda facts: _limits(facts, declared, choice.weight),
        weight=choice.weight,
        cuts=Cycles(declared.acyclic, choice.weight),
    )


def _limits(facts: Facts, declared: Constraints, weight: float) -> Iterator[Rows]:
    n = len(facts.relation)
    for most, ends in ((declared.tails, facts.head), (declared.heads, facts.tail)):
        for relation, number in most.items():
            at = np.flatnonzero(facts.relation == relation)
            yield Rows.at_most(number, ends[at], at, n, weight)


class Cycles:
    """Rows against the cycles of one document's facts, found as the programme chooses them.

    Of each chosen fact the shortest cycle that it is on becomes a row: not all of these facts. With an infinite weight
    no cycle is left in the end. With a finite one a cycle may be kept and paid for.
    """

    def __init__(self, relations: Sequence[int], weight: float) -> None:
        self._relations, self._weight = relations, weight
        self._known: set[tuple[int, ...]] = set()

    def __call__(self, facts: Facts, chosen: BoolArray) -> Rows | None:
        found: set[tuple[int, ...]] = set()
        for relation in self._relations:
            at = np.flatnonzero(chosen & (facts.relation == relation))
            edges = dict(
                zip(zip(facts.head[at].tolist(), facts.tail[at].tolist(), strict=True), at.tolist(), strict=True)
            )
            found.update(shortest_cycles(edges))
        new = sorted(found - self._known)
        self._known.update(new)
        n = len(chosen)
        rows = [_not_all(np.array(cycle), n, self._weight) for cycle in new]
        return Rows.together(rows, n) if rows else None


def _not_all(facts: IntArray, n: int, weight: float) -> Rows:
    return Rows.at_most(len(facts) - 1, np.zeros(len(facts), dtype=np.int64), facts, n, weight)


def shortest_cycles(edges: Mapping[tuple[int, int], int]) -> set[tuple[int, ...]]:
    """Of each edge that is on a cycle the shortest one, as the sorted numbers of its edges."""
    following: dict[int, list[int]] = {}
    for source, target in edges:
        following.setdefault(source, []).append(target)
    found = set()
    for source, target in edges:
        before: dict[int, int] = {target: target}
        waiting = deque([target])
        while waiting and source not in before:
            entity = waiting.popleft()
            for after in following.get(entity, ()):
                if after not in before:
                    before[after] = entity
                    waiting.append(after)
        if source in before:
            cycle, entity = [edges[source, target]], source
            while entity != target:
                cycle.append(edges[before[entity], entity])
                entity = before[entity]
            found.add(tuple(sorted(cycle)))
    return found


def fit(task: Task) -> Decide:
    """Choose weight and threshold by F1 on dev; nothing is learnt from training labels."""
    declared = constraints(all_declarations(), task.schema)
    if not declared:
        return by_threshold(lambda split: split.documents, task.dev)
    alone = zero_gain(task.dev.documents)

    def decided(documents: Sequence[ScoredDocument], choice: Choice) -> Iterator[BoolArray]:
        return facts_of(decide_declared(document, declared, choice) for document in documents)

    options = [Choice(0.0, alone), *(Choice(w, alone + offset) for w, offset in product(WEIGHTS, OFFSETS))]
    best = best_on(task.dev.documents, options, lambda choice: decided(task.dev.documents, choice))

    def apply(split: Scored) -> list[BoolArray]:
        return list(decided(split.documents, best))

    return apply


RIVALS = (
    Method(
        "declared",
        "Declared constraints",
        "types, uniqueness, symmetry, inverses, no cycles, declared by hand; an integer programme at inference",
        fit,
    ),
)
