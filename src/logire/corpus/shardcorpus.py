"""A corpus whose training documents are in shards: what a backbone is trained on where they do not fit in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from logire.corpus.document import Document
from logire.corpus.folds import Fold
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.shards import Shards
from logire.ground.errors import InputError


@dataclass(frozen=True)
class Texts:
    """The documents of some shards, one shard in memory at a time."""

    shards: Shards
    numbers: Sequence[int]

    @property
    def sizes(self) -> list[int]:
        """The number of documents in each of the shards."""
        return [self.shards.entries[number].documents for number in self.numbers]

    def read(self, number: int) -> tuple[Document, ...]:
        """The documents of one of the shards, by its place among them."""
        return self.shards.texts(self.numbers[number])

    def __iter__(self) -> Iterator[Document]:
        for number in range(len(self.numbers)):
            yield from self.read(number)


@dataclass(frozen=True)
class ShardCorpus(PreparedCorpus):
    """The dev and test documents of a prepared folder, with the documents of shards for training.

    Attributes:
        shards: they have the relations and types of the folder.
        fold: leave out the shards of this fold, see :func:`of_fold`; None: leave out none.
    """

    shards: Shards
    fold: Fold | None

    @classmethod
    def of(cls, shards: Shards, corpus: PreparedCorpus, fold: Fold | None = None) -> ShardCorpus:
        """Training documents of ``shards``, dev and test of ``corpus``.

        Raises:
            InputError: the shards have another schema, or are fewer than the folds.
        """
        same_schema(shards, corpus)
        if fold and len(shards) < fold.of:
            problem = f"{len(shards)} shards can't make {fold.of} folds"
            raise InputError(problem, file=shards.path, remedy="ask for fewer, or write smaller shards: --size")
        return cls(corpus.path, shards, fold)

    @property
    def train(self) -> Texts:  # type: ignore[override]
        """The training documents: as many as one likes, so not a tuple of them."""
        left = of_fold(len(self.shards), self.fold) if self.fold else ()
        return Texts(self.shards, [k for k in range(len(self.shards)) if k not in left])

    @property
    def texts(self) -> Iterator[Document]:  # type: ignore[override]
        """Those of all shards, the left-out ones among them, of dev and of test."""
        return chain(Texts(self.shards, range(len(self.shards))), self.dev, self.test)


def of_fold(shards: int, fold: Fold) -> range:
    """The numbers of the shards in a fold: with three folds, every third shard; its seed draws nothing."""
    return range(fold.number - 1, shards, fold.of)


def same_schema(shards: Shards, corpus: PreparedCorpus) -> None:
    """See that shards have the relations and types of a corpus.

    Raises:
        InputError: they have others, or in another order.
    """
    if corpus.schema != shards.schema:
        raise InputError(
            f"has other relations or types, or in another order, than {corpus.path}",
            file=shards.path,
            remedy="write the shards with the rel2id.json and ner2id.json of the dev documents",
        )
