"""LogiRE+ fitted on shards: what :meth:`logire.rules.plus.model.LogiREPlus.fit` does, with one shard in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from logire.corpus.dump import ScoredDocument
from logire.ground.errors import InputError
from logire.rules.closure import choose_closure
from logire.rules.context import features_from
from logire.rules.fitted import Fitted
from logire.rules.model import History
from logire.rules.plus.model import finished
from logire.rules.plus.round import Picked, pick
from logire.rules.ruletable import table_of
from logire.rules.stages import ExtractorStage
from logire.rules.trusted import Mined
from logire.scale.batches import Ground
from logire.scale.counts import check_settings
from logire.scale.development import Development
from logire.scale.fitting import fit_files, posterior
from logire.scale.rows import RowsFile
from logire.scale.work import Work


def fit_shards(work: Work, dev: Sequence[ScoredDocument], log: Callable[[History], None]) -> Fitted:
    """Fit on the shards of ``work``; penalty, blend, closure and threshold come from ``dev``.

    Memory: a shard's documents, a batch's features, the design of one relation, and dev.

    Args:
        dev: in memory, with logits.
        log: given the choices tried so far after each round.

    Raises:
        InputError: a setting that cannot be put together from shards; no document or no fact in training or dev; a
            damaged file.
    """
    settings, schema = work.settings, work.shards.schema
    check_settings(settings)
    _check(work, dev)
    counts = work.counts()
    queries = counts.queries(schema)
    ground = Ground(counts.rules(queries, settings), queries)
    trusted = Ground(counts.trusted(queries, settings), queries)
    del counts
    stages: list[ExtractorStage] = []
    kept: list[RowsFile] = []
    seen_dev, history = list(dev), list[dict[str, float]]()
    steps = settings.rounds + 1
    for number in range(1, steps):
        files = work.rows(number, stages, ground, trusted)
        stage, picked = _round(work, files, seen_dev, ground, number)
        history += [{"round": number, **row} for row in picked.tried]
        log(history)
        # As in LogiREPlus.fit: a blend of 0 gives back what came in.
        if stages and picked.blend == 0.0:
            break
        stages.append(stage)
        kept = files
        seen_dev = ground.applied(stage, seen_dev)
    work.report("closure", 0, 1)
    of_rules, of_trusted = work.label_counts(ground, trusted)
    mined = Mined(queries, settings.closure_support, trusted.rules, of_trusted[0], of_trusted[1])
    extractor = stages[-1].extractor
    means = posterior(kept, extractor, ground.rules, queries, tied=settings.tied)
    table = table_of(schema, queries, ground.rules, extractor, means, (of_rules[0], of_rules[1]))
    chosen = choose_closure(mined.of_types(settings.closure_confidence), seen_dev, queries, settings.closure)
    history += [{"round": steps, **row} for row in chosen.tried]
    log(history)
    return finished(queries, stages, chosen, table, history)


def _round(
    work: Work, files: Sequence[RowsFile], dev: Sequence[ScoredDocument], ground: Ground, number: int
) -> tuple[ExtractorStage, Picked]:
    """Fit one round; penalty and blend are chosen on ``dev``."""
    settings = work.settings
    fits = fit_files(
        files,
        ground.rules,
        ground.queries,
        settings,
        lambda done, total: work.report(f"round {number}: fitting", done, total),
    )
    work.report(f"round {number}: dev", 0, 1)
    picked = pick(fits.penalties, settings.blend, Development.of(dev, fits, ground).threshold)
    extractor, context = fits.blended(picked.number, picked.blend)
    names = features_from(settings.context)
    return ExtractorStage(ground.rules, extractor, None, context if names else None), picked


def _check(work: Work, dev: Sequence[ScoredDocument]) -> None:
    if not len(work.shards):
        raise InputError("there is no shard", remedy="LogiRE+ needs labelled training documents")
    if not any(h != t for document in dev for h, t, _ in np.argwhere(document.labels)):
        raise InputError(
            f"no labelled fact in the {len(dev)} development documents", remedy="the threshold is chosen on facts"
        )
