"""Small made-up documents with logits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from logire.corpus.document import Document, Entity, Fact, Mention, Schema
from logire.corpus.dump import ScoredDocument, scored

MakeDocument = Callable[..., ScoredDocument]


def make_document(
    schema: Schema,
    types: list[int],
    facts: list[tuple[int, int, int]],
    logits: np.ndarray | None = None,
    title: str = "D",
) -> ScoredDocument:
    """A document with entities e0, e1, ... of these types, one token each; facts are (head, relation, tail)."""
    names = [f"e{i}" for i in range(len(types))]
    entities = tuple(
        Entity((Mention(name, 0, i, i + 1, schema.types[kind]),))
        for i, (name, kind) in enumerate(zip(names, types, strict=True))
    )
    labels = tuple(Fact(h, schema.relations[r], t) for h, r, t in facts)
    document = Document(title, (tuple(names),), entities, labels)
    if logits is None:
        logits = np.where(schema.labels(document), 6.0, -9.0)
    return scored(document, logits.astype(np.float32), schema)


@pytest.fixture(scope="session")
def document() -> MakeDocument:
    return make_document


@pytest.fixture(scope="session")
def schema() -> Schema:
    return Schema(("in0", "gpe0", "agent_of"), ("PER", "LOC"))


@pytest.fixture(scope="session")
def random_documents(schema: Schema) -> Callable[..., list[ScoredDocument]]:
    """Documents with random types, facts and logits."""

    def make(seed: int, count: int = 2, largest: int = 8) -> list[ScoredDocument]:
        rng = np.random.default_rng(seed)
        found = []
        for number in range(count):
            n = int(rng.integers(2, largest + 1))
            types = [int(t) for t in rng.integers(0, 2, n)]
            pairs = [(h, r, t) for h in range(n) for t in range(n) for r in range(3) if h != t]
            picked = rng.permutation(len(pairs))[: max(1, len(pairs) // 4)]
            logits = rng.normal(-1.0, 3.0, (n, n, 3))
            found.append(make_document(schema, types, [pairs[i] for i in picked], logits, f"D{number}"))
        return found

    return make
