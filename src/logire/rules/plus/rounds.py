"""One round of LogiRE+: a convex extractor over grounded rules, its penalty and its weight chosen on dev.

    score(h, r, t) = a logit + b_q + sum over bodies of  w_body phi(body; h, t)

fitted to training labels with a ridge toward a = 1, b = 0, w = 0, so that no evidence gives the backbone back. Tied,
a and w belong to a relation and b to each of its type pairs. What is used is (1 - blend) logit + blend score, with
the blend, 0 included, chosen on dev.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from logire.corpus.dump import NEVER, ScoredDocument
from logire.ground.thresholds import Threshold, best_threshold
from logire.rules.convex import Doubles, fit_logistic
from logire.rules.em import Split, unseen_mask
from logire.rules.extractor import Extractor
from logire.rules.grounding import AtomScores, Features, ground
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.posterior import posterior
from logire.rules.queries import Instances, QueryTypes, rescored
from logire.rules.ruleset import RuleSet
from logire.rules.settings import LogiRESettings

OFFSET_RIDGE = 0.1
"""The ridge on the offsets b, which the penalties to choose from leave alone."""


@dataclass(frozen=True)
class Round:
    """What one round has learnt.

    Attributes:
        rules: tied, all query types of a relation have the same bodies.
        extractor: the blend is in it already.
        scale, shift: (R,) the atoms' probabilities are sigmoid(scale * logit + shift).
        l2, blend: the chosen ones.
        theta, dev_f1: the threshold with the best dev F1, and that F1 (0 to 1).
    """

    rules: RuleSet
    extractor: Extractor
    scale: Doubles
    shift: Doubles
    l2: float
    blend: float
    theta: float
    dev_f1: float

    def apply(self, documents: Sequence[ScoredDocument], queries: QueryTypes) -> list[ScoredDocument]:
        """The documents with this round's scores for logits; where no query type exists the logits stay."""
        instances = Instances.of(documents, queries)
        features = ground(self.atoms(documents, queries), instances, self.rules, queries)
        return rescored(documents, instances, self.extractor.scores(features, self.rules, instances), queries)

    def atoms(self, documents: Sequence[ScoredDocument], queries: QueryTypes) -> AtomScores:
        """The atoms' probabilities, calibrated."""
        return AtomScores.of(self.calibrated(documents), queries)

    def calibrated(self, documents: Sequence[ScoredDocument]) -> list[ScoredDocument]:
        """The documents with calibrated logits."""
        return _calibrated(documents, self.scale, self.shift)


@dataclass(frozen=True)
class Fitted:
    """A round and what its fit leaves behind.

    Attributes:
        tried: a row for each penalty and blend: ``l2``, ``blend``, ``dev_f1``, ``theta``.
        train, dev: the documents with the round's scores for logits.
        posterior: (rules,) the mean posterior of each rule over the training instances of its query type.
    """

    round: Round
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
) -> Fitted:
    """Fit on ``train``; choose penalty, blend and threshold by F1 on ``dev``."""
    scale, shift = np.ones(len(queries.index)), np.zeros(len(queries.index))
    if settings.calibrate:
        scale, shift = _platt(train)
    splits = [
        Split(documents, Instances.of(documents, queries), AtomScores.of(_calibrated(documents, scale, shift), queries))
        for documents in (train, dev)
    ]
    features, dev_features = (split.ground(rules, queries) for split in splits)
    instances, dev_instances = (split.instances for split in splits)
    unseen = [d.logits[unseen_mask(d, queries)] for d in dev], [d.labels[unseen_mask(d, queries)] for d in dev]
    labels = np.concatenate([dev_instances.labels, *unseen[1]])

    def on_dev(extractor: Extractor) -> Threshold:
        # in float32, as predictions are: the threshold is one of these very scores
        scores = extractor.scores(dev_features, rules, dev_instances).astype(np.float32)
        return best_threshold(np.concatenate([scores, *unseen[0]]), labels, gold=dev_instances.gold)

    best: Round | None = None
    tried: list[dict[str, float]] = []
    fitted = Extractor.zeros(rules)
    blends = sorted(settings.blend)
    for l2 in sorted(settings.l2, reverse=True):
        fitted = _fit(fitted, features, rules, instances, queries, settings, l2)
        for blend in blends:
            extractor = blended(fitted, blend)
            found = on_dev(extractor)
            tried.append({"l2": l2, "blend": blend, "dev_f1": found.f1, "theta": found.theta})
            # Of equals, the strongest penalty and the least weight.
            if best is None or found.f1 > best.dev_f1:
                best = Round(rules, extractor, scale, shift, l2, blend, found.theta, found.f1)
    assert best is not None
    after = [
        rescored(split.documents, split.instances, best.extractor.scores(phi, rules, split.instances), queries)
        for split, phi in zip(splits, (features, dev_features), strict=True)
    ]
    weights = posterior(best.extractor, features, rules, instances, LogiRESettings(), 0)
    return Fitted(best, tried, after[0], after[1], weights)


def blended(extractor: Extractor, blend: float) -> Extractor:
    """(1 - blend) logit + blend score, as an extractor: it is linear in both."""
    # + 0.0: no negative zeros, which a table would not keep
    bias, weights = blend * extractor.bias + 0.0, blend * extractor.weights + 0.0
    return Extractor(bias, weights, (1.0 - blend) + blend * extractor.residual)


def _fit(
    start: Extractor,
    features: Features,
    rules: RuleSet,
    instances: Instances,
    queries: QueryTypes,
    settings: LogiREPlusSettings,
    l2: float,
) -> Extractor:
    """The optimum for one penalty, each group of query types by itself."""
    fitted = Extractor(start.bias.copy(), start.weights.copy(), start.residual.copy())
    relation = queries.triples[:, 0]
    groups = [np.flatnonzero(relation == r) for r in np.unique(relation)] if settings.tied else np.arange(len(queries))
    for group in groups:
        group = np.atleast_1d(group)
        first = int(group[0])
        rows = np.concatenate([np.arange(instances.start[q], instances.start[q + 1]) for q in group])
        phi = np.concatenate([features.query(int(q)) for q in group])
        offsets = np.repeat(np.eye(len(group)), np.diff(instances.start)[group], axis=0)
        design = np.concatenate([instances.logits[rows, None], offsets, phi], axis=1, dtype=np.float64)
        if not settings.residual:
            design[:, 0] = 0.0
        one = float(settings.residual)
        ridge = np.concatenate([[l2], np.full(len(group), OFFSET_RIDGE), np.full(phi.shape[1], l2)])
        centre = np.zeros(len(ridge))
        centre[0] = one
        before = np.concatenate([[start.residual[first]], start.bias[group], start.weights[rules.query(first)]])
        solution = fit_logistic(
            design, instances.labels[rows], ridge=ridge, centre=centre, start=before if before.any() else None
        )
        fitted.residual[group] = solution[0]
        fitted.bias[group] = solution[1 : 1 + len(group)]
        for q in group:
            fitted.weights[rules.query(int(q))] = solution[1 + len(group) :]
    return fitted


def _platt(train: Sequence[ScoredDocument]) -> tuple[Doubles, Doubles]:
    """(R,) scale and (R,) shift of each relation's logits, fitted to the training labels; a ridge toward 1 and 0."""
    off = [~np.eye(len(d.types), dtype=np.bool_) for d in train]
    logits = np.concatenate([d.logits[m] for d, m in zip(train, off, strict=True)])
    labels = np.concatenate([d.labels[m] for d, m in zip(train, off, strict=True)])
    found = np.empty((logits.shape[1], 2))
    for r in range(logits.shape[1]):
        design = np.stack([logits[:, r], np.ones(len(logits))], axis=1).astype(np.float64)
        found[r] = fit_logistic(design, labels[:, r], ridge=np.ones(2), centre=np.array([1.0, 0.0]))
    return found[:, 0], found[:, 1]


def _calibrated(documents: Sequence[ScoredDocument], scale: Doubles, shift: Doubles) -> list[ScoredDocument]:
    if (scale == 1.0).all() and not shift.any():
        return list(documents)
    result = []
    for document in documents:
        logits = (document.logits * scale + shift).astype(np.float32)
        diagonal = np.arange(len(logits))
        logits[diagonal, diagonal] = NEVER
        result.append(replace(document, logits=logits))
    return result
