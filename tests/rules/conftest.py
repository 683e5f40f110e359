"""Small made-up documents with logits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rules_builders import write_incomplete_dump

from logire.corpus.document import Document, Entity, Fact, Mention, Schema
from logire.corpus.dump import ScoredDocument, read_dump, scored
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.sources.embedded import prepare_embedded

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


@pytest.fixture(scope="session")
def noise(random_documents: Callable[..., list[ScoredDocument]]) -> tuple[list[ScoredDocument], list[ScoredDocument]]:
    """Training and development documents without any signal."""
    return random_documents(11, count=14, largest=7), random_documents(12, count=5, largest=7)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> PreparedCorpus:
    """A small embedded corpus."""
    folder = tmp_path_factory.mktemp("embedded") / "corpus"
    prepare_embedded(folder, documents=(40, 12, 12))
    return PreparedCorpus.open(folder)


@pytest.fixture(scope="session")
def dump(corpus: PreparedCorpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noisy logits of it."""
    path = tmp_path_factory.mktemp("dump") / "logits.safetensors"
    return write_incomplete_dump(corpus, path, high=4.0, low=-6.0, spread=1.0)


@pytest.fixture(scope="session")
def splits(corpus: PreparedCorpus, dump: Path) -> tuple[list[ScoredDocument], ...]:
    """Its training, development and test documents with these logits."""
    return tuple(read_dump(dump, corpus, split) for split in ("train", "dev", "test"))
