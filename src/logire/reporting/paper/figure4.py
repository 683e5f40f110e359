"""Figure 4: a backbone against the same backbone + LogiRE, by the distance between the two entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import mean
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from logire.reporting.frame import TITLES, Summary, spread, summarise, tidy_distances
from logire.reporting.material import Material
from logire.reporting.names import BACKBONE, Corpus
from logire.reporting.style import COLOURS, HATCHES, Drawing
from logire.reporting.tables import Record, seeds_phrase

METRICS = ("f1", "ign_f1")
SPLIT = "test"

Group = Mapping[str, Any]
"""A distance group: ``from``, ``to``, ``pairs``, ``gold``."""


def figure4(material: Material) -> Drawing:
    """Test F1 and ign F1 of the shown backbone by distance, and the gain.

    Raises:
        InputError: no run of this backbone, a seed that one method lacks, or runs with different distance groups.
    """
    runs = material.runs.main(material.backbone, split=SPLIT)
    rows = summarise(tidy_distances(runs, SPLIT, METRICS))
    groups: list[Group] = runs[0].metrics[SPLIT]["by_distance"]
    records = [_record(row, groups[int(row.key["group"])]) for row in rows]
    return Drawing(
        partial(_draw, runs[0].corpus, {run.method: run.names.label for run in runs}, groups, records),
        records=records,
        sources=[source for run in runs for source in run.sources[SPLIT]],
    )


def _record(row: Summary, group: Group) -> Record:
    return {
        "method": row.key["method"],
        "metric": row.key["metric"],
        **{key: group[key] for key in ("from", "to", "pairs", "gold")},
        "seeds": row.seeds,
        "mean": row.mean,
        "sd": row.sd,
        "gain": mean(row.differences) if row.differences else None,
        "gain_sd": spread(row.differences),
    }


def _draw(corpus: Corpus, labels: Mapping[str, str], groups: Sequence[Group], records: Sequence[Record]) -> Figure:
    methods = list(dict.fromkeys(str(record["method"]) for record in records))
    figure = Figure(figsize=(7.2, 4.8))
    axes = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=[3, 2])
    for column, metric in enumerate(METRICS):
        rows = {method: [r for r in records if r["method"] == method and r["metric"] == metric] for method in methods}
        _bars(axes[0, column], labels, rows, "mean", "sd")
        _bars(
            axes[1, column],
            labels,
            {m: rows[m] for m in methods if m != BACKBONE},
            "gain",
            "gain_sd",
            label_values=True,
        )
        axes[0, column].set_title(f"{SPLIT} {TITLES[metric]}")
        axes[1, column].axhline(0, color="0.3", linewidth=0.8)
        axes[1, column].set_xticks(range(len(groups)), [_tick(group) for group in groups], fontsize=7.5)
        axes[1, column].set_xlabel("tokens between the nearest mentions")
    axes[0, 0].set_ylabel("percent")
    axes[1, 0].set_ylabel("gain, points")
    seeds = seeds_phrase({int(record["seeds"] or 0) for record in records})
    bars = "" if all(record["sd"] is None for record in records) else ", error bars: standard deviation"
    figure.suptitle(f"{corpus.warning}{corpus.title}, {seeds}{bars}", fontsize=9)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(methods))
    return figure


def _bars(
    axes: Axes,
    labels: Mapping[str, str],
    rows: dict[str, list[Record]],
    key: str,
    error: str,
    *,
    label_values: bool = False,
) -> None:
    width = 0.8 / len(rows)
    # A method keeps its colour in both rows of the figure.
    first = 0 if BACKBONE in rows else 1
    for i, (method, records) in enumerate(rows.items()):
        values = np.array([r[key] for r in records], dtype=np.float64)
        errors = np.array([r[error] or 0.0 for r in records], dtype=np.float64)
        at = np.arange(len(values)) + (i - (len(rows) - 1) / 2) * width
        style = first + i
        axes.bar(
            at,
            values,
            width,
            yerr=errors if errors.any() else None,
            label=labels[method],
            color=COLOURS[style % len(COLOURS)],
            hatch=HATCHES[style % len(HATCHES)],
            edgecolor="black",
            linewidth=0.6,
            capsize=2.5,
            error_kw={"linewidth": 1.0},
        )
        if label_values:
            for x, value, spread_, record in zip(at, values, errors, records, strict=True):
                axes.annotate(
                    f"{value:+.2f}" if record["gold"] else "no facts",
                    (x, max(0.0, value + spread_)),
                    xytext=(0, 2),
                    textcoords="offset points",
                    ha="center",
                    va="bottom",
                    fontsize=7,
                )
    axes.margins(y=0.15)


def _tick(group: Group) -> str:
    interval = f"{group['from']}–{group['to'] - 1}" if group["to"] else f"≥ {group['from']}"
    return f"{interval}\n{group['pairs']:,} pairs\n{group['gold']:,} facts"
