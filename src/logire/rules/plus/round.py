"""One round of LogiRE+: a convex extractor over grounded rules, its penalty and its weight chosen on dev.

    score(h, r, t) = a logit + b_q + sum over bodies of  w_body phi(body; h, t) + sum over features of  v_f f(h, r, t)

fitted to training labels with a ridge toward a = 1 and b, w, v = 0, so that no evidence gives the backbone back; the
features f are those of :mod:`logire.rules.context`. Tied, a, w and v belong to a relation and b to each of its type
pairs. What is used is (1 - blend) logit + blend score, with
the blend, 0 included, chosen on dev.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from logire.corpus.document import FloatArray
from logire.corpus.dump import ScoredDocument
from logire.ground.thresholds import Threshold
from logire.rules.context import Context, context_values, features_from
from logire.rules.convex import Doubles, Logistic, fit_logistic
from logire.rules.extractor import Extractor
from logire.rules.grounding import Grounded, Split
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.queries import QueryTypes, RuleSet
from logire.rules.stages import Calibration, ExtractorStage

OFFSET_RIDGE = 0.1
"""The ridge on the offsets b, which the penalties to choose from leave alone."""


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
) -> Round:
    """Fit on ``train``; choose penalty, blend and threshold by F1 on ``dev``.

    Args:
        rules: where the settings tie, all query types of a relation have the same bodies.
    """
    calibration = platt(train) if settings.calibrate else None
    atoms, dev_atoms = (calibration.apply(documents) if calibration else documents for documents in (train, dev))
    split, dev_split = Split.of(train, queries, atoms=atoms), Split.of(dev, queries, atoms=dev_atoms)
    grounded, dev_grounded = split.ground(rules), dev_split.ground(rules)
    names = features_from(settings.context)
    values = context_values(atoms, split.instances, queries, names)
    dev_values = context_values(dev_atoms, dev_split.instances, queries, names)
    best: tuple[Extractor, Context, float, float, Threshold] | None = None
    tried: list[dict[str, float]] = []
    penalties = sorted(settings.l2, reverse=True)
    for l2, (fitted, weighed) in zip(penalties, _fit(grounded, values, queries, settings, penalties), strict=True):
        for blend in sorted(settings.blend):
            extractor, context = fitted.blended(blend), weighed.blended(blend)
            scores = extractor.scores(dev_grounded) + context.scores(dev_values, dev_split.instances)
            found = dev_split.threshold(scores, unseen=True)
            tried.append({"l2": l2, "blend": blend, "dev_f1": found.f1, "theta": found.theta})
            # Of equals, the strongest penalty and the least weight.
            if best is None or found.f1 > best[-1].f1:
                best = extractor, context, l2, blend, found
    assert best is not None
    extractor, context, l2, blend, found = best
    scores = extractor.scores(grounded) + context.scores(values, split.instances)
    dev_scores = extractor.scores(dev_grounded) + context.scores(dev_values, dev_split.instances)
    return Round(
        stage=ExtractorStage(rules, extractor, calibration, context if names else None),
        l2=l2,
        blend=blend,
        threshold=found,
        tried=tried,
        train=split.rescored(scores),
        dev=dev_split.rescored(dev_scores),
        posterior=extractor.posterior(grounded),
    )


def _fit(
    grounded: Grounded,
    values: FloatArray,
    queries: QueryTypes,
    settings: LogiREPlusSettings,
    penalties: Sequence[float],
) -> list[tuple[Extractor, Context]]:
    """The optimum for each penalty, each group of query types by itself; each penalty starts from the one before.

    Args:
        values: (rows, F) the context features of every instance.
    """
    size, relation = len(queries), queries.triples[:, 0]
    features = values.shape[1]
    fitted = [(Extractor.zeros(grounded.rules), np.zeros((size, features))) for _ in penalties]
    rows = [slice(first, last) for first, last in pairwise(grounded.instances.start.tolist())]
    groups = [np.flatnonzero(relation == r) for r in np.unique(relation)] if settings.tied else np.arange(size)
    for group in map(np.atleast_1d, groups):
        blocks = [grounded.blocks[q] for q in group]
        phi = np.concatenate([block.features for block in blocks])
        bodies = slice(1 + len(group), 1 + len(group) + phi.shape[1])
        design = np.zeros((len(phi), bodies.stop + features), dtype=np.float32)
        if settings.residual:
            design[:, 0] = np.concatenate([block.logits for block in blocks])
        design[:, bodies] = phi
        design[:, bodies.stop :] = np.concatenate([values[rows[q]] for q in group])
        ends = np.cumsum([0] + [len(block.labels) for block in blocks])
        for k, (first, last) in enumerate(pairwise(ends)):
            design[first:last, 1 + k] = 1.0
        centre = np.zeros(design.shape[1])
        centre[0] = float(settings.residual)
        problem = Logistic(design, np.concatenate([block.labels for block in blocks]), centre=centre)
        for (extractor, context), l2 in zip(fitted, penalties, strict=True):
            ridge = np.full(design.shape[1], l2)
            ridge[1 : 1 + len(group)] = OFFSET_RIDGE
            solution = problem.minimise(ridge)
            extractor.residual[group] = solution[0]
            extractor.bias[group] = solution[1 : 1 + len(group)]
            for block in blocks:
                extractor.weights[block.rules] = solution[bodies]
            context[group] = solution[bodies.stop :]
    return [(extractor, Context(features_from(settings.context), context)) for extractor, context in fitted]


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
