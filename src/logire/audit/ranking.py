"""The best of very many candidates, document by document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from logire.corpus.document import BoolArray, IntArray

Doubles = npt.NDArray[np.float64]


class Candidate(NamedTuple):
    """A fact of the document at ``place`` in the split; ``relation`` is a number."""

    place: int
    head: int
    tail: int
    relation: int
    value: float


@dataclass
class Best:
    """The ``most`` candidates with the highest values of all documents that were added.

    Of equal values the ones with the lower tie come first, then the ones earlier in the split and in (N, N, R). The
    order in which documents are added does not matter.
    """

    most: int
    _values: Doubles = field(default_factory=lambda: np.zeros(0))
    _ties: Doubles = field(default_factory=lambda: np.zeros(0))
    _where: IntArray = field(default_factory=lambda: np.zeros((0, 4), dtype=np.int64))

    def add(
        self,
        place: int,
        values: npt.NDArray[np.floating],
        among: BoolArray,
        ties: npt.NDArray[np.floating] | None = None,
    ) -> None:
        """Take in one document.

        Args:
            place: its place in the split.
            values, among: (N, N, R) the values, and which candidates count.
            ties: (N, N, R)
        """
        cells = np.argwhere(among)
        found = values[among].astype(np.float64)
        if len(found) > self.most:
            kept = found >= np.partition(found, len(found) - self.most)[len(found) - self.most]
            cells, found = cells[kept], found[kept]
        tied = np.zeros(len(found)) if ties is None else ties[tuple(cells.T)].astype(np.float64)
        where = np.concatenate([np.full((len(cells), 1), place), cells], axis=1)
        self._values = np.concatenate([self._values, found])
        self._ties = np.concatenate([self._ties, tied])
        self._where = np.concatenate([self._where, where])
        order = np.lexsort((*self._where.T[::-1], self._ties, -self._values))[: self.most]
        self._values, self._ties, self._where = self._values[order], self._ties[order], self._where[order]

    def ranked(self) -> list[Candidate]:
        """The candidates, best first."""
        return [
            Candidate(place, head, tail, relation, value)
            for (place, head, tail, relation), value in zip(self._where.tolist(), self._values.tolist(), strict=True)
        ]
