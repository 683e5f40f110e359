"""The training candidates that a round is fitted on: all of them, or all facts and a sample of the others.

Most candidates are no facts, and nearly all of those are plainly none. So the likely ones are kept, and of the others
a share (local case-control sampling, Fithian and Hastie 2014, with the incoming logit as the pilot):

    pi(x) = min(1, max(share, LIKELY sigmoid(logit)))         the chance that a candidate without the relation is kept

Facts are always kept. Among what is kept the log-odds are larger by -log pi(x), which is known: it enters the fit as an
offset, and the weights estimate what they would from everything. With ``share`` 1 they are the very same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from logire.corpus.document import BoolArray, FloatArray, IntArray
from logire.corpus.dump import ScoredDocument
from logire.ground.runtime import derive_seed
from logire.rules.grounding import Grounded
from logire.rules.layout import Instances, sigmoid
from logire.rules.queries import QueryTypes

LIKELY = 20.0
"""A candidate of probability 1 / 20 or more is always kept."""


class Rows(NamedTuple):
    """Candidates of one query type.

    Attributes:
        features: (n, rules) phi. labels, logits: (n,). values: (n, F) context features.
        offset: (n,) -log pi.
    """

    features: FloatArray
    labels: BoolArray
    logits: FloatArray
    values: FloatArray
    offset: FloatArray


@dataclass(frozen=True)
class Batch:
    """The candidates of some documents, query type by query type.

    Attributes:
        start: (Q + 1,) first row of each query type. widths: (Q,) its number of rules.
        features: flat, of query type q a (rows, rules) matrix. labels, logits, offset: (rows,). values: (rows, F).
    """

    start: IntArray
    widths: IntArray
    features: FloatArray
    labels: BoolArray
    logits: FloatArray
    values: FloatArray
    offset: FloatArray

    @classmethod
    def of(cls, grounded: Grounded, values: FloatArray) -> Batch:
        """All candidates, without a copy."""
        found, widths = grounded.instances, np.diff(grounded.rules.start)
        offset = np.zeros(len(found), dtype=np.float32)
        return cls(found.start, widths, grounded.values, found.labels, found.logits, values, offset)

    def sampled(self, chance: FloatArray, kept: BoolArray) -> Batch:
        """The candidates that were kept.

        Args:
            chance: (rows,) pi; ``kept``: (rows,).
        """
        start = np.concatenate([[0], np.cumsum(kept)])[self.start]
        parts = [self._features(q)[kept[self._rows(q)]].ravel() for q in range(len(self.widths))]
        offset = -np.log(chance[kept])
        features = np.concatenate(parts) if parts else self.features[:0]
        return Batch(start, self.widths, features, self.labels[kept], self.logits[kept], self.values[kept], offset)

    def rows(self, q: int) -> Rows:
        """Those of one query type."""
        at = self._rows(q)
        return Rows(self._features(q), self.labels[at], self.logits[at], self.values[at], self.offset[at])

    @cached_property
    def _feature_start(self) -> IntArray:
        return np.concatenate([[0], np.cumsum(np.diff(self.start) * self.widths)]).astype(np.int64)

    def _rows(self, q: int) -> slice:
        return slice(int(self.start[q]), int(self.start[q + 1]))

    def _features(self, q: int) -> FloatArray:
        flat = self.features[self._feature_start[q] : self._feature_start[q + 1]]
        return flat.reshape(-1, int(self.widths[q]))

    def stored(self, folder: Path, number: int) -> Batch:
        """The same in files, which are read where they are asked for."""
        found: dict[str, npt.NDArray[Any]] = {}
        for name in ("features", "labels", "logits", "values", "offset"):
            file, array = folder / f"{number}-{name}.npy", getattr(self, name)
            np.save(file, array, allow_pickle=False)
            # An empty file cannot be mapped.
            found[name] = np.load(file, mmap_mode="r" if array.size else None, allow_pickle=False)
        return replace(self, **found)


def sample(
    batch: Batch,
    documents: Sequence[ScoredDocument],
    instances: Instances,
    queries: QueryTypes,
    share: float,
    seed: int,
) -> Batch:
    """All facts of a batch and a sample of its other candidates.

    A candidate's draw follows from the seed, its document's title and its place there: how documents are cut into
    batches does not matter.

    Args:
        share: of the candidates that are no facts, the least that is kept.
    """
    if share >= 1:
        return batch
    relation = np.repeat(queries.triples[:, 0], np.diff(instances.start))
    order = np.argsort(instances.document, kind="stable")
    bounds = np.searchsorted(instances.document[order], np.arange(len(documents) + 1))
    drawn = np.empty(len(instances), dtype=np.float32)
    for d, document in enumerate(documents):
        at = order[bounds[d] : bounds[d + 1]]
        rng = np.random.default_rng(derive_seed(seed, "candidates", document.title))
        draws = rng.random(document.logits.shape, dtype=np.float32)
        drawn[at] = draws[instances.head[at], instances.tail[at], relation[at]]
    chance = np.clip(LIKELY * sigmoid(batch.logits), share, 1.0).astype(np.float32)
    return batch.sampled(chance, batch.labels | (drawn < chance))
