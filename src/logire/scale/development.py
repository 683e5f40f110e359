"""Dev documents scored by many fits at the price of one grounding, a few documents at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from logire.corpus.document import FloatArray
from logire.corpus.dump import ScoredDocument
from logire.ground.thresholds import Threshold
from logire.rules.context import context_values
from logire.rules.grounding import Split
from logire.rules.plus.design import Fits
from logire.scale.batches import Ground


@dataclass(frozen=True)
class Development:
    """Dev documents and their scores by each fit, before blending.

    Attributes:
        split: the documents laid out.
        scores: for each penalty (rows,), in the precision of predictions.
    """

    split: Split
    scores: tuple[FloatArray, ...]

    @classmethod
    def of(cls, documents: Sequence[ScoredDocument], fits: Fits, ground: Ground) -> Self:
        """Ground the documents and score them by every fit."""
        queries = ground.queries
        split = Split.of(documents, queries)
        instances = split.instances
        scores = tuple(np.zeros(len(instances), dtype=np.float32) for _ in fits.fits)
        for batch in ground.batches(documents):
            part = Split.of(documents[batch], queries)
            grounded = part.ground(ground.rules)
            values = context_values(documents[batch], part.instances, queries, fits.fits[0][1].names)
            # The batch's rows of a query type lie together among the split's.
            first = instances.start[:-1] + instances.document_start[:, batch.start]
            shift = np.repeat(first - part.instances.start[:-1], np.diff(part.instances.start))
            rows = np.arange(len(part.instances)) + shift
            for total, (extractor, context) in zip(scores, fits.fits, strict=True):
                total[rows] = extractor.scores(grounded) + context.scores(values, part.instances)
        return cls(split, scores)

    def threshold(self, number: int, blend: float) -> Threshold:
        """The best threshold of one fit, by its number, at a blend."""
        # Scores are linear in the weights, so they blend as weights do, to rounding.
        blended = blend * self.scores[number].astype(np.float64)
        blended += (1.0 - blend) * self.split.instances.logits
        return self.split.threshold(blended, unseen=True)
