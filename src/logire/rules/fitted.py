"""What a fit leaves behind, whichever method fitted it: data alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch

from logire.corpus.document import FloatArray
from logire.corpus.dump import ScoredDocument
from logire.rules.grounding import unseen
from logire.rules.queries import QueryTypes
from logire.rules.stages import ExtractorStage, Stage

REJECTED = -1000.0
"""The score of a candidate that the type filter rejects (as in the authors' code)."""


@dataclass(frozen=True)
class Fitted:
    """What a fit leaves behind.

    Attributes:
        queries: the query types seen in training.
        stages: what makes scores of logits, in turn.
        rejects_unseen: whether candidates of no query type are rejected; else they keep the backbone's logit.
        theta: the threshold with the best dev F1, and ``dev_f1`` that F1 (0 to 1).
        kept: the iteration or round that was kept, counted as the history counts them.
        table: the rules to read; columns as in :data:`logire.rules.ruletable.COLUMNS`.
        history: what was tried; its first column counts iterations or rounds.
        generator: the parameters of the rule generator, where one was learnt.
    """

    queries: QueryTypes
    stages: tuple[Stage, ...]
    rejects_unseen: bool
    theta: float
    dev_f1: float
    kept: int
    table: pd.DataFrame
    history: pd.DataFrame
    generator: Mapping[str, torch.Tensor] = field(default_factory=dict)

    @property
    def explained_from(self) -> int:
        """The place of the last extractor among the stages: explanations begin there."""
        return max(k for k, stage in enumerate(self.stages) if isinstance(stage, ExtractorStage))

    @property
    def last(self) -> ExtractorStage:
        """The last extractor, whose rules the table shows."""
        stage = self.stages[self.explained_from]
        assert isinstance(stage, ExtractorStage)
        return stage

    def finished(self, documents: Sequence[ScoredDocument]) -> list[FloatArray]:
        """The final scores (N, N, R) of documents that all stages have rescored."""
        result = []
        for document in documents:
            rejected = np.eye(len(document.types), dtype=np.bool_)[:, :, None]
            if self.rejects_unseen:
                rejected = rejected | unseen(document, self.queries)
            result.append(np.where(rejected, np.float32(REJECTED), document.logits))
        return result
