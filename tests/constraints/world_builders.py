"""A small world of people and places whose scores break what holds in it, as a corpus, a dump and a fitted run."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np

from logire.cli.app import run
from logire.corpus.document import Document, Entity, Fact, Mention, Schema
from logire.corpus.dump import write_dump
from logire.corpus.prepared import write_prepared

SCHEMA = Schema(("capital_of", "city_in", "lives_in", "spouse_of", "parent_of", "child_of"), ("PER", "LOC"))
CAPITAL, CITY, LIVES, SPOUSE, PARENT, CHILD = range(6)


def truth_of(rng: np.random.Generator, kinds: list[str]) -> np.ndarray:
    """(N, N, R) random facts that obey docs/constraints.md's file."""
    n = len(kinds)
    truth = np.zeros((n, n, 6), dtype=np.bool_)
    people, places = ([i for i, kind in enumerate(kinds) if kind == one] for one in SCHEMA.types)
    for place, other in itertools.pairwise(places):
        truth[place, other, CITY] = True
        truth[place, other, CAPITAL] = rng.random() < 0.6
    for person in people:
        if places:
            truth[person, rng.choice(places), LIVES] = True
    for one, other in itertools.pairwise(people):
        if rng.random() < 0.5:
            truth[one, other, SPOUSE] = truth[other, one, SPOUSE] = True
        else:
            truth[one, other, PARENT] = truth[other, one, CHILD] = True
    return truth


def world(folder: Path) -> None:
    """Write ``documents/`` and ``logits.safetensors``."""
    rng = np.random.default_rng(4)
    splits: dict[str, list[Document]] = {}
    logits: dict[str, dict[str, np.ndarray]] = {}
    for split, count in (("train", 40), ("dev", 20), ("test", 12)):
        splits[split], logits[split] = [], {}
        for number in range(count):
            title, n = f"{split} {number}", int(rng.integers(4, 8))
            kinds = [str(kind) for kind in rng.choice(SCHEMA.types, n)]
            truth = truth_of(rng, kinds)
            facts = tuple(Fact(h, SCHEMA.relations[r], t) for h, t, r in np.argwhere(truth).tolist())
            entities = tuple(Entity((Mention(f"e{i}", 0, i, i + 1, kind),)) for i, kind in enumerate(kinds))
            splits[split].append(Document(title, (tuple(f"e{i}" for i in range(n)),), entities, facts))
            logits[split][title] = (rng.normal(-2.5, 1.5, truth.shape) + 4.5 * truth).astype(np.float32)
    write_prepared(folder / "documents", splits, SCHEMA, name="world", synthetic=True)
    write_dump(folder / "logits.safetensors", logits)


def fit(folder: Path) -> None:
    """Write ``run/``, of LogiRE+ on the logits alone."""
    settings = json.dumps({"context": []})
    words = ["fit", "--method", "logire_plus", "--documents", folder / "documents", "--seed", 1, "--settings", settings]
    assert run([*map(str, words), "--logits", str(folder / "logits.safetensors"), "--out", str(folder / "run")]) == 0
