"""The integer programme that decides the facts of a document together.

    maximise    sum_i gain_i x_i  -  sum over soft rows of  weight * excess
    subject to  for every hard row   sum_i a_i x_i <= bound,   x_i in {0, 1}

with excess = max(0, sum_i a_i x_i - bound). Both kinds of constraint are rows of this form:

    body -> head      sum(x_body) - x_head <= |body| - 1
    at most k of S    sum(x_S) <= k

x = 0 keeps every row, so there always is a solution. Facts that no row joins are decided apart: each connected
component is a programme of its own. Where its facts of positive gain break no row, they are the optimum; where they
do, HiGHS solves it (:func:`scipy.optimize.milp`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack, vstack
from scipy.sparse.csgraph import connected_components

from logire.corpus.document import BoolArray, IntArray
from logire.rules.convex import Doubles

NODES = 20_000
"""Nodes of the search tree of a component: a limit that stops at the same solution on every machine."""
SECONDS = 20.0
"""Seconds for a document: the net below :data:`NODES`, for a component whose first node does not end."""


@dataclass(frozen=True)
class Rows:
    """Constraints on n facts.

    Attributes:
        matrix: (rows, n)
        bound: (rows,)
        weight: (rows,) what a unit of excess costs; infinite where the row is hard.
        origin: (rows,) what each row is of: any number, for who makes the rows to know them again.
    """

    matrix: csr_array
    bound: Doubles
    weight: Doubles
    origin: IntArray

    @classmethod
    def implications(
        cls,
        bodies: IntArray,
        heads: IntArray,
        n: int,
        weight: float | Doubles = np.inf,
        origin: int | IntArray = -1,
    ) -> Self:
        """If all facts of a body hold, its head does.

        Args:
            bodies: (m, k) facts, k at least 1. heads: (m,).
            weight, origin: of all rows, or (m,) of each.
        """
        m, k = bodies.shape
        if k == 0:
            raise ValueError("a body has no fact")
        row = np.repeat(np.arange(m), k + 1)
        column = np.concatenate([bodies, heads[:, None]], axis=1).ravel()
        value = np.tile(np.append(np.ones(k), -1.0), m)
        # A fact that stands twice in a row has the sum of its coefficients.
        matrix = csr_array((value, (row, column)), shape=(m, n))
        return cls(matrix, np.full(m, k - 1.0), _of_each(weight, m, np.float64), _of_each(origin, m, np.int64))

    @classmethod
    def at_most(
        cls,
        most: int,
        group: IntArray,
        facts: IntArray,
        n: int,
        weight: float = np.inf,
        origin: int | IntArray = -1,
    ) -> Self:
        """At most ``most`` facts of each group hold; groups that are no larger give no row.

        Args:
            group: (m,) any numbers. facts: (m,) the fact that belongs to the group.
            origin: of all rows, or of each, in the order of their groups' numbers.
        """
        if most < 0:
            raise ValueError(f"at most {most} facts")
        _, number, size = np.unique(group, return_inverse=True, return_counts=True)
        kept = (size > most)[number]
        _, row = np.unique(number[kept], return_inverse=True)
        m = int(row.max(initial=-1)) + 1
        matrix = csr_array((np.ones(len(row)), (row, facts[kept])), shape=(m, n))
        return cls(matrix, np.full(m, float(most)), _of_each(weight, m, np.float64), _of_each(origin, m, np.int64))

    @classmethod
    def together(cls, parts: Sequence[Rows], n: int) -> Self:
        """All rows of the parts, in their order."""
        none = csr_array((0, n))
        return cls(
            csr_array(vstack([none, *(part.matrix for part in parts)], format="csr")),
            np.concatenate([np.zeros(0), *(part.bound for part in parts)]),
            np.concatenate([np.zeros(0), *(part.weight for part in parts)]),
            np.concatenate([np.zeros(0, dtype=np.int64), *(part.origin for part in parts)]),
        )

    def excess(self, chosen: BoolArray) -> Doubles:
        """(rows,) how far each row is exceeded."""
        return np.maximum(self.matrix @ chosen.astype(np.float64) - self.bound, 0.0)

    def of(self, rows: IntArray) -> Rows:
        """Some rows, on all facts."""
        return Rows(csr_array(self.matrix[rows]), self.bound[rows], self.weight[rows], self.origin[rows])

    def part(self, rows: IntArray, columns: IntArray) -> Rows:
        """Some rows, on some facts."""
        matrix = csr_array(self.matrix[rows][:, columns])
        return Rows(matrix, self.bound[rows], self.weight[rows], self.origin[rows])


def _of_each(value: Any, m: int, kind: type[Any]) -> npt.NDArray[Any]:
    """(m,) one value for all rows, or the value of each."""
    return np.broadcast_to(np.asarray(value, dtype=kind), (m,)).copy()


@dataclass(frozen=True)
class Solution:
    """What a programme decides.

    Attributes:
        chosen: (n,) whether a fact holds; keeps every hard row.
        value: of the objective.
        unproved: number of components whose solution is the best that was found, not proved to be the best.
    """

    chosen: BoolArray
    value: float
    unproved: int


def value(gains: Doubles, rows: Rows, chosen: BoolArray) -> float:
    """The objective; minus infinity where a hard row is broken or a fact of infinite loss is chosen."""
    excess = rows.excess(chosen)
    return float(gains[chosen].sum() - rows.weight[excess > 0] @ excess[excess > 0])


def solve(gains: Doubles, rows: Rows, *, nodes: int = NODES, seconds: float = SECONDS, enumerated: int = 0) -> Solution:
    """Solve a programme exactly, component by component.

    Args:
        gains: (n,) what each fact adds to the objective; minus infinity for one that must not be chosen.
        nodes, seconds: where they do not suffice, the best solution that was found is taken and counted. Of equal
            input the same solution comes back, unless the seconds end first.
        enumerated: components of as many facts are decided by trying all sets, which is faster than the solver for a
            few; of equal sets the one with the earlier facts is taken.
    """
    until = time.monotonic() + seconds
    chosen, unproved = gains > 0, 0
    broken = rows.excess(chosen) > 0
    of_row, of_fact = _components(rows.matrix)
    facts_by, rows_by = np.argsort(of_fact, kind="stable"), np.argsort(of_row, kind="stable")
    for component in np.unique(of_row[broken]):
        at = facts_by[slice(*np.searchsorted(of_fact, (component, component + 1), sorter=facts_by))]
        these = rows_by[slice(*np.searchsorted(of_row, (component, component + 1), sorter=rows_by))]
        if len(at) <= enumerated:
            chosen[at] = _best_of_all(gains[at], _dense(rows, these, at), rows.bound[these], rows.weight[these])
            continue
        part = rows.part(these, at)
        found, proved = _solve_component(gains[at], part, nodes, max(until - time.monotonic(), 0.0))
        chosen[at] = found
        unproved += not proved
    return Solution(chosen, value(gains, rows, chosen), unproved)


def _components(matrix: csr_array) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """(rows,) and (n,): the connected component of each row and fact."""
    m, n = matrix.shape
    entries = matrix.tocoo()
    graph = csr_array((np.ones(entries.nnz), (entries.row, entries.col + m)), shape=(m + n, m + n))
    _, label = connected_components(graph, directed=False)
    return label[:m], label[m:]


def _dense(rows: Rows, these: IntArray, at: IntArray) -> Doubles:
    """(these, at) part of the matrix; sparse indexing takes longer than small programmes do."""
    matrix = rows.matrix
    dense = np.zeros((len(these), len(at)))
    for i, row in enumerate(these.tolist()):
        part = slice(*matrix.indptr[row : row + 2])
        dense[i, np.searchsorted(at, matrix.indices[part])] = matrix.data[part]
    return dense


@lru_cache(maxsize=32)
def _sets(n: int) -> Doubles:
    """(2^n, n) all sets of n facts; those with the earlier facts first."""
    left_out = (np.arange(2**n)[:, None] >> np.arange(n)[::-1]) & 1
    return (1 - left_out).astype(np.float64)


def _best_of_all(gains: Doubles, matrix: Doubles, bound: Doubles, weight: Doubles) -> BoolArray:
    """The best of all sets of a component's facts."""
    possible = np.isfinite(gains)
    sets, matrix = _sets(int(possible.sum())), matrix[:, possible]
    excess = np.maximum(sets @ matrix.T - bound, 0.0)
    hard = np.isinf(weight)
    values = sets @ gains[possible] - excess[:, ~hard] @ weight[~hard]
    values[excess[:, hard].any(axis=1)] = -np.inf
    chosen = np.zeros(len(gains), dtype=np.bool_)
    chosen[possible] = sets[int(np.argmax(values))] > 0
    return chosen


def _solve_component(gains: Doubles, rows: Rows, nodes: int, seconds: float) -> tuple[BoolArray, bool]:
    """The solution, and whether it is proved to be the best."""
    n, soft = len(gains), np.flatnonzero(np.isfinite(rows.weight))
    slack = csr_array((-np.ones(len(soft)), (soft, np.arange(len(soft)))), shape=(len(rows.bound), len(soft)))
    allowed = np.isfinite(gains)
    result = milp(
        np.concatenate([-np.where(allowed, gains, 0.0), rows.weight[soft]]),
        integrality=np.concatenate([np.ones(n), np.zeros(len(soft))]),
        bounds=Bounds(
            np.zeros(n + len(soft)), np.concatenate([allowed.astype(np.float64), np.full(len(soft), np.inf)])
        ),
        constraints=LinearConstraint(hstack([rows.matrix, slack], format="csr"), ub=rows.bound),
        options={"node_limit": nodes, "time_limit": seconds, "mip_rel_gap": 0.0},
    )
    found = [] if result.x is None else [np.asarray(result.x[:n] > 0.5)]
    if result.status == 0 and np.isfinite(value(gains, rows, found[0])):
        return found[0], True
    return max([*found, _lowered(gains, rows)], key=lambda chosen: value(gains, rows, chosen)), False


def _lowered(gains: Doubles, rows: Rows) -> BoolArray:
    """A solution without search: from each hard row that is broken, the fact of least gain is taken out."""
    chosen, hard = gains > 0, np.isinf(rows.weight)
    while True:
        broken = np.flatnonzero(hard & (rows.excess(chosen) > 0))
        if not len(broken):
            return chosen
        first = slice(*rows.matrix.indptr[broken[0] : broken[0] + 2])
        facts = rows.matrix.indices[first][rows.matrix.data[first] > 0]
        facts = facts[chosen[facts]]
        chosen[facts[np.argmin(gains[facts])]] = False
