"""The stages of a fitted rule model: each takes scored documents and gives them back with new scores for logits.

Whoever fitted them, a model predicts by applying its stages in turn (:func:`apply_all`), and explains a score by what
each of them added to it (``parts``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from logire.corpus.dump import NEVER, ScoredDocument
from logire.rules.closure import ClosureStage
from logire.rules.convex import Doubles
from logire.rules.explain import BestPaths, Part, Parts, Reason
from logire.rules.extractor import Extractor
from logire.rules.grounding import Split
from logire.rules.layout import sigmoid
from logire.rules.queries import QueryTypes, RuleSet


@dataclass(frozen=True)
class Calibration:
    """The atoms' probabilities are sigmoid(scale * logit + shift); scale and shift are (R,)."""

    scale: Doubles
    shift: Doubles

    def apply(self, documents: Sequence[ScoredDocument]) -> list[ScoredDocument]:
        """The documents with calibrated logits."""
        result = []
        for document in documents:
            logits = (document.logits * self.scale + self.shift).astype(np.float32)
            diagonal = np.arange(len(logits))
            logits[diagonal, diagonal] = NEVER
            result.append(replace(document, logits=logits))
        return result


@dataclass(frozen=True)
class ExtractorStage:
    """Rules grounded on the logits and weighed by an extractor. Candidates of no query type keep their logit.

    Attributes:
        rules: the rules of every query type.
        extractor: their weights.
        calibration: of the atoms alone; the query's own logit enters the score as it is.
    """

    rules: RuleSet
    extractor: Extractor
    calibration: Calibration | None = None

    def apply(self, documents: Sequence[ScoredDocument], queries: QueryTypes) -> list[ScoredDocument]:
        """The documents with the extractor's scores for logits."""
        split = Split.of(documents, queries, atoms=self._calibrated(documents))
        return split.rescored(self.extractor.scores(split.ground(self.rules)))

    def parts(self, document: ScoredDocument, queries: QueryTypes) -> Parts:
        """How the scores are made of the document that the stage takes: each rule with its best grounding path."""
        paths = BestPaths(sigmoid(self._calibrated([document])[0].logits))

        def part(head: int, tail: int, relation: int) -> Part:
            q = int(queries.index[relation, document.types[head], document.types[tail]])
            logit = float(document.logits[head, tail, relation])
            if q < 0:
                return Part(bias=0.0, residual=logit, reasons=())
            of_query = self.rules.query(q)
            weighted = zip(self.rules.bodies[of_query], self.extractor.weights[of_query], strict=True)
            return Part(
                bias=float(self.extractor.bias[q]),
                residual=float(self.extractor.residual[q]) * logit,
                reasons=tuple(Reason(body, float(weight), paths.find(body, head, tail)) for body, weight in weighted),
            )

        return part

    def _calibrated(self, documents: Sequence[ScoredDocument]) -> Sequence[ScoredDocument]:
        return documents if self.calibration is None else self.calibration.apply(documents)


Stage = ExtractorStage | ClosureStage


def apply_all(
    stages: Sequence[Stage], documents: Sequence[ScoredDocument], queries: QueryTypes
) -> list[ScoredDocument]:
    """The documents after all stages in turn."""
    result = list(documents)
    for stage in stages:
        result = stage.apply(result, queries)
    return result
