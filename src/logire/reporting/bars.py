"""What the figures by distance share: their numbers, one record a method, metric and group, and their bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from logire.evaluation.significance import ENOUGH_FACTS
from logire.ground.numbers import signed
from logire.reporting.frame import Summary, spread
from logire.reporting.names import BACKBONE
from logire.reporting.style import COLOURS, HATCHES
from logire.reporting.tables import Record

HOLLOW = f"hollow: fewer than {ENOUGH_FACTS} facts".replace(" ", "\N{NO-BREAK SPACE}")
"""What a figure with such a group says in its title, on one line of it."""

LETTERS = 13
"""Letters of a title that fit in an inch."""

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
    """Bars side by side for each distance group; hollow where the group has few facts.

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
        bars = axes.bar(
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
        for bar, record in zip(bars, records, strict=True):
            if has_few(record):
                bar.set(facecolor="white", edgecolor=COLOURS[style % len(COLOURS)], linewidth=1.2)
        if label_values:
            for x, value, spread_, record in zip(at, values, errors, records, strict=True):
                axes.annotate(
                    signed(value) if record["gold"] else "no facts",
                    (x, max(0.0, value + spread_)),
                    xytext=(0, 2),
                    textcoords="offset points",
                    ha="center",
                    va="bottom",
                    fontsize=7,
                )
    axes.margins(y=0.15)


def has_few(group: Group) -> bool:
    """Whether a group has too few labelled facts for its scores to say much."""
    return int(group["gold"]) < ENOUGH_FACTS


def notes(records: Sequence[Record], deviation: str, over: str = "") -> str:
    """What the title of a figure says of its bars: what error bars are, and what hollow ones mean.

    Args:
        deviation: the field that gives the error bars.
        over: what they are over, after "standard deviation".
    """
    errors = [] if all(record[deviation] is None for record in records) else [f"error bars: standard deviation{over}"]
    return "".join(f", {note}" for note in [*errors, *([HOLLOW] if any(map(has_few, records)) else [])])


def set_title(figure: Figure, text: str) -> None:
    """Put a title over all panels, in as many lines as the figure's width asks for."""
    figure.suptitle(fill(text, int(figure.get_figwidth() * LETTERS)), fontsize=9)


def interval(group: Group) -> str:
    """``100–199``, ``≥ 400``."""
    return f"{group['from']}–{group['to'] - 1}" if group["to"] else f"≥ {group['from']}"
