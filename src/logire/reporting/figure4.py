"""Figure 4: a backbone against the same backbone + LogiRE, by the distance between the two entities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from logire.ground.errors import InputError
from logire.reporting.runs import BACKBONE, Metrics, group_runs, label, read_metrics, seeds_phrase, spread
from logire.reporting.style import COLOURS, HATCHES, figure_style, save_figure
from logire.reporting.tables import Record, write_csv

METRICS = {"f1": "F1", "ign_f1": "ign F1"}
SPLIT = "test"


def figure4(metrics: Sequence[Path], out_stem: Path, backbone: str) -> None:
    """Draw test F1 and ign F1 by distance, and the gain, as ``out_stem.{png,pdf}``; the numbers as ``out_stem.csv``.

    Args:
        metrics: metrics files of one corpus; those of the test split and of ``backbone`` are used.
        backbone: its name in the metrics files.

    Raises:
        InputError: no file, mixed corpora, no run of this backbone, a seed that one method lacks, or runs with
            different distance groups.
    """
    found = [item for item in read_metrics(metrics) if item.split == SPLIT and item.backbone == backbone]
    if not found:
        raise InputError(
            f"no metrics of {backbone!r} on the {SPLIT} split", remedy="give that backbone's test metrics files"
        )
    methods = group_runs(found, SPLIT)[backbone]
    groups = _groups(found)
    records = [
        record
        for method, seeds in methods.items()
        for metric in METRICS
        for record in _records(methods, method, metric)
    ]
    write_csv(out_stem, records, [item.source for item in found])
    with figure_style():
        save_figure(_draw(found[0], backbone, list(methods), groups, records), out_stem)


def _groups(metrics: Sequence[Metrics]) -> list[dict[str, Any]]:
    """The distance groups, with what is the same in every run: their edges, pairs and labelled facts."""
    keys = ("from", "to", "pairs", "gold")
    groups = [[{key: group[key] for key in keys} for group in item.values["by_distance"]] for item in metrics]
    for item, found in zip(metrics, groups, strict=True):
        if found != groups[0]:
            raise InputError(
                f"other distance groups or documents than in {metrics[0].file}",
                file=item.file,
                field="by_distance",
                remedy="score all runs on the same documents, with the same distance edges",
            )
    return groups[0]


def _records(methods: dict[str, dict[int, Metrics]], method: str, metric: str) -> list[Record]:
    records: list[Record] = []
    seeds = sorted(methods[method])
    for g, group in enumerate(methods[method][seeds[0]].values["by_distance"]):
        ours, base = (
            [float(methods[name][seed].values["by_distance"][g][metric]) for seed in seeds]
            for name in (method, BACKBONE)
        )
        gains = [a - b for a, b in zip(ours, base, strict=True)] if method != BACKBONE else []
        records.append(
            {
                "method": method,
                "metric": metric,
                "from": group["from"],
                "to": group["to"],
                "pairs": group["pairs"],
                "gold": group["gold"],
                "seeds": len(seeds),
                "mean": mean(ours),
                "sd": spread(ours),
                "gain": mean(gains) if gains else None,
                "gain_sd": spread(gains) if gains else None,
            }
        )
    return records


def _draw(
    first: Metrics, backbone: str, methods: list[str], groups: list[dict[str, Any]], records: list[Record]
) -> Figure:
    figure = Figure(figsize=(7.2, 4.8))
    axes = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=[3, 2])
    for column, (metric, name) in enumerate(METRICS.items()):
        rows = {method: [r for r in records if r["method"] == method and r["metric"] == metric] for method in methods}
        _bars(axes[0, column], backbone, rows, "mean", "sd")
        _bars(
            axes[1, column],
            backbone,
            {m: rows[m] for m in methods if m != BACKBONE},
            "gain",
            "gain_sd",
            label_values=True,
        )
        axes[0, column].set_title(f"{SPLIT} {name}")
        axes[1, column].axhline(0, color="0.3", linewidth=0.8)
        axes[1, column].set_xticks(range(len(groups)), [_tick(group) for group in groups], fontsize=7.5)
        axes[1, column].set_xlabel("tokens between the nearest mentions")
    axes[0, 0].set_ylabel("percent")
    axes[1, 0].set_ylabel("gain, points")
    seeds = seeds_phrase({int(record["seeds"] or 0) for record in records})
    bars = "" if all(record["sd"] is None for record in records) else ", error bars: standard deviation"
    figure.suptitle(f"{first.corpus.warning}{first.corpus}, {seeds}{bars}", fontsize=9)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(methods))
    return figure


def _bars(
    axes: Axes, backbone: str, rows: dict[str, list[Record]], key: str, error: str, *, label_values: bool = False
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
            label=label(backbone, method),
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


def _tick(group: dict[str, Any]) -> str:
    interval = f"{group['from']}–{group['to'] - 1}" if group["to"] else f"≥ {group['from']}"
    return f"{interval}\n{group['pairs']:,} pairs\n{group['gold']:,} facts"
