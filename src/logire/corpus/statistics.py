"""Statistics of a corpus: the numbers of Table 1, and lengths and distances beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from msgspec import Struct

from logire.corpus.document import Document, Schema
from logire.ground.typed import read_typed

FILE = "statistics.json"
"""The file of a prepared corpus that holds them, with the corpus's digest."""


class Statistics(Struct):
    """``statistics.json`` as it is read; ``splits`` has the counts of each split by name, None where not known."""

    corpus: str
    synthetic: bool
    relations: int
    splits: dict[str, dict[str, int | None]]
    data_digest: str | None = None

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a file.

        Raises:
            InputError: it cannot be read, or a field is missing or wrong.
        """
        return read_typed(file, cls, remedy="`logire prepare` writes one")


def statistics(
    splits: Mapping[str, Sequence[Document]], schema: Schema, *, name: str, synthetic: bool
) -> dict[str, Any]:
    """Counts per split as in Table 1 (facts with their duplicates), and the documents' sizes.

    Facts of a split without any label (DocRED's hidden test set) are ``None``.
    """
    return {
        "corpus": name,
        "synthetic": synthetic,
        "relations": len(schema.relations),
        "splits": {split: _split_statistics(documents) for split, documents in splits.items()},
    }


def _split_statistics(documents: Sequence[Document]) -> dict[str, Any]:
    tokens = np.array([len(d.tokens) for d in documents])
    entities = np.array([len(d.entities) for d in documents])
    facts = sum(len(d.facts) for d in documents)
    distinct = sum(len({(f.head, f.relation, f.tail) for f in d.facts}) for d in documents)
    return {
        "documents": len(documents),
        "entities": int(entities.sum()),
        "mentions": sum(len(e.mentions) for d in documents for e in d.entities),
        "facts": facts or None,
        "distinct_facts": distinct or None,
        "tokens": int(tokens.sum()),
        "longest_document": int(tokens.max()),
        "most_entities": int(entities.max()),
    }
