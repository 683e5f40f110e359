"""What the figures by distance share: their numbers, one record a method, metric and group, and their bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from logire.reporting.frame import Summary, spread
from logire.reporting.names import BACKBONE
from logire.reporting.style import COLOURS, HATCHES
from logire.reporting.tables import Record

Group = Mapping[str, Any]
"""A distance group: ``from``, ``to``, ``pairs``, ``gold``."""


def distance_record(row: Summary, group: Group) -> Record:
    """The numbers of one method by one metric in one distance group, as fields of a CSV row."""
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


def draw_bars(
    axes: Axes,
    labels: Mapping[str, str],
    rows: Mapping[str, Sequence[Record]],
    key: str,
    error: str,
    *,
    label_values: bool = False,
) -> None:
    """Bars side by side for each distance group.

    Args:
        labels: method -> what the legend calls it.
        rows: method -> its records, group by group.
        key, error: the fields that give a bar's height and its error bar.
        label_values: write each value above its bar.
    """
    width = 0.8 / len(rows)
    # A method keeps its colour whether the backbone stands beside it or not.
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


def interval(group: Group) -> str:
    """``100–199``, ``≥ 400``."""
    return f"{group['from']}–{group['to'] - 1}" if group["to"] else f"≥ {group['from']}"
