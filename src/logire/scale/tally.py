"""Counts of keys as sorted arrays: they add up exactly, in any order, and take a tenth of a dictionary's memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from logire.corpus.document import IntArray

Keys = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Tally:
    """How often each key was counted.

    Attributes:
        keys: (n, k) distinct, in lexicographic order.
        counts: (n,) positive.
    """

    keys: Keys
    counts: IntArray

    @classmethod
    def of(cls, keys: npt.NDArray[np.integer], counts: IntArray) -> Self:
        """From keys in any order, where equal ones add up."""
        if not len(keys):
            return cls(keys.astype(np.int32), counts.astype(np.int64))
        order = np.lexsort(keys.T[::-1])
        keys = keys[order]
        first = np.flatnonzero(np.append(True, (keys[1:] != keys[:-1]).any(axis=1)))
        return cls(keys[first].astype(np.int32), np.add.reduceat(counts[order], first).astype(np.int64))

    @classmethod
    def total(cls, tallies: Iterable[Self]) -> Self:
        """The sum of at least one tally. At most twice the result's keys and one tally's are in memory."""
        waiting: list[Self] = []
        merged = 0
        for tally in tallies:
            waiting.append(tally)
            if sum(len(one.counts) for one in waiting) > 2 * merged:
                waiting = [cls._merged(waiting)]
                merged = len(waiting[0].counts)
        return cls._merged(waiting)

    @classmethod
    def _merged(cls, tallies: Sequence[Self]) -> Self:
        keys = np.concatenate([tally.keys for tally in tallies])
        return cls.of(keys, np.concatenate([tally.counts for tally in tallies]))

    @classmethod
    def of_bodies(cls, heads: IntArray, counted: Sequence[Mapping[tuple[int, ...], int]], width: int) -> Self:
        """Keys that are a head and a body, the body filled up with -1.

        Args:
            heads: (Q, k). counted: for each of them, body -> count.
            width: atoms of the longest body.
        """
        rows = [
            (*head, *body, *(-1,) * (width - len(body)))
            for head, bodies in zip(heads.tolist(), counted, strict=True)
            for body in bodies
        ]
        counts = [count for bodies in counted for count in bodies.values()]
        keys = np.array(rows, dtype=np.int32).reshape(-1, heads.shape[1] + width)
        return cls.of(keys, np.array(counts, dtype=np.int64))

    def bodies(self, heads: IntArray, length: int) -> Iterator[dict[tuple[int, ...], int]]:
        """For each head (k,) of ``heads`` (Q, k), body -> count, of bodies of at most ``length`` atoms."""
        k = heads.shape[1]
        place = {head: q for q, head in enumerate(map(tuple, heads.tolist()))}
        bounds = self._bounds(k)
        of_head = {tuple(self.keys[first, :k].tolist()): (first, last) for first, last in bounds}
        for head in place:
            first, last = of_head.get(head, (0, 0))
            found: dict[tuple[int, ...], int] = {}
            for row, count in zip(self.keys[first:last, k:].tolist(), self.counts[first:last].tolist(), strict=True):
                body = tuple(atom for atom in row if atom >= 0)
                if len(body) <= length:
                    found[body] = count
            yield found

    def _bounds(self, k: int) -> list[tuple[int, int]]:
        """First and last row of each distinct beginning of k numbers."""
        if not len(self.counts):
            return []
        starts = self.keys[:, :k]
        first = np.flatnonzero(np.append(True, (starts[1:] != starts[:-1]).any(axis=1)))
        return list(zip(first.tolist(), [*first[1:].tolist(), len(self.counts)], strict=True))
