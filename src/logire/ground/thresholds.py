"""The global decision threshold: a prediction is a score >= theta, theta the argmax of development F1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Threshold(NamedTuple):
    """The best threshold and the micro F1 (0 to 1) it gives on the scores it was chosen on."""

    theta: float
    f1: float


_REACH = 30
"""Predictions for each labelled fact that a threshold is first looked for among; see best_threshold."""


def best_threshold(
    scores: npt.NDArray[np.floating], labels: npt.NDArray[np.bool_], *, gold: int | None = None
) -> Threshold:
    """The threshold with the highest micro F1; of several, the highest one.

    Candidates with equal scores are taken together, as they are when the threshold is applied.

    Args:
        scores: (n,) a score for each candidate fact.
        labels: (n,) whether it is labelled.
        gold: number of labelled facts, if some are not among the candidates; they count as missed.

    Returns:
        theta = inf and f1 = 0 where there is nothing to find.
    """
    total = int(labels.sum()) if gold is None else gold
    if total == 0 or scores.size == 0 or not labels.any():
        return Threshold(float("inf"), 0.0)
    # Below the lowest labelled score F1 only falls: sort what lies above it.
    floor = scores[labels].min()
    most = _REACH * total
    if scores.size > 2 * most:
        # Of k predictions F1 is at most 2 total / (k + total): those past the first `most` hardly ever matter.
        high = np.partition(scores, scores.size - most)[scores.size - most]
        found = _best(scores, labels, max(float(floor), float(high)), total)
        if found.f1 > 2.0 * total / (most + total):
            return found
    return _best(scores, labels, float(floor), total)


def best_of_documents(
    documents: Iterable[tuple[npt.NDArray[np.floating], npt.NDArray[np.bool_]]],
) -> Threshold:
    """The threshold with the best micro F1 over all candidates h != t; facts with h = t count as missed.

    Args:
        documents: scores and labels (N, N, R) of each.
    """
    scores, labels, gold = [], [], 0
    for scored, labelled in documents:
        apart = ~np.eye(len(labelled), dtype=np.bool_)
        scores.append(scored[apart].ravel())
        labels.append(labelled[apart].ravel())
        gold += int(labelled.sum())
    return best_threshold(np.concatenate(scores), np.concatenate(labels), gold=gold)


def f1_of_facts(documents: Iterable[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]) -> float:
    """Micro F1 (0 to 1) of decided facts.

    Args:
        documents: decided facts and labels (N, N, R) of each.
    """
    predicted = correct = gold = 0
    for facts, labelled in documents:
        predicted += int(facts.sum())
        correct += int((facts & labelled).sum())
        gold += int(labelled.sum())
    return 2.0 * correct / max(predicted + gold, 1)


def _best(scores: npt.NDArray[np.floating], labels: npt.NDArray[np.bool_], floor: float, total: int) -> Threshold:
    kept = scores >= floor
    scores, labels = scores[kept], labels[kept]
    order = np.argsort(-scores, kind="stable")
    scores = scores[order]
    correct = np.cumsum(labels[order])
    f1 = 2.0 * correct / (np.arange(1, len(scores) + 1) + total)
    last_of_ties = np.append(scores[1:] != scores[:-1], True)
    f1[~last_of_ties] = -1.0
    best = int(np.argmax(f1))
    return Threshold(float(scores[best]), float(f1[best]))
