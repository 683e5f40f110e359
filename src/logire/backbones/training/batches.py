"""Training documents as batches: all of them in memory, or in parts that are read one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from logire.backbones.base import Backbone
from logire.corpus.document import Document
from logire.ground.runtime import derive_seed

POOL = 16
"""Documents are sorted by length within pools of this many batches."""


class Parts(Protocol):
    """Documents in parts, each read by its number; going over them reads one part after the other."""

    @property
    def sizes(self) -> Sequence[int]:
        """The number of documents in each part."""

    def read(self, number: int) -> Sequence[Document]:
        """The documents of one part."""

    def __iter__(self) -> Iterator[Document]: ...


class Source(Protocol):
    """The encoded documents that a model is trained on."""

    def __len__(self) -> int:
        """The number of documents."""

    def batches(self, size: int) -> int:
        """The number of batches of an epoch, ``size`` documents each."""

    def epoch(self, number: int, size: int, seed: int) -> Iterator[list[Any]]:
        """The batches of epoch ``number`` (from 0), each document once; they follow from the run's ``seed`` alone."""


class InMemory:
    """Documents that are encoded once and kept."""

    def __init__(self, model: Backbone[Any], documents: Sequence[Document]) -> None:
        self.documents = [model.encode(document) for document in documents]

    def __len__(self) -> int:
        return len(self.documents)

    def batches(self, size: int) -> int:
        return -(-len(self.documents) // size)

    def epoch(self, number: int, size: int, seed: int) -> Iterator[list[Any]]:
        yield from _batches(self.documents, size, derive_seed(seed, "batches", number))


class PartByPart:
    """Documents of parts, of which one is in memory at a time: read and encoded again in each epoch.

    An epoch draws the order of the parts and shuffles within each. One part gives the batches of :class:`InMemory`.
    """

    def __init__(self, model: Backbone[Any], parts: Parts) -> None:
        self.model, self.parts = model, parts

    def __len__(self) -> int:
        return sum(self.parts.sizes)

    def batches(self, size: int) -> int:
        return sum(-(-count // size) for count in self.parts.sizes)

    def epoch(self, number: int, size: int, seed: int) -> Iterator[list[Any]]:
        order = np.random.default_rng(derive_seed(seed, "parts", number)).permutation(len(self.parts.sizes))
        for part in order.tolist():
            # The first part has the seed of documents in memory, so that one part trains as they do.
            names = ("batches", number, part) if part else ("batches", number)
            yield from self._part(part, size, derive_seed(seed, *names))

    def _part(self, number: int, size: int, seed: int) -> Iterator[list[Any]]:
        yield from _batches([self.model.encode(d) for d in self.parts.read(number)], size, seed)


def _batches(documents: Sequence[Any], size: int, seed: int) -> Iterator[list[Any]]:
    """Documents as :func:`make_batches` puts them together."""
    for indices in make_batches([d.length for d in documents], size, seed):
        yield [documents[i] for i in indices]


def make_batches(lengths: Sequence[int], size: int, seed: int) -> list[list[int]]:
    """Shuffled batches of indices, each index once; a batch has similar lengths, and so little padding."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), size * POOL):
        pool = sorted(order[start : start + size * POOL], key=lambda i: lengths[i])
        batches += [[int(i) for i in pool[k : k + size]] for k in range(0, len(pool), size)]
    return [batches[i] for i in generator.permutation(len(batches))]
