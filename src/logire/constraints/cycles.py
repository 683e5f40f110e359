"""Relations without cycles: the rows that forbid those cycles of a document that the programme would choose."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from logire.corpus.document import BoolArray, IntArray

if TYPE_CHECKING:  # scipy's solver takes longer to import than a prediction
    from logire.rules.joint import Facts
    from logire.rules.programme import Rows


class Cycles:
    """Rows against the cycles of one document's facts, found as the programme chooses them.

    Of each chosen fact the shortest cycle that it is on becomes a row: not all of these facts. With an infinite weight
    no cycle is left in the end. With a finite one a cycle may be kept and paid for.
    """

    def __init__(self, relations: Sequence[int], weight: float) -> None:
        self._relations, self._weight = relations, weight
        self._known: set[tuple[int, ...]] = set()

    def __call__(self, facts: Facts, chosen: BoolArray) -> Rows | None:
        from logire.rules.programme import Rows

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
    from logire.rules.programme import Rows

    return Rows.at_most(len(facts) - 1, np.zeros(len(facts), dtype=np.int64), facts, n, weight)


def shortest_cycles(edges: Mapping[tuple[int, int], int]) -> set[tuple[int, ...]]:
    """Of each edge that is on a cycle the shortest one, as the sorted numbers of its edges."""
    following = successors(edges)
    found = set()
    for source, target in edges:
        path = shortest_path(following, target, source)
        if path is not None:
            found.add(tuple(sorted(edges[edge] for edge in [(source, target), *path])))
    return found


def successors(edges: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """Of each entity with edges from it, where they lead."""
    following: dict[int, list[int]] = {}
    for source, target in edges:
        following.setdefault(source, []).append(target)
    return following


def shortest_path(following: Mapping[int, Sequence[int]], start: int, end: int) -> list[tuple[int, int]] | None:
    """The edges of a shortest path from one entity to another; None where there is none."""
    before: dict[int, int] = {start: start}
    waiting = deque([start])
    while waiting and end not in before:
        entity = waiting.popleft()
        for after in following.get(entity, ()):
            if after not in before:
                before[after] = entity
                waiting.append(after)
    if end not in before:
        return None
    path, entity = [], end
    while entity != start:
        path.append((before[entity], entity))
        entity = before[entity]
    return path[::-1]
