"""The stages of a fitted rule model: each takes scored documents and gives them back with new scores for logits.

Whoever fitted them, a model predicts by applying its stages in turn (:func:`apply_all`), and explains a score by what
each of them added to it (``parts``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from logire.corpus.dump import NEVER, ScoredDocument
from logire.rules.convex import Doubles
from logire.rules.explain import BestPaths, Part, Reason
from logire.rules.extractor import Extractor
from logire.rules.grounding import Split, sigmoid
from logire.rules.queries import Body, QueryTypes, RuleSet

Matrix = npt.NDArray[np.float32]

Parts = Callable[[int, int, int], Part]
"""Of one document: (head, tail, relation) to how a stage made that candidate's score."""


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

    def split(self, documents: Sequence[ScoredDocument], queries: QueryTypes) -> Split:
        """The documents laid out with this stage's probabilities of the atoms."""
        return Split.of(documents, queries, atoms=self._calibrated(documents))

    def apply(self, documents: Sequence[ScoredDocument], queries: QueryTypes) -> list[ScoredDocument]:
        """The documents with the extractor's scores for logits."""
        split = self.split(documents, queries)
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


@dataclass(frozen=True)
class ClosureStage:
    """Scores closed under rules: a fact is drawn toward the weakest atom of a rule's best grounding path.

        closed(h, r, t) = max( score(h, r, t),  max over rules r <- body, over h = e_0, ..., e_l = t of
                                                min_i score(e_{i-1}, r_i, e_i) )
        score'(h, r, t) = (1 - strength) score(h, r, t) + strength closed(h, r, t)

    With strength 1 the predictions at every threshold are those of before, and what the rules conclude from them in
    one step.

    Attributes:
        rules: the rules that are trusted.
        strength: how far a score goes toward what they conclude (0 < strength <= 1).
    """

    rules: RuleSet
    strength: float

    def apply(self, documents: Sequence[ScoredDocument], queries: QueryTypes) -> list[ScoredDocument]:
        """The documents with their logits drawn toward the closed ones."""
        full = closed(documents, self.rules, queries)
        return [partly(d, c, self.strength) for d, c in zip(documents, full, strict=True)]

    def parts(self, document: ScoredDocument, queries: QueryTypes) -> Parts:
        """How the scores are made of the document that the stage takes: its own, and the rule that raises it if any."""
        paths = BestPaths(document.logits, joined=np.minimum)

        def part(head: int, tail: int, relation: int) -> Part:
            logit = float(document.logits[head, tail, relation])
            kept = Part(bias=0.0, residual=logit, reasons=())
            q = int(queries.index[relation, document.types[head], document.types[tail]])
            bodies = self.rules.bodies[self.rules.query(q)] if q >= 0 else ()
            found = [(body, paths.find(body, head, tail)) for body in bodies]
            if not found:
                return kept
            body, path = max(found, key=lambda item: min(item[1].scores))  # the first of equals
            added = self.strength * (min(path.scores) - logit)
            if added <= 0:
                return kept
            probabilities = tuple(float(expit(score)) for score in path.scores)
            reason = Reason(body, self.strength, replace(path, scores=probabilities), closing=added)
            return replace(kept, reasons=(reason,))

        return part


Stage = ExtractorStage | ClosureStage


def apply_all(
    stages: Sequence[Stage], documents: Sequence[ScoredDocument], queries: QueryTypes
) -> list[ScoredDocument]:
    """The documents after all stages in turn."""
    result = list(documents)
    for stage in stages:
        result = stage.apply(result, queries)
    return result


def partly(document: ScoredDocument, full: ScoredDocument, strength: float) -> ScoredDocument:
    """``document`` with its logits moved toward those of ``full``, which are nowhere lower."""
    share = np.float32(strength)
    # A score that is not raised keeps its very bits.
    mixed = np.where(
        full.logits > document.logits, (1 - share) * document.logits + share * full.logits, document.logits
    )
    return replace(document, logits=mixed)


def closed(documents: Sequence[ScoredDocument], rules: RuleSet, queries: QueryTypes) -> list[ScoredDocument]:
    """The documents with their logits closed under ``rules`` in one step. Cost: N^3 a prefix of a body."""
    return [replace(document, logits=_close(document, rules, queries)) for document in documents]


def _close(document: ScoredDocument, rules: RuleSet, queries: QueryTypes) -> Matrix:
    result = document.logits.copy()
    reached: dict[Body, Matrix] = {}
    of_type = {int(kind): np.flatnonzero(document.types == kind) for kind in np.unique(document.types)}
    for body, q in zip(rules.bodies, rules.query_of_rule, strict=True):
        relation, head_type, tail_type = queries.triples[q].tolist()
        if head_type in of_type and tail_type in of_type:
            cells = np.ix_(of_type[head_type], of_type[tail_type])
            found = best_weakest(document.logits, body, reached)[cells]
            result[(*cells, relation)] = np.maximum(result[(*cells, relation)], found)
    diagonal = np.arange(len(result))
    result[diagonal, diagonal] = NEVER
    return result


def best_weakest(logits: Matrix, body: Body, known: dict[Body, Matrix]) -> Matrix:
    """(N, N) the largest over grounding paths of the smallest logit on the path.

    Args:
        known: what was computed before for this document, by body; added to.
    """
    if body not in known:
        relations = logits.shape[2]
        atom = body[-1]
        matrix = logits[:, :, atom] if atom < relations else logits[:, :, atom - relations].T
        if len(body) > 1:
            left = best_weakest(logits, body[:-1], known)
            matrix = np.stack([np.minimum(row[:, None], matrix).max(axis=0) for row in left])
        known[body] = matrix
    return known[body]
