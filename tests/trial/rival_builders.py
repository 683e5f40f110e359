"""Small documents whose rules can be counted by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log

import numpy as np

from logire.corpus.document import Document, Entity, Fact, Mention, Schema
from logire.corpus.dump import ScoredDocument, scored
from logire.trial.task import Scored, Task

SCHEMA = Schema(("in", "part", "near"), ("A", "B"))
IN, PART, NEAR = 0, 1, 2

Triple = tuple[int, int, int]
"""Head, relation, tail."""


def log_odds(probability: float) -> float:
    return log(probability / (1 - probability))


def made(types: Sequence[int], facts: Sequence[Triple], logits: Mapping[Triple, float] | None = None) -> ScoredDocument:
    """A document with these facts; logits are 6 where a fact is, -6 elsewhere, save for those that are given."""
    entities = tuple(Entity((Mention(f"e{i}", 0, i, i + 1, SCHEMA.types[kind]),)) for i, kind in enumerate(types))
    labels = tuple(Fact(h, SCHEMA.relations[r], t) for h, r, t in facts)
    document = Document("D", (tuple(f"e{i}" for i in range(len(types))),), entities, labels)
    scores = np.where(SCHEMA.labels(document), 6.0, -6.0).astype(np.float32)
    for (h, r, t), value in (logits or {}).items():
        scores[h, t, r] = value
    return scored(document, scores, SCHEMA)


def drawn(seed: int, count: int) -> list[ScoredDocument]:
    """Documents with random types, facts, and logits that see two facts of three."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        n = int(rng.integers(3, 7))
        pairs = [(h, r, t) for h in range(n) for r in range(3) for t in range(n) if h != t]
        facts = [pairs[k] for k in rng.permutation(len(pairs))[: len(pairs) // 4]]
        level = {fact: (2.0 if rng.random() < 0.67 else -2.0) for fact in facts}
        found.append(made(rng.integers(0, 2, n).tolist(), facts, {p: level.get(p, -2.0) + rng.normal() for p in pairs}))
    return found


def task(train: Sequence[ScoredDocument], dev: Sequence[ScoredDocument], seed: int = 1) -> Task:
    return Task(SCHEMA, train, train, Scored(dev), seed)
