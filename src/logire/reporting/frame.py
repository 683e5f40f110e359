"""One tidy frame of what was measured, and the statistics that every table and figure takes from it.

A row is one number: ``run``, ``backbone``, ``method``, ``variant``, ``seed``, ``split``, ``metric``, ``value``. Scores
are in percent. Frames by distance and by relation have one column more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev
from typing import Any

import numpy as np
import pandas as pd

from logire.corpus.document import IntArray
from logire.evaluation.counts import COUNTS
from logire.evaluation.metrics import find, metrics
from logire.evaluation.significance import ENOUGH_SEEDS, PairedTest, holm, paired_bootstrap, paired_t_test
from logire.ground.errors import InputError
from logire.reporting.names import BACKBONE
from logire.reporting.runs import SPLITS, Run
from logire.reporting.tables import Record

METRICS = tuple(sorted(metric.name for metric in metrics()))
"""The metrics that tables record, in the order of their rows."""
TITLES = {metric.name: metric.title for metric in metrics()}
"""What tables and figures call each."""
HEADLINE = ("ign_f1", "f1")
"""The metrics whose tests are one family for Holm's correction."""
TESTED = {name: find(name) for name in (*HEADLINE, "ign_f1_logire")}
"""The metrics whose gains are tested."""
_MEASURED = ("run", "seed", "value")
"""The columns that differ between the runs of one setting."""


def tidy(runs: Sequence[Run], names: Sequence[str] = METRICS) -> pd.DataFrame:
    """The scores of whole splits; NaN where a run has no such metric."""
    return _tidy(
        {**_identity(run, split), "metric": metric, "value": _number(run.metrics[split].get(metric))}
        for split in SPLITS
        for run in runs
        if split in run.metrics
        for metric in names
    )


def tidy_distances(runs: Sequence[Run], split: str, names: Sequence[str]) -> pd.DataFrame:
    """The scores by distance between the two entities; ``group`` numbers the distance groups.

    Raises:
        InputError: the runs have different distance groups, or groups of different documents.
    """
    edges = ("from", "to", "pairs", "gold")
    first = runs[0]
    for run in runs:
        one, other = ([[row[key] for key in edges] for row in r.metrics[split]["by_distance"]] for r in (run, first))
        if one != other:
            raise InputError(
                f"other distance groups or documents than in {first.name}",
                file=run.file(split),
                field="by_distance",
                remedy="score all runs on the same documents, with the same distance edges",
            )
    return _tidy(
        {**_identity(run, split), "metric": metric, "group": group, "value": _number(row.get(metric))}
        for run in runs
        for metric in names
        for group, row in enumerate(run.metrics[split]["by_distance"])
    )


def tidy_relations(runs: Sequence[Run], split: str, relations: Sequence[str], metric: str) -> pd.DataFrame:
    """The scores of some relations, relation by relation."""
    return _tidy(
        {
            **_identity(run, split),
            "metric": metric,
            "relation": name,
            "value": _number(run.metrics[split]["per_relation"].get(name, {}).get(metric)),
        }
        for name in relations
        for run in runs
    )


def _identity(run: Run, split: str) -> dict[str, str | int]:
    return {
        "run": run.name,
        "backbone": run.backbone,
        "method": run.method,
        "variant": run.variant,
        "seed": run.seed,
        "split": split,
    }


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _tidy(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame.from_records(list(rows))


@dataclass(frozen=True)
class Significance:
    """How sure a gain is: p of the t-test over seeds, and Holm's over the table's headline metrics."""

    seeds: int
    p: float | None
    p_holm: float | None

    def below(self, level: float) -> bool:
        """Whether the corrected p is below a level, and there are enough seeds to say so."""
        return self.seeds >= ENOUGH_SEEDS and self.p_holm is not None and self.p_holm < level


@dataclass(frozen=True)
class Summary:
    """The runs of one method under one set of settings, by one metric, and their gain over others.

    Attributes:
        key: what they share: ``backbone``, ``method``, ``variant``, ``split``, ``metric``, and ``group`` or
            ``relation`` where scores were taken by these.
        seeds: number of runs.
        mean, sd: over seeds (ddof = 1); ``mean`` is None if any run lacks the metric, ``sd`` also with one seed.
        base: mean of the runs it is compared with, over its own seeds; None unless those have all of them.
        gain: the mean minus that of the runs it is compared with.
        differences: seed by seed, ours - theirs; empty where there is nothing to compare.
        test: the paired t-test of the differences.
        record: the numbers as fields of a CSV row; the gain is that of the t-test, paired by seed.
        significance: where a table asked for it; then ``record`` has it too, and the bootstrap over documents.
    """

    key: Mapping[str, Any]
    seeds: int
    mean: float | None
    sd: float | None
    base: float | None
    gain: float | None
    differences: tuple[float, ...]
    test: PairedTest | None
    record: Record
    significance: Significance | None = None


def summarise(frame: pd.DataFrame, over: str = BACKBONE) -> list[Summary]:
    """Mean and standard deviation over seeds, and the gain paired by seed, of every setting in a tidy frame.

    Args:
        over: what a setting is compared with: the ``backbone`` alone, or its method's ``own`` settings.
    """
    keys = [column for column in frame.columns if column not in _MEASURED]
    scores: dict[tuple[Any, ...], dict[int, float]] = {}
    for key, members in frame.groupby(keys, sort=False):
        scores[key] = dict(sorted(zip(members["seed"].tolist(), members["value"].tolist(), strict=True)))
    found = []
    for key, ours in scores.items():
        about = dict(zip(keys, key, strict=True))
        changed = {"variant": ""} | ({"method": BACKBONE} if over == BACKBONE else {})
        against = tuple({**about, **changed}.values())
        theirs = scores.get(against, {}) if against != key else {}
        seeds = [seed for seed in ours if seed in theirs]
        pair = [theirs[seed] for seed in seeds], [ours[seed] for seed in seeds]
        paired = bool(seeds) and not any(math.isnan(value) for values in pair for value in values)
        whole = not any(math.isnan(value) for value in ours.values())
        own = mean(ours.values()) if whole else None
        deviation = spread(list(ours.values())) if whole else None
        base = mean(pair[0]) if paired and len(seeds) == len(ours) else None
        test = paired_t_test(*pair) if paired else None
        found.append(
            Summary(
                about,
                seeds=len(ours),
                mean=own,
                sd=deviation,
                base=base,
                gain=None if own is None or base is None else own - base,
                differences=tuple(a - b for b, a in zip(*pair, strict=True)) if paired else (),
                test=test,
                record={
                    "seeds": len(ours),
                    "mean": own,
                    "sd": deviation,
                    "gain": test.difference if test else None,
                    "gain_sd": test.deviation if test else None,
                },
            )
        )
    return found


def spread(values: Sequence[float]) -> float | None:
    """Standard deviation over seeds (ddof = 1); None with one seed."""
    return stdev(values) if len(values) > 1 else None


def tested(runs: Sequence[Run], split: str) -> list[Summary]:
    """All settings over all splits and metrics; gains over the backbone on one split are tested in :data:`TESTED`.

    Raises:
        InputError: a method and its backbone were not scored on the same documents.
    """
    counts = _document_counts(runs, split)
    rows = summarise(tidy(runs))
    tests = {
        i: row.test
        for i, row in enumerate(rows)
        if row.test is not None and row.key["split"] == split and row.key["metric"] in TESTED
    }
    family = [i for i in tests if rows[i].key["metric"] in HEADLINE]
    corrected = dict(zip(family, holm([tests[i].p for i in family]), strict=True))
    for i, test in tests.items():
        backbone, method, variant, metric = (rows[i].key[key] for key in ("backbone", "method", "variant", "metric"))
        drawn = paired_bootstrap(counts[backbone, BACKBONE, ""], counts[backbone, method, variant], TESTED[metric])
        record = {
            **rows[i].record,
            "p": test.p,
            "p_holm": corrected.get(i),
            "effect_size": test.effect_size,
            "bootstrap_low": drawn.low,
            "bootstrap_high": drawn.high,
            "bootstrap_p": drawn.p,
        }
        rows[i] = replace(rows[i], significance=Significance(test.seeds, test.p, corrected.get(i)), record=record)
    return rows


def _document_counts(runs: Sequence[Run], split: str) -> dict[tuple[str, str, str], IntArray]:
    """(backbone, method, variant) -> counts (seeds, documents, 5), the seeds in ascending order."""
    groups: dict[tuple[str, str, str], list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.seed):
        groups.setdefault((run.backbone, run.method, run.variant), []).append(run)
    counts: dict[tuple[str, str, str], IntArray] = {}
    for key, members in groups.items():
        first = groups[key[0], BACKBONE, ""][0]
        for run in members:
            if run.metrics[split]["per_document"]["gold"] != first.metrics[split]["per_document"]["gold"]:
                raise InputError(
                    f"scored on other documents than {first.name}",
                    file=run.file(split),
                    remedy="score all runs on the same prepared corpus",
                )
        values = [[run.metrics[split]["per_document"][name] for name in COUNTS] for run in members]
        counts[key] = np.array(values, dtype=np.int64).transpose(0, 2, 1)
    return counts
