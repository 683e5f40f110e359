"""What undoing one decision of a programme would break: why a fact is held or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from logire.constraints.cycles import shortest_path, successors
from logire.constraints.declared import Constraints
from logire.corpus.document import FloatArray, IntArray
from logire.rules.joint import Decided

Fact = tuple[int, int, int]
"""Head, tail, relation."""


class Reason(NamedTuple):
    """An instance of a constraint that would be broken.

    Attributes:
        origin: of its row, see :func:`logire.constraints.rows.words_of_rows`; -1 for a cycle.
        others: the other facts of the instance that are held, and what it implies.
    """

    origin: int
    others: tuple[Fact, ...]


class Undo:
    """The decided facts of a document, one of which may be taken out or put in.

    Args:
        decided: :meth:`settle` may change its facts.
        gains: (N, N, R) as they were decided on.
    """

    def __init__(self, decided: Decided, gains: FloatArray, declared: Constraints) -> None:
        rows = decided.rows.of(np.flatnonzero(decided.rows.origin >= 0))  # cycles are searched for
        facts = decided.candidates
        self._facts, self._held, self._declared = facts, decided.facts, declared
        self._place = facts.head, facts.tail, facts.relation
        self._number = np.ravel_multi_index(self._place, gains.shape) if len(facts.head) else np.zeros(0, np.int64)
        self._rows, self._columns = rows, rows.matrix.tocsc()
        self._gains = gains[self._place].astype(np.float64)
        self._kept = decided.facts[self._place]
        self._sums = rows.matrix @ self._kept.astype(np.float64)

    def settle(self) -> None:
        """Change single facts while one change is an improvement.

        An optimum has none: they mend what the solver's tolerance or its limit left, so that every fact has a reason.
        """
        best_first = np.argsort(-self._gains, kind="stable").tolist()
        settled = False
        while not settled:
            settled = True
            for column in [*best_first, *reversed(best_first)]:
                kept, gain = bool(self._kept[column]), float(self._gains[column])
                if kept == (gain > 0) or not np.isfinite(gain):
                    continue
                rows, excess = self._undone(column)
                differ = excess != 0
                cost = float(self._rows.weight[rows[differ]] @ excess[differ])
                if abs(gain) > cost and (kept or self._cycle(column) is None):
                    self._set(column, kept=not kept)
                    settled = False

    def reason(self, fact: Fact, scores: FloatArray) -> Reason:
        """Why a fact is held though its gain is negative, or not held though it is positive.

        Args:
            scores: (N, N, R)
        """
        column = int(np.searchsorted(self._number, np.ravel_multi_index(fact, scores.shape)))
        found: list[tuple[bool, float, Reason]] = []
        rows, excess = self._undone(column)
        for row in rows[excess > 0].tolist():
            others = self._others(row, column)
            support = sum(float(scores[self._fact(other)]) for other in others if self._kept[other])
            reason = Reason(int(self._rows.origin[row]), tuple(map(self._fact, others)))
            found.append((bool(np.isinf(self._rows.weight[row])), support, reason))
        cycle = None if self._kept[column] else self._cycle(column)
        if cycle is not None:
            found.append((True, sum(float(scores[other]) for other in cycle), Reason(-1, tuple(cycle))))
        return max(found, key=lambda one: one[:2])[2]

    def _fact(self, column: int) -> Fact:
        head, tail, relation = (int(part[column]) for part in self._place)
        return head, tail, relation

    def _set(self, column: int, *, kept: bool) -> None:
        part = slice(*self._columns.indptr[column : column + 2])
        self._sums[self._columns.indices[part]] += self._columns.data[part] * (1.0 if kept else -1.0)
        self._kept[column] = kept
        self._held[self._fact(column)] = kept

    def _undone(self, column: int) -> tuple[IntArray, npt.NDArray[np.float64]]:
        """(m,) the rows of a fact, and by how much more each is exceeded when the fact's decision is undone."""
        part = slice(*self._columns.indptr[column : column + 2])
        rows, value = self._columns.indices[part].astype(np.int64), self._columns.data[part]
        before = self._sums[rows] - self._rows.bound[rows]
        after = before + (-value if self._kept[column] else value)
        return rows, np.maximum(after, 0.0) - np.maximum(before, 0.0)

    def _cycle(self, column: int) -> list[Fact] | None:
        """The facts that are a cycle together with a fact which is not held, if its relation must have none."""
        head, tail, relation = self._fact(column)
        if relation not in self._declared.acyclic:
            return None
        at = np.flatnonzero(self._kept & (self._facts.relation == relation))
        edges = zip(self._facts.head[at].tolist(), self._facts.tail[at].tolist(), strict=True)
        path = shortest_path(successors(edges), tail, head)
        return None if path is None else [(source, target, relation) for source, target in path]

    def _others(self, row: int, column: int) -> list[int]:
        """The columns of a row that hold beside one, the path of a rule in its order; last what the row implies."""
        part = slice(*self._rows.matrix.indptr[row : row + 2])
        columns, values = self._rows.matrix.indices[part], self._rows.matrix.data[part]
        filled = [int(c) for c in columns[values > 0] if self._kept[c] or c == column]
        implied = [int(c) for c in columns[values < 0]]
        if implied:
            filled = self._along(int(self._rows.origin[row]), implied[0], filled)
        return [c for c in filled + implied if c != column]

    def _along(self, rule: int, implied: int, body: list[int]) -> list[int]:
        """The facts of a rule's body in the order of its path."""
        relations = self._held.shape[2]
        head, tail, _ = self._fact(implied)
        atoms = self._declared.rules[rule].body

        def paths(at: int, depth: int) -> Iterator[list[int]]:
            if depth == len(atoms):
                if at == tail:
                    yield []
                return
            for column in body:
                start, end, relation = self._fact(column)
                if atoms[depth] >= relations:
                    start, end, relation = end, start, relation + relations
                if (start, relation) == (at, atoms[depth]):
                    for rest in paths(end, depth + 1):
                        yield [column, *rest]

        path = next(path for path in paths(head, 0) if set(path) == set(body))
        return list(dict.fromkeys(path))
