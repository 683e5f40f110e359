"""The steps of a fit on shards, each on one shard or one group of query types; what is there is not made again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from safetensors.numpy import save_file

from logire.corpus.document import IntArray
from logire.corpus.dump import ScoredDocument
from logire.ground.files import atomic
from logire.rules.context import features_from
from logire.rules.plus.design import Fits, Weights, groups_of
from logire.rules.queries import QueryTypes
from logire.rules.stages import ExtractorStage
from logire.scale.arrays import Stored
from logire.scale.batches import Ground
from logire.scale.counts import Counts, gather
from logire.scale.fitting import optima
from logire.scale.picked import Choice
from logire.scale.rows import RowsFile, rows_of
from logire.scale.work import Work

LABELS, FIT = "logire-label-counts-1", "logire-fit-1"


@dataclass(frozen=True)
class Found:
    """What follows from the counts of all shards.

    Attributes:
        queries: the query types. groups: those that share weights.
        ground: with the rules of the rounds. trusted: with those that a closure chooses from.
    """

    queries: QueryTypes
    groups: list[list[int]]
    ground: Ground
    trusted: Ground


def count(work: Work, shard: int) -> None:
    """Count a shard's labels."""
    file = work.file("counts", shard)
    if not file.exists():
        Counts.of(work.shards.read(shard), work.shards.schema, work.length).write(file)


def find(work: Work) -> Found:
    """The query types and rules of all shards.

    Raises:
        InputError: a shard's counts are missing or damaged, or there is no fact.
    """
    counts = gather(Counts.read(file, work.shards.schema) for file in work.files("counts"))
    queries = counts.queries(work.shards.schema)
    ground, trusted = (Ground(make(queries, work.settings), queries) for make in (counts.rules, counts.trusted))
    return Found(queries, groups_of(queries, tied=work.settings.tied), ground, trusted)


def ground_shard(work: Work, found: Found, number: int, stages: Sequence[ExtractorStage], shard: int) -> None:
    """The sampled rows of a shard for one round; in the first, its labels are counted under the rules too.

    Args:
        number: of the round, from 1.
        stages: of the rounds before, applied in turn.
    """
    rows, labels = work.file(f"rows{number}", shard), work.file("labels", shard)
    if rows.exists() and labels.exists():
        return
    documents = work.shards.read(shard)
    if not labels.exists():
        arrays = {f"counts{k}": g.label_counts(documents) for k, g in enumerate((found.ground, found.trusted))}
        with atomic(labels) as temporary:
            save_file(arrays, temporary, metadata={"format": LABELS, "key": work.key})
    for stage in stages:
        documents = found.ground.applied(stage, documents)
    names = features_from(work.settings.context)
    rows_of(documents, found.ground, names, work.sampling, work.seed).write(rows, work.key)


def label_counts(work: Work, found: Found) -> tuple[IntArray, IntArray]:
    """(2, rules) of both rule sets: what :func:`logire.rules.ruletable.label_counts` counts on all documents.

    Raises:
        InputError: a shard's file is missing or damaged.
    """
    totals = [np.zeros((2, len(ground.rules)), dtype=np.int64) for ground in (found.ground, found.trusted)]
    for file in work.files("labels"):
        with Stored.open(file, LABELS, work.key) as stored:
            for k, total in enumerate(totals):
                total += stored.array(f"counts{k}", np.int64, *total.shape)
    return totals[0], totals[1]


def rows_files(work: Work, found: Found, number: int) -> list[RowsFile]:
    """The rows of a round, a file a shard."""
    widths, features = np.diff(found.ground.rules.start), len(features_from(work.settings.context))
    return [RowsFile(file, work.key, widths, features) for file in work.files(f"rows{number}")]


def fit_group(work: Work, found: Found, number: int, place: int) -> None:
    """Fit one group of query types on the rows of all shards, for each penalty.

    Args:
        place: of the group among ``found.groups``.

    Raises:
        InputError: a shard's rows are missing or damaged.
    """
    file = work.file(f"fit{number}", place)
    if file.exists():
        return
    penalties = Fits(found.ground.rules, work.settings).penalties
    best = optima(rows_files(work, found, number), found.groups[place], work.settings, penalties)
    arrays = {name: np.array([getattr(one, name) for one in best]) for name in Weights._fields}
    with atomic(file) as temporary:
        save_file(arrays, temporary, metadata={"format": FIT, "key": work.key})


def fits_of(work: Work, found: Found, number: int) -> Fits:
    """The fits of all groups in one round.

    Raises:
        InputError: a group's file is missing or damaged.
    """
    rules, fits = found.ground.rules, Fits(found.ground.rules, work.settings)
    features, penalties = len(features_from(work.settings.context)), len(fits.penalties)
    for place, group in enumerate(found.groups):
        bodies = int(rules.start[group[0] + 1] - rules.start[group[0]])
        with Stored.open(work.file(f"fit{number}", place), FIT, work.key) as stored:
            residual = stored.array("residual", np.float64, penalties).tolist()
            widths = {"bias": len(group), "rules": bodies, "features": features}
            parts = [stored.array(name, np.float64, penalties, width) for name, width in widths.items()]
        fits.take(group, [Weights(*one) for one in zip(residual, *parts, strict=True)])
    return fits


def choose(work: Work, found: Found, number: int, dev: Sequence[ScoredDocument]) -> tuple[ExtractorStage, Choice]:
    """The stage of a round: its penalty and blend are chosen on dev.

    Args:
        dev: with the scores of the rounds before.

    Raises:
        InputError: a file is missing or damaged.
    """
    fits = fits_of(work, found, number)
    file = work.folder / f"round{number}.json"
    if not file.exists():
        Choice.on_dev(dev, fits, found.ground, work.settings, work.key).write(file)
    choice = Choice.read(file, work.key, len(fits.penalties))
    extractor, context = fits.blended(choice.number, choice.blend)
    return ExtractorStage(found.ground.rules, extractor, None, context if context.names else None), choice


def stages_before(work: Work, found: Found, number: int) -> list[ExtractorStage]:
    """The stages of the rounds before one, where these are chosen already.

    Raises:
        InputError: a file of theirs is missing or damaged.
    """
    return [choose(work, found, earlier, ())[0] for earlier in range(1, number)]
