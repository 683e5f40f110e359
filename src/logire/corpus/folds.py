"""Folds of the training split, by document: what cross-fitting trains on, and what it leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from logire.corpus.document import Document
from logire.corpus.prepared import PreparedCorpus
from logire.ground.errors import InputError
from logire.ground.runtime import derive_seed


@dataclass(frozen=True)
class Fold:
    """Fold ``number`` (from 1) of ``of``, drawn by ``seed``: equal for every backbone and method of a seed."""

    number: int
    of: int
    seed: int

    def __post_init__(self) -> None:
        if not (self.of >= 2 and 1 <= self.number <= self.of):
            raise InputError(
                f"{self.number}/{self.of} is not a fold",
                field="fold",
                remedy="give 1/3, 2/3, 3/3, or of another number",
            )

    def split(self, documents: Sequence[Document]) -> tuple[tuple[Document, ...], tuple[Document, ...]]:
        """The documents to train on, and the held-out ones, both in the given order.

        Folds differ by one document at most.

        Raises:
            InputError: fewer documents than folds.
        """
        if len(documents) < self.of:
            raise InputError(
                f"{len(documents)} training documents can't make {self.of} folds",
                field="folds",
                remedy="ask for fewer: --fold 1/2, or crossfit.folds in the params",
            )
        order = np.random.default_rng(derive_seed(self.seed, "folds", self.of)).permutation(len(documents))
        held_out = set(order[self.number - 1 :: self.of].tolist())
        kept = tuple(d for i, d in enumerate(documents) if i not in held_out)
        return kept, tuple(d for i, d in enumerate(documents) if i in held_out)


@dataclass(frozen=True)
class FoldCorpus(PreparedCorpus):
    """A prepared corpus whose training split lacks one fold; dev and test stay whole."""

    fold: Fold

    @classmethod
    def without(cls, corpus: PreparedCorpus, fold: Fold) -> FoldCorpus:
        """``corpus`` without the documents of ``fold`` in training."""
        return cls(corpus.path, fold)

    @cached_property
    def _split(self) -> tuple[tuple[Document, ...], tuple[Document, ...]]:
        return self.fold.split(self._read("train"))

    @property
    def train(self) -> tuple[Document, ...]:
        return self._split[0]

    @property
    def texts(self) -> tuple[Document, ...]:
        """Those of all splits, the held-out ones among them."""
        return (*self.train, *self.held_out, *self.dev, *self.test)

    @property
    def held_out(self) -> tuple[Document, ...]:
        """The documents of the fold itself."""
        return self._split[1]
