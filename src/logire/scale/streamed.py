"""LogiRE+ fitted on shards: what :meth:`logire.rules.plus.model.LogiREPlus.fit` does, with one shard in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from logire.corpus.dump import ScoredDocument
from logire.ground.errors import InputError
from logire.rules.closure import choose_closure
from logire.rules.fitted import Fitted
from logire.rules.model import History, Report, ignore, silent
from logire.rules.plus.model import finished
from logire.rules.ruletable import table_of
from logire.rules.stages import ExtractorStage
from logire.rules.trusted import Mined
from logire.scale.counts import check_settings
from logire.scale.fitting import posterior
from logire.scale.steps import Found, choose, count, find, fit_group, ground_shard, label_counts, rows_files
from logire.scale.work import Work


def fit_shards(
    work: Work,
    dev: Sequence[ScoredDocument],
    *,
    report: Report = silent,
    log: Callable[[History], None] = ignore,
) -> Fitted:
    """Fit on the shards of ``work``; penalty, blend, closure and threshold come from ``dev``.

    Memory: a shard's documents, a batch's features, the rows that are kept of a shard, the design of one group of query
    types, and dev.

    Args:
        dev: in memory, with logits.
        report, log: told of each step as it starts; given the choices tried so far after each round.

    Raises:
        InputError: a setting that cannot be put together from shards; no document or no fact in training or dev; a
            damaged file.
    """
    settings, shards = work.settings, len(work.shards)
    check_settings(settings)
    _check(work, dev)
    for shard in range(shards):
        report("counting", shard, shards)
        count(work, shard)
    found = find(work)
    stages: list[ExtractorStage] = []
    seen_dev, history = list(dev), list[dict[str, float]]()
    steps = settings.rounds + 1
    for number in range(1, steps):
        for shard in range(shards):
            report(f"round {number}: grounding", shard, shards)
            ground_shard(work, found, number, stages, shard)
        for place in range(len(found.groups)):
            report(f"round {number}: fitting", place, len(found.groups))
            fit_group(work, found, number, place)
        report(f"round {number}: dev", 0, 1)
        stage, choice = choose(work, found, number, seen_dev)
        history += [{"round": number, **row} for row in choice.tried]
        log(history)
        # As in LogiREPlus.fit: a blend of 0 gives back what came in.
        if stages and choice.blend == 0.0:
            break
        stages.append(stage)
        seen_dev = found.ground.applied(stage, seen_dev)
    report("closure", 0, 1)
    return _closed(work, found, stages, seen_dev, history, log)


def _closed(
    work: Work,
    found: Found,
    stages: Sequence[ExtractorStage],
    dev: Sequence[ScoredDocument],
    history: History,
    log: Callable[[History], None],
) -> Fitted:
    """What the fit leaves behind, with the closure that is best on dev.

    Args:
        dev: with the scores of the last stage.
    """
    settings, queries, ground = work.settings, found.queries, found.ground
    of_rules, of_trusted = label_counts(work, found)
    mined = Mined(queries, settings.closure_support, found.trusted.rules, of_trusted[0], of_trusted[1])
    extractor = stages[-1].extractor
    means = posterior(rows_files(work, found, len(stages)), extractor, ground.rules, found.groups)
    table = table_of(work.shards.schema, queries, ground.rules, extractor, means, (of_rules[0], of_rules[1]))
    chosen = choose_closure(mined.of_types(settings.closure_confidence), dev, queries, settings.closure)
    history += [{"round": settings.rounds + 1, **row} for row in chosen.tried]
    log(history)
    return finished(queries, stages, chosen, table, history)


def _check(work: Work, dev: Sequence[ScoredDocument]) -> None:
    if not len(work.shards):
        raise InputError("there is no shard", remedy="LogiRE+ needs labelled training documents")
    if not any(h != t for document in dev for h, t, _ in np.argwhere(document.labels)):
        raise InputError(
            f"no labelled fact in the {len(dev)} development documents", remedy="the threshold is chosen on facts"
        )
