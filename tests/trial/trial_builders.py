"""Small made-up tasks for the tests of the trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from logire.corpus.document import Document, Entity, Fact, Mention, Schema
from logire.corpus.dump import NEVER, ScoredDocument, scored
from logire.trial.task import Scored, Task

SCHEMA = Schema(("capital", "in", "next_to", "part_of"), ("CITY", "LAND"))


def scored_document(
    types: Sequence[int],
    facts: Sequence[tuple[int, int, int]] = (),
    logits: np.ndarray | float = -5.0,
    *,
    schema: Schema = SCHEMA,
    title: str = "D",
) -> ScoredDocument:
    """A document with entities of these types, one token each; facts are (head, relation, tail) numbers."""
    entities = tuple(Entity((Mention(f"e{i}", 0, i, i + 1, schema.types[kind]),)) for i, kind in enumerate(types))
    labels = tuple(Fact(h, schema.relations[r], t) for h, r, t in facts)
    document = Document(title, (tuple(f"e{i}" for i in range(len(types))),), entities, labels)
    shape = (len(types), len(types), len(schema.relations))
    return scored(document, np.broadcast_to(np.asarray(logits, dtype=np.float32), shape), schema)


def with_logits(document: ScoredDocument, given: dict[tuple[int, int, int], float]) -> ScoredDocument:
    """The document with these logits at (head, relation, tail)."""
    logits = document.logits.copy()
    for (h, r, t), value in given.items():
        logits[h, t, r] = value
    return replace(document, logits=logits)


def random_split(seed: int, count: int, *, largest: int = 6, schema: Schema = SCHEMA) -> list[ScoredDocument]:
    """Documents with random types, facts and logits that know something of the facts."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        n = int(rng.integers(2, largest + 1))
        holds = rng.random((n, n, len(schema.relations))) < 0.2
        holds[0, 1, 0] = True
        holds[np.arange(n), np.arange(n)] = False
        logits = rng.normal(np.where(holds, 1.0, -2.0), 1.5)
        facts = [(int(h), int(r), int(t)) for h, t, r in np.argwhere(holds)]
        types = rng.integers(0, len(schema.types), n).tolist()
        found.append(scored_document(types, facts, logits, schema=schema, title=f"D{number}"))
    return found


def noised(documents: Sequence[ScoredDocument], seed: int) -> list[ScoredDocument]:
    """The same documents as another backbone scores them."""
    rng = np.random.default_rng(seed)
    found = []
    for document in documents:
        logits = document.logits + rng.normal(0, 1, document.logits.shape).astype(np.float32)
        logits[np.eye(len(logits), dtype=np.bool_)] = NEVER
        found.append(replace(document, logits=logits))
    return found


def random_task(seed: int, *, folds: int = 2) -> Task:
    """A task on random documents."""
    train, dev = random_split(seed, 20), random_split(seed + 1, 8)
    with_folds = tuple(noised(dev, seed + 2 + k) for k in range(folds))
    return Task(SCHEMA, train, noised(train, seed + 9), Scored(dev, with_folds), seed=seed)
