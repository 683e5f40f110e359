"""Consistency: a document's facts decided together, so that they obey what the training labels obey.

    maximise    sum over the predicted facts of  score(h, r, t) - theta
    subject to  where the body of a trusted rule is predicted, its head is;  no denial is broken

solved exactly (:mod:`logire.rules.programme`). A closure only raises scores; here a weak body may be given up as well.
The facts of a document that no constraint joins are decided as their scores say.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from logire.corpus.document import BoolArray, FloatArray
from logire.corpus.dump import ScoredDocument, dev_threshold
from logire.ground.thresholds import Threshold, f1_of_facts
from logire.rules.closure import Chosen
from logire.rules.explain import BestPaths, Part, Parts, Reason
from logire.rules.layout import sigmoid
from logire.rules.queries import QueryTypes, Rule
from logire.rules.trusted import Denials, Mined, mine_denials

log = logging.getLogger(__name__)

OFFSETS = (0.0, -0.25, 0.25, -0.5, 0.5)
"""Thresholds to choose from, as logits from the best one without constraints."""
DENIED = 0.98
"""The least share of the cases in which a denial must hold: a wrong one takes right facts away."""


@dataclass(frozen=True)
class ConsistencyStage:
    """Scores that reach ``theta`` where the programme predicts the fact, and nowhere else.

    A score on the right side of ``theta`` keeps its very bits; others move to it, or just below it.

    Attributes:
        rules: of any types; they conclude facts of the query types alone.
        theta: a number of single precision, as scores are.
    """

    rules: tuple[Rule, ...]
    denials: Denials
    theta: float

    def apply(self, documents: Sequence[ScoredDocument], queries: QueryTypes) -> list[ScoredDocument]:
        """The documents with the scores of facts that must change moved to the threshold."""
        result, unproved = [], 0
        for document in documents:
            facts, left = self._decided(document, queries)
            result.append(replace(document, logits=self._moved(document.logits, facts)))
            unproved += left
        if unproved:
            log.warning("%d groups of facts: the best decision found, not proved to be the best", unproved)
        return result

    def parts(self, documents: Sequence[ScoredDocument], queries: QueryTypes) -> list[Parts]:
        """For each document that the stage takes, how scores are made: its own, and what the constraints change."""
        return [self._parts(document, queries) for document in documents]

    def _decided(self, document: ScoredDocument, queries: QueryTypes) -> tuple[BoolArray, int]:
        from logire.rules.joint import decide  # scipy's solver takes longer to import than a prediction
        from logire.rules.limits import limit_rows

        kinds = document.types
        allowed = queries.index[:, kinds[:, None], kinds[None, :]].transpose(1, 2, 0) >= 0
        below = np.nextafter(np.float32(self.theta), np.float32(-np.inf))  # who reaches theta gains something
        gains = document.logits.astype(np.float64) - float(below)
        limits = partial(
            limit_rows,
            relations=document.logits.shape[2],
            tails=dict.fromkeys(self.denials.one_tail, 1),
            heads=dict.fromkeys(self.denials.one_head, 1),
            apart=self.denials.apart,
        )
        decided = decide(gains, self.rules, limits, allowed=allowed)
        return decided.facts, decided.unproved

    def _moved(self, scores: FloatArray, facts: BoolArray) -> FloatArray:
        theta = np.float32(self.theta)
        below = np.nextafter(theta, np.float32(-np.inf))
        return np.where(facts, np.maximum(scores, theta), np.minimum(scores, below))

    def _parts(self, document: ScoredDocument, queries: QueryTypes) -> Parts:
        facts, _ = self._decided(document, queries)
        moved = self._moved(document.logits, facts)
        paths = BestPaths(facts.astype(np.float32), joined=np.minimum)
        likely = sigmoid(document.logits)

        def part(head: int, tail: int, relation: int, most: int) -> Part:
            del most
            score = float(document.logits[head, tail, relation])
            change = float(moved[head, tail, relation]) - score
            kept = Part(bias=0.0, residual=score, reasons=())
            if change <= 0:
                return replace(kept, dropped=change)
            for body in (rule.body for rule in self.rules if rule.relation == relation):
                path = paths.find(body, head, tail)
                if min(path.scores) == 1.0:
                    steps = zip(path.entities, body, path.entities[1:], strict=False)
                    scores = tuple(_score(likely, one, atom, other) for one, atom, other in steps)
                    reason = Reason(body, 1.0, replace(path, scores=scores), closing=change)
                    return replace(kept, reasons=(reason,))
            raise AssertionError("a fact without gain is decided only because a rule demands it")

        return part


def choose_consistency(
    confidences: Sequence[float],
    mined: Mined,
    train: Sequence[ScoredDocument],
    dev: Sequence[ScoredDocument],
    queries: QueryTypes,
) -> Chosen[ConsistencyStage]:
    """The confidence and the threshold with the best F1 on dev; of equals the highest confidence.

    First the confidence is chosen at the best threshold without constraints, then the threshold.

    Args:
        confidences: of the rules to choose from.
        dev: documents with scores for logits.
    """
    denials = mine_denials(train, dev[0].logits.shape[2], share=DENIED, least=mined.least)
    alone = np.float32(dev_threshold(dev).theta)
    tried: list[dict[str, float]] = []
    best: tuple[float, float, ConsistencyStage, list[ScoredDocument]] | None = None

    def attempt(confidence: float, offset: float) -> None:
        nonlocal best
        stage = ConsistencyStage(mined.of_any_types(confidence), denials, float(alone + np.float32(offset)))
        found = stage.apply(dev, queries)
        f1 = f1_of_facts((d.logits >= stage.theta, d.labels) for d in found)
        tried.append({"consistency": confidence, "dev_f1": f1, "theta": stage.theta})
        if best is None or f1 > best[0]:
            best = f1, confidence, stage, found

    for confidence in sorted(confidences, reverse=True):
        attempt(confidence, OFFSETS[0])
    assert best is not None, "there is a confidence to choose"
    for offset in OFFSETS[1:]:
        attempt(best[1], offset)
    f1, _, stage, found = best
    return Chosen(stage, Threshold(stage.theta, f1), tried, found)


def _score(scores: FloatArray, one: int, atom: int, other: int) -> float:
    """The score of the fact that an atom between two entities is."""
    relations = scores.shape[2]
    return float(scores[one, other, atom] if atom < relations else scores[other, one, atom - relations])
