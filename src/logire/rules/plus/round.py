"""One round of LogiRE+: a convex extractor over grounded rules, its penalty and its weight chosen on dev.

    score(h, r, t) = a logit + b_q + sum over bodies of  w_body phi(body; h, t) + sum over features of  v_f f(h, r, t)

fitted to training labels with a ridge toward a = 1 and b, w, v = 0, so that no evidence gives the backbone back; the
features f are those of :mod:`logire.rules.context`. Tied, a, w and v belong to a relation and b to each of its type
pairs. What is used is (1 - blend) logit + blend score, with
the blend, 0 included, chosen on dev.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from logire.corpus.document import FloatArray
from logire.corpus.dump import ScoredDocument
from logire.ground.thresholds import Threshold
from logire.rules.context import context_values, features_from
from logire.rules.convex import Doubles, fit_logistic
from logire.rules.extractor import Extractor
from logire.rules.grounding import Grounded, Split
from logire.rules.plus.design import Design, Fits, groups_of
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.queries import QueryTypes, RuleSet
from logire.rules.stages import Calibration, ExtractorStage


@dataclass(frozen=True)
class Round:
    """What fitting one round leaves behind.

    Attributes:
        stage: the rules, the extractor and the context's weights, which have the blend in them already.
        l2, blend: the chosen ones.
        threshold: the one with the best dev F1, and that F1.
        tried: a row for each penalty and blend: ``l2``, ``blend``, ``dev_f1``, ``theta``.
        train, dev: the documents with the round's scores for logits.
        posterior: (rules,) the mean posterior of each rule over the training instances of its query type.
    """

    stage: ExtractorStage
    l2: float
    blend: float
    threshold: Threshold
    tried: list[dict[str, float]]
    train: list[ScoredDocument]
    dev: list[ScoredDocument]
    posterior: Doubles


def fit_round(
    train: Sequence[ScoredDocument],
    dev: Sequence[ScoredDocument],
    rules: RuleSet,
    queries: QueryTypes,
    settings: LogiREPlusSettings,
    *,
    given: bool = False,
) -> Round:
    """Fit on ``train``; choose penalty, blend and threshold by F1 on ``dev``.

    Args:
        rules: where the settings tie, all query types of a relation have the same bodies.
        given: as of :class:`logire.rules.stages.ExtractorStage`.
    """
    calibration = platt(train) if settings.calibrate else None
    stage = ExtractorStage(rules, Extractor.zeros(rules), calibration, given=given)
    split, dev_split = (Split.of(part, queries, atoms=stage.atoms(part)) for part in (train, dev))
    grounded, dev_grounded = split.ground(rules), dev_split.ground(rules)
    names = features_from(settings.context)
    values = context_values(stage.around(train), split.instances, queries, names)
    dev_values = context_values(stage.around(dev), dev_split.instances, queries, names)
    fits = _fit(grounded, values, queries, settings)

    def threshold(number: int, blend: float) -> Threshold:
        extractor, context = fits.blended(number, blend)
        scores = extractor.scores(dev_grounded) + context.scores(dev_values, dev_split.instances)
        return dev_split.threshold(scores, unseen=True)

    picked = pick(fits.penalties, settings.blend, threshold)
    extractor, context = fits.blended(picked.number, picked.blend)
    scores = extractor.scores(grounded) + context.scores(values, split.instances)
    dev_scores = extractor.scores(dev_grounded) + context.scores(dev_values, dev_split.instances)
    return Round(
        stage=replace(stage, extractor=extractor, context=context if names else None),
        l2=picked.l2,
        blend=picked.blend,
        threshold=picked.threshold,
        tried=picked.tried,
        train=split.rescored(scores),
        dev=dev_split.rescored(dev_scores),
        posterior=extractor.posterior(grounded),
    )


class Picked(NamedTuple):
    """The penalty, by its number too, and the blend with the best F1 on dev, and all that were tried."""

    number: int
    l2: float
    blend: float
    threshold: Threshold
    tried: list[dict[str, float]]


def pick(penalties: Sequence[float], blends: Sequence[float], threshold: Callable[[int, float], Threshold]) -> Picked:
    """Try every penalty and blend; of equals, take the strongest penalty and the least weight.

    Args:
        penalties: in descending order.
        threshold: called as threshold(number of the penalty, blend): the best threshold on dev.
    """
    tried: list[dict[str, float]] = []
    best: tuple[int, float, Threshold] | None = None
    for number, l2 in enumerate(penalties):
        for blend in sorted(blends):
            found = threshold(number, blend)
            tried.append({"l2": l2, "blend": blend, "dev_f1": found.f1, "theta": found.theta})
            if best is None or found.f1 > best[-1].f1:
                best = number, blend, found
    assert best is not None
    number, blend, found = best
    return Picked(number, penalties[number], blend, found, tried)


def _fit(grounded: Grounded, values: FloatArray, queries: QueryTypes, settings: LogiREPlusSettings) -> Fits:
    """The optimum for each penalty, each group of query types by itself.

    Args:
        values: (rows, F) the context features of every instance.
    """
    fits = Fits(grounded.rules, settings)
    rows = [slice(first, last) for first, last in pairwise(grounded.instances.start.tolist())]
    for group in groups_of(queries, tied=settings.tied):
        blocks = [grounded.blocks[q] for q in group]
        ends = np.cumsum([0] + [len(block.labels) for block in blocks]).tolist()
        design = Design(ends[-1], len(group), blocks[0].features.shape[1], values.shape[1], residual=settings.residual)
        for k, (q, block) in enumerate(zip(group, blocks, strict=True)):
            design.put(ends[k], k, block.features, block.logits, block.labels, values[rows[q]])
        fits.take(group, design.optima(fits.penalties))
    return fits


def platt(train: Sequence[ScoredDocument]) -> Calibration:
    """Each relation's scale and shift, fitted to the training labels with a ridge toward 1 and 0."""
    off = [~np.eye(len(d.types), dtype=np.bool_) for d in train]
    logits = np.concatenate([d.logits[m] for d, m in zip(train, off, strict=True)])
    labels = np.concatenate([d.labels[m] for d, m in zip(train, off, strict=True)])
    found = np.empty((logits.shape[1], 2))
    for r in range(logits.shape[1]):
        design = np.stack([logits[:, r], np.ones(len(logits))], axis=1).astype(np.float64)
        found[r] = fit_logistic(design, labels[:, r], ridge=np.ones(2), centre=np.array([1.0, 0.0]))
    return Calibration(found[:, 0], found[:, 1])
