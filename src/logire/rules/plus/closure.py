"""The closing stage of LogiRE+: which rules are trusted, and how far scores go toward what they conclude."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from logire.corpus.dump import ScoredDocument
from logire.ground.thresholds import Threshold, best_threshold
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.queries import QueryTypes
from logire.rules.ruletable import reliable
from logire.rules.stages import ClosureStage, closed, partly


def choose_closure(
    train: Sequence[ScoredDocument], dev: Sequence[ScoredDocument], queries: QueryTypes, settings: LogiREPlusSettings
) -> tuple[ClosureStage | None, Threshold, list[dict[str, float]]]:
    """The strength with the best F1 on dev, of equals the least.

    Args:
        train: documents whose labels say which rules are reliable.
        dev: documents with scores for logits.

    Returns:
        The closure (None for strength 0), the dev threshold, and a row for each strength.
    """
    rules = reliable(
        train,
        queries,
        length=settings.closure_length,
        support=settings.closure_support,
        confidence=settings.closure_confidence,
    )
    full = closed(dev, rules, queries)
    found = {
        strength: _threshold([partly(d, c, strength) for d, c in zip(dev, full, strict=True)])
        for strength in sorted(settings.closure)
    }
    best = max(found, key=lambda strength: found[strength].f1)
    tried = [{"closure": strength, "dev_f1": f.f1, "theta": f.theta} for strength, f in found.items()]
    return ClosureStage(rules, best) if best else None, found[best], tried


def _threshold(dev: Sequence[ScoredDocument]) -> Threshold:
    """The threshold with the best F1 over all candidates of documents whose logits are scores."""
    pairs = [~np.eye(len(d.types), dtype=np.bool_) for d in dev]
    scores = np.concatenate([d.logits[m].ravel() for d, m in zip(dev, pairs, strict=True)])
    labels = np.concatenate([d.labels[m].ravel() for d, m in zip(dev, pairs, strict=True)])
    return best_threshold(scores, labels, gold=int(sum(d.labels.sum() for d in dev)))
