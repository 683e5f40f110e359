"""Documents that need not all be in memory: they are read in batches, again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import overload

from logire.corpus.dump import ScoredDocument

Read = Callable[[int], Sequence[ScoredDocument]]
"""Gives the documents of a batch by its number."""


class Streamed(Sequence[ScoredDocument]):
    """A sequence of documents of which one batch is in memory at a time.

    Going through it reads every batch anew. What lays out all documents at once takes :func:`batches` instead.

    Args:
        sizes: number of documents of each batch.
        read: gives a batch; it is asked for the same batch often, and must give the same documents.
    """

    def __init__(self, sizes: Sequence[int], read: Read) -> None:
        self._ends = list(accumulate(sizes))
        self._read = read

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[ScoredDocument]:
        for batch in self.batches():
            yield from batch

    @overload
    def __getitem__(self, place: int) -> ScoredDocument: ...
    @overload
    def __getitem__(self, place: slice) -> list[ScoredDocument]: ...
    def __getitem__(self, place: int | slice) -> ScoredDocument | list[ScoredDocument]:
        if isinstance(place, slice):
            return [self[k] for k in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        number = next(k for k, end in enumerate(self._ends) if place < end)
        return self._read(number)[place - (self._ends[number - 1] if number else 0)]

    def batches(self) -> Iterator[Sequence[ScoredDocument]]:
        """Every batch in turn."""
        for number in range(len(self._ends)):
            yield self._read(number)

    def changed(self, change: Callable[[Sequence[ScoredDocument]], Sequence[ScoredDocument]]) -> Streamed:
        """The documents as ``change`` gives them back, batch by batch, whenever they are read."""
        sizes = [end - start for start, end in zip([0, *self._ends], self._ends, strict=False)]
        return Streamed(sizes, lambda number: change(self._read(number)))


def batches(documents: Sequence[ScoredDocument]) -> Iterator[Sequence[ScoredDocument]]:
    """The documents in the parts that fit into memory: the batches of streamed ones, else all at once."""
    return documents.batches() if isinstance(documents, Streamed) else iter((documents,))
