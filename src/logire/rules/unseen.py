"""Candidates of types that no training fact of their relation has: how far to distrust the backbone there.

A backbone that was trained on the documents knows which types go together. A scorer that knows nothing of them, or was
trained elsewhere, relates a spouse to a ship; and a few labelled documents show which types a relation has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from logire.corpus.dump import ScoredDocument, dev_threshold
from logire.rules.explain import Part, Parts
from logire.rules.grounding import unseen
from logire.rules.queries import QueryTypes


@dataclass(frozen=True)
class UnseenStage:
    """The logits of candidates of no query type lowered by ``below``, which is at least 0; others keep their bits."""

    below: float

    def apply(self, documents: Sequence[ScoredDocument], queries: QueryTypes) -> list[ScoredDocument]:
        """The documents with these logits lowered."""
        less = np.float32(self.below)
        return [replace(d, logits=np.where(unseen(d, queries), d.logits - less, d.logits)) for d in documents]

    def parts(self, documents: Sequence[ScoredDocument], queries: QueryTypes) -> list[Parts]:
        """For each document that the stage takes, how scores are made: its own logit, and what is taken away."""
        return [self._parts(document, unseen(document, queries)) for document in documents]

    def _parts(self, document: ScoredDocument, lowered: np.ndarray) -> Parts:
        def part(head: int, tail: int, relation: int, most: int) -> Part:
            del most
            bias = -self.below if lowered[head, tail, relation] else 0.0
            return Part(bias=bias, residual=float(document.logits[head, tail, relation]), reasons=())

        return part


class Lowered(NamedTuple):
    """What was chosen on dev: the stage, None where logits stay as they are, and a row for each choice."""

    stage: UnseenStage | None
    tried: list[dict[str, float]]


def choose_unseen(dev: Sequence[ScoredDocument], queries: QueryTypes, choices: Sequence[float]) -> Lowered:
    """Of the ``choices`` the one with the best F1 of the backbone's own logits on dev, of equals the least."""
    tried = []
    for below in sorted(choices):
        found = dev_threshold(UnseenStage(below).apply(dev, queries))
        tried.append({"unseen": below, "dev_f1": found.f1, "theta": found.theta})
    best = max(tried, key=lambda row: row["dev_f1"])["unseen"]
    return Lowered(UnseenStage(best) if best else None, tried)
