"""How the logits of a backbone become predictions, and what F1 these reach on dev."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from logire.corpus.document import BoolArray, Document, FloatArray, Schema
from logire.ground.thresholds import Threshold, best_of_documents

Predicts = Callable[[FloatArray], BoolArray]
"""Logits (N, N, R) of a document to bool (N, N, R): true where a fact is predicted. The diagonal does not count."""


class Decision(NamedTuple):
    """How the logits of a backbone become predictions.

    Attributes:
        threshold: no predicted fact has a lower logit; the run records it.
        f1: micro F1 (0 to 1) of the predictions on dev; facts with h = t count as missed.
        predicts: which facts of a document are predicted.
    """

    threshold: float
    f1: float
    predicts: Predicts


def by_global_threshold(logits: Mapping[str, FloatArray], dev: Sequence[Document], schema: Schema) -> Decision:
    """One threshold for all candidates: the one that maximises F1 on ``dev``, whose logits these are (by title)."""
    best = choose_threshold(logits, dev, schema)

    def predicts(scores: FloatArray) -> BoolArray:
        return scores >= best.theta

    return Decision(best.theta, best.f1, predicts)


def by_fixed_rule(
    predicts: Predicts, threshold: float, logits: Mapping[str, FloatArray], dev: Sequence[Document], schema: Schema
) -> Decision:
    """A rule that does not depend on dev, with the F1 that it reaches there."""
    predicted = correct = gold = 0
    for document in dev:
        labelled = schema.labels(document)
        hit = predicts(logits[document.title]) & ~np.eye(len(document.entities), dtype=np.bool_)[:, :, None]
        predicted += int(hit.sum())
        correct += int((hit & labelled).sum())
        gold += int(labelled.sum())
    return Decision(threshold, 2.0 * correct / max(predicted + gold, 1), predicts)


def choose_threshold(logits: Mapping[str, FloatArray], documents: Sequence[Document], schema: Schema) -> Threshold:
    """The global threshold with the best micro F1 over all candidates h != t; facts with h = t count as missed."""
    return best_of_documents((logits[document.title], schema.labels(document)) for document in documents)
