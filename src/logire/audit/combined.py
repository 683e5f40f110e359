"""The model's margin and what rules say of the labels, weighed together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from logire.corpus.document import BoolArray, FloatArray
from logire.ground.thresholds import best_threshold

Doubles = npt.NDArray[np.float64]

RIDGE = 1.0
"""Pulls the two weights to 0: half of it times their squares is added to the cost."""
FAR = -10.0
"""Candidates below this margin, without label and without a rule, teach nothing: they are left out."""
WIDEST = 30.0
"""Margins are cut to [-30, 30]: a score of a rejected type is a thousand below."""
SMALL = 0.02
STEPS = 50


def evidence(confidence: npt.NDArray[np.floating]) -> Doubles:
    """A confidence as a logit above that of none: 0 where no rule speaks."""
    wide = np.asarray(confidence, dtype=np.float64)
    found: Doubles = np.log((wide + SMALL) / (1 - wide + SMALL)) - np.log(SMALL / (1 + SMALL))
    return found


@dataclass(frozen=True)
class Combined:
    """value = shift + own * margin + rules * evidence(confidence); a label is likely where it is above 0.

    Attributes:
        shift: so that 0 is the value with the best F1 on the documents that it was fitted on.
        own, rules: the two weights.
    """

    shift: float
    own: float
    rules: float

    @classmethod
    def of(cls, margins: Sequence[FloatArray], confidences: Sequence[FloatArray], labels: Sequence[BoolArray]) -> Self:
        """Fit the weights by logistic regression, to documents that neither the model nor the rules were fitted on.

        Args:
            margins, confidences, labels: (N, N, R) of each document.
        """
        rows, right = [], []
        for margin, confidence, label in zip(margins, confidences, labels, strict=True):
            kept = ~np.eye(len(label), dtype=np.bool_)[:, :, None] & (label | (confidence > 0) | (margin > FAR))
            own = np.clip(margin[kept].astype(np.float64), -WIDEST, WIDEST)
            rows.append(np.stack([np.ones(len(own)), own, evidence(confidence[kept])], axis=1))
            right.append(label[kept])
        features, labelled = np.concatenate(rows), np.concatenate(right)
        weights = logistic(features, labelled)
        theta = best_threshold(features[:, 1:] @ weights[1:], labelled).theta
        return cls(-float(theta), float(weights[1]), float(weights[2]))

    def values(self, margins: FloatArray, confidences: FloatArray) -> Doubles:
        """(N, N, R)"""
        own = np.clip(margins.astype(np.float64), -WIDEST, WIDEST)
        return self.shift + self.own * own + self.rules * evidence(confidences)


def logistic(features: Doubles, labels: BoolArray) -> Doubles:
    """The weights with the best likelihood under the ridge; the first feature is the constant, and is not pulled.

    Newton's steps, halved while they make things worse.
    """
    ridge = RIDGE * (np.arange(features.shape[1]) > 0)

    def cost(weights: Doubles) -> float:
        scores = features @ weights
        return float(np.logaddexp(0, scores).sum() - scores[labels].sum() + (ridge * weights**2).sum() / 2)

    weights = np.zeros(features.shape[1])
    value = cost(weights)
    for _ in range(STEPS):
        probability = 1 / (1 + np.exp(-np.clip(features @ weights, -500, 500)))
        gradient = features.T @ (probability - labels) + ridge * weights
        curvature = (features * (probability * (1 - probability))[:, None]).T @ features + np.diag(ridge + 1e-9)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while size > 1e-6 and cost(weights - size * step) > value:
            size /= 2
        after = cost(weights - size * step)
        if value - after <= 1e-9 * abs(value):
            break
        weights, value = weights - size * step, after
    return weights
