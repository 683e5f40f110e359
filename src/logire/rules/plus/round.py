"""One round of LogiRE+: a convex extractor over grounded rules, its penalty and its weight chosen on dev.

    score(h, r, t) = a logit + b_q + sum over bodies of  w_body phi(body; h, t) + sum over features of  v_f f(h, r, t)

fitted to training labels with a ridge toward a = 1 and b, w, v = 0, so that no evidence gives the backbone back; the
features f are those of :mod:`logire.rules.context`. Tied, a, w and v belong to a relation and b to each of its type
pairs. What is used is (1 - blend) logit + blend score, with
the blend, 0 included, chosen on dev.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from logire.corpus.document import FloatArray
from logire.corpus.dump import ScoredDocument
from logire.corpus.streamed import Streamed, batches
from logire.ground.thresholds import Threshold
from logire.rules.context import Context, context_values, features_from
from logire.rules.convex import Doubles, Logistic, fit_logistic
from logire.rules.extractor import Extractor
from logire.rules.grounding import Grounded, Split
from logire.rules.plus.rows import Batch, Rows, sample
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
        train, dev: the documents with the round's scores for logits; streamed ones are scored as they are read.
        posterior: gives (rules,) the mean posterior of each rule over the training instances of its query type.
    """

    stage: ExtractorStage
    l2: float
    blend: float
    threshold: Threshold
    tried: list[dict[str, float]]
    train: Sequence[ScoredDocument]
    dev: list[ScoredDocument]
    posterior: Callable[[], Doubles]


class _Laid(NamedTuple):
    """Documents laid out: their candidates, the rules grounded on these, their context features (rows, F)."""

    split: Split
    grounded: Grounded
    values: FloatArray

    def scores(self, extractor: Extractor, context: Context) -> Doubles:
        """(rows,) score of every candidate."""
        return extractor.scores(self.grounded) + context.scores(self.values, self.split.instances)


def fit_round(
    train: Sequence[ScoredDocument],
    dev: Sequence[ScoredDocument],
    rules: RuleSet,
    queries: QueryTypes,
    settings: LogiREPlusSettings,
    *,
    seed: int = 1,
    storage: Path | None = None,
) -> Round:
    """Fit on ``train``; choose penalty, blend and threshold by F1 on ``dev``.

    Args:
        train: streamed documents are gone through batch by batch, and laid out again where they are needed again.
        rules: where the settings tie, all query types of a relation have the same bodies.
        seed: of the sample of training candidates.
        storage: where the candidates of streamed documents are kept until the weights are fitted; by default a
            temporary folder of the system.
    """
    calibration = platt(train) if settings.calibrate else None
    names = features_from(settings.context)

    def laid_out(documents: Sequence[ScoredDocument]) -> _Laid:
        atoms = calibration.apply(documents) if calibration else documents
        split = Split.of(documents, queries, atoms=atoms)
        return _Laid(split, split.ground(rules), context_values(atoms, split.instances, queries, names))

    def candidates(documents: Sequence[ScoredDocument], laid: _Laid) -> Batch:
        found = Batch.of(laid.grounded, laid.values)
        return sample(found, documents, laid.split.instances, queries, share=settings.sample, seed=seed)

    on_dev = laid_out(dev)
    whole = None if isinstance(train, Streamed) else laid_out(train)
    penalties = sorted(settings.l2, reverse=True)
    with tempfile.TemporaryDirectory(prefix="candidates-", dir=storage) as folder:
        if whole is not None:
            rows = [candidates(train, whole)]
        else:
            rows = [
                candidates(batch, laid_out(batch)).stored(Path(folder), k) for k, batch in enumerate(batches(train))
            ]
        solved = _fit(rows, rules, queries, settings, penalties)
    best: tuple[Extractor, Context, float, float, Threshold] | None = None
    tried: list[dict[str, float]] = []
    for l2, (fitted, weighed) in zip(penalties, solved, strict=True):
        for blend in sorted(settings.blend):
            extractor, context = fitted.blended(blend), weighed.blended(blend)
            found = on_dev.split.threshold(on_dev.scores(extractor, context), unseen=True)
            tried.append({"l2": l2, "blend": blend, "dev_f1": found.f1, "theta": found.theta})
            # Of equals, the strongest penalty and the least weight.
            if best is None or found.f1 > best[-1].f1:
                best = extractor, context, l2, blend, found
    assert best is not None
    extractor, context, l2, blend, found = best
    stage = ExtractorStage(rules, extractor, calibration, context if names else None)
    if whole is not None:
        posterior = extractor.posterior(whole.grounded)
        scored: Sequence[ScoredDocument] = whole.split.rescored(whole.scores(extractor, context))
    else:
        assert isinstance(train, Streamed)
        scored = train.changed(lambda batch: stage.apply(batch, queries))
    return Round(
        stage=stage,
        l2=l2,
        blend=blend,
        threshold=found,
        tried=tried,
        train=scored,
        dev=on_dev.split.rescored(on_dev.scores(extractor, context)),
        posterior=(lambda: posterior)
        if whole is not None
        else (lambda: extractor.mean_posterior(rules, (laid_out(batch).grounded for batch in batches(train)))),
    )


def _fit(
    batches: Sequence[Batch],
    rules: RuleSet,
    queries: QueryTypes,
    settings: LogiREPlusSettings,
    penalties: Sequence[float],
) -> list[tuple[Extractor, Context]]:
    """The optimum for each penalty, each group of query types by itself; each penalty starts from the one before.

    Args:
        batches: the training candidates; of each group those of all batches stand in memory together.
    """
    size, relation = len(queries), queries.triples[:, 0]
    names = features_from(settings.context)
    fitted = [(Extractor.zeros(rules), np.zeros((size, len(names)))) for _ in penalties]
    groups = [np.flatnonzero(relation == r) for r in np.unique(relation)] if settings.tied else np.arange(size)
    for group in map(np.atleast_1d, groups):
        parts = [[batch.rows(q) for batch in batches] for q in group]
        together = Rows(*map(np.concatenate, zip(*(rows for of_type in parts for rows in of_type), strict=True)))
        bodies = slice(1 + len(group), 1 + len(group) + together.features.shape[1])
        design = np.zeros((len(together.labels), bodies.stop + len(names)), dtype=np.float32)
        if settings.residual:
            design[:, 0] = together.logits
        design[:, bodies] = together.features
        design[:, bodies.stop :] = together.values
        ends = np.cumsum([0] + [sum(len(rows.labels) for rows in of_type) for of_type in parts])
        for k, (first, last) in enumerate(pairwise(ends)):
            design[first:last, 1 + k] = 1.0
        centre = np.zeros(design.shape[1])
        centre[0] = float(settings.residual)
        offset = together.offset.astype(np.float64) if together.offset.any() else None
        problem = Logistic(design, together.labels, centre=centre, offset=offset)
        for (extractor, context), l2 in zip(fitted, penalties, strict=True):
            ridge = np.full(design.shape[1], l2)
            ridge[1 : 1 + len(group)] = OFFSET_RIDGE
            solution = problem.minimise(ridge)
            extractor.residual[group] = solution[0]
            extractor.bias[group] = solution[1 : 1 + len(group)]
            for q in group:
                extractor.weights[rules.query(q)] = solution[bodies]
            context[group] = solution[bodies.stop :]
    return [(extractor, Context(names, context)) for extractor, context in fitted]


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
