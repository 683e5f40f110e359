"""A few documents at a time: what grounding a shard, or dev, takes in memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from logire.corpus.document import IntArray
from logire.corpus.dump import ScoredDocument
from logire.rules.queries import QueryTypes, RuleSet
from logire.rules.ruletable import label_counts
from logire.rules.stages import ExtractorStage

MOST = 1 << 25
"""Features of a batch, 4 bytes each."""


class Ground:
    """Rules to ground on any number of documents, a batch at a time.

    Args:
        most: features of a batch, :data:`MOST` by default; a document that has more makes a batch by itself.
    """

    def __init__(self, rules: RuleSet, queries: QueryTypes, most: int | None = None) -> None:
        self.rules = rules
        self.queries = queries
        self._most = MOST if most is None else most
        types = queries.index.shape[1]
        self._width = np.zeros((types, types))
        _, head, tail = queries.triples.T
        # a row costs something without rules too
        np.add.at(self._width, (head, tail), np.diff(rules.start) + 1)

    def batches(self, documents: Sequence[ScoredDocument]) -> Iterator[slice]:
        """Where in the documents each batch lies, in order."""
        first, size = 0, 0.0
        for place, document in enumerate(documents):
            entities = np.bincount(document.types, minlength=len(self._width)).astype(np.float64)
            own = float(entities @ self._width @ entities - entities @ np.diag(self._width))
            if place > first and size + own > self._most:
                yield slice(first, place)
                first, size = place, 0.0
            size += own
        if first < len(documents):
            yield slice(first, len(documents))

    def applied(self, stage: ExtractorStage, documents: Sequence[ScoredDocument]) -> list[ScoredDocument]:
        """The documents with the scores of a stage that has these rules."""
        found: list[ScoredDocument] = []
        for batch in self.batches(documents):
            found += stage.apply(documents[batch], self.queries)
        return found

    def label_counts(self, documents: Sequence[ScoredDocument]) -> IntArray:
        """(2, rules) pairs joined by each body and labelled, and pairs joined by it, both in the labels."""
        total = np.zeros((2, len(self.rules)), dtype=np.int64)
        for batch in self.batches(documents):
            total += np.stack(label_counts(documents[batch], self.rules, self.queries))
        return total
