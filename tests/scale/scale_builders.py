"""What the tests of fits on shards share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from logire.corpus.document import Schema
from logire.corpus.dump import ScoredDocument, scored
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.sources.embedded import prepare_embedded
from logire.rules.plus.settings import LogiREPlusSettings
from logire.scale.sampling import Sampling
from logire.scale.work import Work

EVERYTHING = Sampling(floor=1.0, times=0.0)
FEW = Sampling(floor=0.05, times=2.0)


@dataclass(frozen=True)
class Pieces:
    """Documents in memory, in parts."""

    schema: Schema
    parts: Sequence[list[ScoredDocument]]

    def __len__(self) -> int:
        return len(self.parts)

    def read(self, number: int) -> list[ScoredDocument]:
        return self.parts[number]


def pieces(schema: Schema, documents: Sequence[ScoredDocument], parts: int) -> Pieces:
    """The documents cut into parts that follow one another."""
    bounds = [len(documents) * k // max(parts, 1) for k in range(parts + 1)]
    return Pieces(schema, [list(documents[a:b]) for a, b in pairwise(bounds)])


def work_on(
    folder: Path,
    shards: Pieces,
    settings: LogiREPlusSettings,
    sampling: Sampling = EVERYTHING,
    seed: int = 1,
) -> Work:
    return Work(folder, "key", shards, settings, sampling, seed)


@cache
def embedded() -> tuple[Schema, list[ScoredDocument], list[ScoredDocument]]:
    """A small embedded corpus: its training and dev documents with noisy logits, a third of the facts hidden."""
    with TemporaryDirectory() as folder:
        prepare_embedded(Path(folder) / "corpus", documents=(40, 12, 12))
        corpus = PreparedCorpus.open(Path(folder) / "corpus")
        rng = np.random.default_rng(0)
        splits = [
            [scored(d, noisy_logits(corpus.schema.labels(d), rng), corpus.schema) for d in corpus.documents(split)]
            for split in ("train", "dev")
        ]
    return corpus.schema, *splits


def noisy_logits(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    seen = labels & (rng.random(labels.shape) > 0.3)
    return (np.where(seen, 4.0, -6.0) + rng.normal(0, 1, labels.shape)).astype(np.float32)
