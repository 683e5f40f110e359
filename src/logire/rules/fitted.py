"""What a fit leaves behind, whichever method fitted it: data alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from logire.corpus.document import FloatArray
from logire.corpus.dump import ScoredDocument
from logire.rules.grounding import unseen
from logire.rules.queries import QueryTypes
from logire.rules.stages import ExtractorStage, Stage

if TYPE_CHECKING:
    import pandas as pd  # a third of a second, which predicting does without

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
        read_table, read_history: give ``table`` and ``history`` when they are first asked for.
        generator: the parameters of the rule generator, where one was learnt.
        dev: the dev documents with the last stage's scores for logits, where the fit has them at hand; not stored.
    """

    queries: QueryTypes
    stages: tuple[Stage, ...]
    rejects_unseen: bool
    theta: float
    dev_f1: float
    kept: int
    read_table: Callable[[], pd.DataFrame]
    read_history: Callable[[], pd.DataFrame]
    generator: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    dev: tuple[ScoredDocument, ...] = ()

    @cached_property
    def table(self) -> pd.DataFrame:
        """The rules to read; columns as in :data:`logire.rules.ruletable.COLUMNS`."""
        return self.read_table()

    @cached_property
    def history(self) -> pd.DataFrame:
        """What was tried; its first column counts iterations or rounds."""
        return self.read_history()

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
