"""A generated corpus of any size as shards, with planted rules: what `logire scale fit` is measured on.

    python benchmarks/planted.py OUT --documents 10000

writes ``OUT/shards`` (training documents), ``OUT/corpus`` (a prepared corpus whose dev and test are clean),
``OUT/logits.safetensors`` (its dump) and ``OUT/rules.csv`` (what was planted).

The shape is that of DocRED's distant set: 96 relations, 6 types, about 19.5 entities and 15 labelled facts a document,
some of the facts left out of the training labels and some wrong ones put in. Logits are made up: high for facts, lower
for those that a rule implies, now and then high for a relation that is mistaken for another one. Document
k is the same whatever the number of documents.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from logire.corpus.document import BoolArray, Document, Entity, Fact, FloatArray, IntArray, Mention, Schema
from logire.corpus.dump import write_dump
from logire.corpus.prepared import SPLITS, write_prepared
from logire.corpus.shards import cut, write_shards
from logire.ground.runtime import derive_seed

TYPES = {"LOC": 0.30, "TIME": 0.19, "PER": 0.16, "MISC": 0.15, "ORG": 0.14, "NUM": 0.06}
"""Type -> its share of the entities, as in DocRED."""
RELATIONS = 96
RARE_TYPES, RARE = 4, 0.1
"""Each relation has one pair of types, and this many others that this share of its facts has."""
SMALL = 8
"""Entities of the smallest document."""
RULES = {1: 6, 2: 10}
"""Atoms -> planted rules of so many; no two share a relation."""
CONFIDENCES = (1.0, 0.8)
"""Of the planted rules, in turn."""
GROUNDED, PLAIN = 2.3, 12.0
"""Mean number of planted groundings and of other facts in a document."""
MISSING, WRONG = 0.2, 0.2
"""Of the training facts, the share not labelled, and the number of wrong labels for each right one."""
NAMES = 3000
"""Names of each type."""
SHARD = 200
"""Documents of a shard."""

Triple = tuple[int, int, int]


class Planted(NamedTuple):
    """``relation <- body``; an atom r + R is the inverse of r."""

    relation: int
    body: tuple[int, ...]
    confidence: float


@dataclass(frozen=True)
class World:
    """What all documents share.

    Attributes:
        pairs: (R, 1 + rare, 2) head and tail type of each relation, the usual ones first.
        share: (R,) of each relation among plain facts. mistaken: (R,) the relation that each is mistaken for.
    """

    seed: int
    schema: Schema
    pairs: IntArray
    share: npt.NDArray[np.float64]
    mistaken: IntArray
    rules: tuple[Planted, ...]

    @classmethod
    def of(cls, seed: int) -> World:
        rng = np.random.default_rng(derive_seed(seed, "planted", "world"))
        chance = np.array(list(TYPES.values()))
        pairs = rng.choice(len(TYPES), (RELATIONS, 1 + RARE_TYPES, 2), p=chance)
        free, rules = iter(rng.permutation(RELATIONS).tolist()), []
        for atoms, number in RULES.items():
            for k in range(number):
                head, *body = (next(free) for _ in range(atoms + 1))
                types = rng.choice(len(TYPES) - 1, atoms + 1, p=chance[:-1] / chance[:-1].sum())
                pairs[head, 0] = types[0], types[-1]
                turned = rng.random(atoms) < 0.3
                for step, relation in enumerate(body):
                    here = types[step : step + 2]
                    pairs[relation, 0] = here[::-1] if turned[step] else here
                written = tuple(r + RELATIONS * int(inverse) for r, inverse in zip(body, turned, strict=True))
                rules.append(Planted(head, written, CONFIDENCES[k % len(CONFIDENCES)]))
        share = 1 / (2.0 + rng.permutation(RELATIONS))
        mistaken = (np.arange(RELATIONS) + rng.integers(1, RELATIONS, RELATIONS)) % RELATIONS
        schema = Schema(tuple(f"R{r:02d}" for r in range(RELATIONS)), tuple(TYPES))
        return cls(seed, schema, pairs, share / share.sum(), mistaken, tuple(rules))

    def document(self, split: str, number: int) -> tuple[Document, FloatArray]:
        """Document ``number`` of a split, and its logits (N, N, R)."""
        rng = np.random.default_rng(derive_seed(self.seed, "planted", split, number))
        n = max(SMALL, round(rng.normal(19.5, 5.5)))
        types = rng.choice(len(TYPES), n, p=list(TYPES.values()))
        facts, hard = self._facts(rng, types)
        logits = self._logits(rng, facts, hard)
        labels = self._noisy(rng, facts, types) if split == "train" else facts
        names = [f"{self.schema.types[kind]}{k}" for kind, k in zip(types, rng.permutation(NAMES)[:n], strict=True)]
        tokens = tuple(token for name in names for token in (name, "and"))
        entities = tuple(
            Entity((Mention(name, 0, 2 * i, 2 * i + 1, self.schema.types[types[i]]),)) for i, name in enumerate(names)
        )
        told = tuple(Fact(int(h), self.schema.relations[r], int(t)) for h, t, r in np.argwhere(labels))
        return Document(f"{split}-{number:06d}", (tokens,), entities, told), logits

    def documents(self, split: str, count: int) -> Iterator[tuple[Document, FloatArray]]:
        return (self.document(split, number) for number in range(count))

    def _facts(self, rng: np.random.Generator, types: IntArray) -> tuple[BoolArray, BoolArray]:
        """(N, N, R) the facts, closed under the planted rules but for their exceptions; those that a rule implies."""
        facts = np.zeros((len(types), len(types), RELATIONS), dtype=np.bool_)
        for relation in rng.choice(RELATIONS, rng.poisson(PLAIN), p=self.share).tolist():
            self._put(rng, facts, types, relation)
        for k in rng.integers(len(self.rules), size=rng.poisson(GROUNDED)).tolist():
            before: int | None = None
            for atom in self.rules[k].body:
                before = self._put(rng, facts, types, atom, before)
                if before is None:
                    break
        hard = np.zeros_like(facts)
        different = ~np.eye(len(types), dtype=np.bool_)
        for rule in self.rules:
            steps = [facts[:, :, a] if a < RELATIONS else facts[:, :, a - RELATIONS].T for a in rule.body]
            joined = steps[0] if len(steps) == 1 else steps[0].astype(np.float32) @ steps[1].astype(np.float32) > 0
            head, tail = self.pairs[rule.relation, 0]
            joined = joined & different & (types == head)[:, None] & (types == tail)
            if joined.any():
                implied = joined & (rng.random(joined.shape) < rule.confidence) & ~facts[:, :, rule.relation]
                facts[:, :, rule.relation] |= implied
                hard[:, :, rule.relation] |= implied
        return facts, hard

    def _put(
        self, rng: np.random.Generator, facts: BoolArray, types: IntArray, atom: int, head: int | None = None
    ) -> int | None:
        """Add a fact of an atom between entities of its types, from ``head`` if given; the entity that it leads to."""
        relation, inverse = atom % RELATIONS, atom >= RELATIONS
        rare = head is None and not inverse and rng.random() < RARE
        kinds = self.pairs[relation, rng.integers(1, 1 + RARE_TYPES) if rare else 0]
        first, last = kinds[::-1] if inverse else kinds
        start = np.flatnonzero(types == first) if head is None else np.array([head])
        end = np.flatnonzero(types == last)
        if not len(start) or not len(end):
            return None
        h, t = int(rng.choice(start)), int(rng.choice(end))
        if h == t:
            return None
        facts[(t, h, relation) if inverse else (h, t, relation)] = True
        return t

    def _logits(self, rng: np.random.Generator, facts: BoolArray, hard: BoolArray) -> FloatArray:
        logits = rng.standard_normal(facts.shape, dtype=np.float32) * 2.5 - 16
        h, t, r = np.nonzero(facts)
        value = np.where(hard[h, t, r], -2.5, 2.0) + rng.normal(0, 2.0, len(h))
        confused = rng.random(len(h)) < 0.4
        other = h[confused], t[confused], self.mistaken[r[confused]]
        logits[other] = rng.normal(-0.5, 1.5, confused.sum())
        logits[t, h, r] = np.maximum(logits[t, h, r], rng.normal(-4.0, 1.5, len(h)))
        logits[h, t, r] = value
        return logits

    def _noisy(self, rng: np.random.Generator, facts: BoolArray, types: IntArray) -> BoolArray:
        labels = facts & (rng.random(facts.shape, dtype=np.float32) >= MISSING)
        for relation in rng.choice(RELATIONS, rng.poisson(WRONG * labels.sum()), p=self.share).tolist():
            self._put(rng, labels, types, relation)
        return labels

    def write(self, out: Path, documents: int, others: int) -> None:
        """Write the shards, the prepared corpus with its dump, and the planted rules.

        Args:
            others: documents of dev, and of test; the prepared corpus has as many of the training documents.
        """
        write_shards(out / "shards", self.schema, cut(self.documents("train", documents), SHARD))
        found = {split: list(self.documents(split, others)) for split in SPLITS}
        texts = {split: [document for document, _ in pairs] for split, pairs in found.items()}
        write_prepared(out / "corpus", texts, self.schema, name="planted", synthetic=True)
        logits = {split: {document.title: array for document, array in pairs} for split, pairs in found.items()}
        write_dump(out / "logits.safetensors", logits)
        with (out / "rules.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("relation", "head_type", "tail_type", "body", "confidence"))
            for rule in self.rules:
                types = [self.schema.types[k] for k in self.pairs[rule.relation, 0]]
                atoms = [("~" if a >= RELATIONS else "") + self.schema.relations[a % RELATIONS] for a in rule.body]
                rows.writerow((self.schema.relations[rule.relation], *types, " ^ ".join(atoms), rule.confidence))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--documents", type=int, default=1000, help="training documents")
    parser.add_argument("--others", type=int, default=300, help="documents of dev, and of test")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.process_time()
    World.of(options.seed).write(options.out, options.documents, options.others)
    print(f"{options.documents} documents in {time.process_time() - started:.1f} seconds of one core: {options.out}")


if __name__ == "__main__":
    main()
