"""The knob between F1 and logic: LogiRE+ at several values of ``closure``, beside LogiRE and the backbone."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from adjustText import adjust_text  # type: ignore[import-untyped]
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from logire.ground.errors import InputError
from logire.reporting.frame import Summary, summarise, tidy
from logire.reporting.material import LOGIRE, Material
from logire.reporting.names import BACKBONE, Corpus
from logire.reporting.ours.knob import LOGIRE_PLUS, Knob, find_knobs
from logire.reporting.runs import SPLITS, Run
from logire.reporting.selection import UnavailableError
from logire.reporting.style import COLOURS, MARKERS, Drawing
from logire.reporting.tables import Record, seeds_phrase
from logire.rules.plus.method import METHOD

METRICS = {"logic": "logic score, percent", "f1": "F1, percent"}
"""What is drawn: along x, along y."""
_FONT = 7.5


@dataclass(frozen=True)
class Point:
    """A method at one value of the knob (None for a method that has none).

    Attributes:
        run: one of its runs.
        scores: (split, metric) -> mean and standard deviation, over the seeds that all points share.
    """

    run: Run
    knob: Knob | None
    scores: Mapping[tuple[str, str], Summary]

    def at(self, split: str) -> tuple[float, float]:
        """Where it lies on the page: logic and F1, means in percent."""
        x, y = (self.scores[split, metric].mean or 0.0 for metric in METRICS)
        return x, y


def frontier(material: Material) -> Drawing:
    """F1 against logic on dev and test: means over the seeds that every point has, with standard deviations.

    Of LogiRE+'s variants those are drawn that differ from its own settings in ``closure`` and ``closure_length`` alone.

    Raises:
        UnavailableError: no run of LogiRE+ with its own settings.
        InputError: variants on several backbones, no run of the backbone alone, a run of one split only or of a seed
            that the backbone lacks, settings that are missing or differ between seeds, one knob value under two names,
            no seed that all points share, or no logic score.
    """
    runs = material.runs.compared(material.backbone)
    settings: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        settings.setdefault((run.method, run.variant), []).append(run)
    knobs = find_knobs([members for (method, _), members in settings.items() if method == LOGIRE_PLUS])
    keys = [(method, "") for method in (BACKBONE, LOGIRE) if (method, "") in settings]
    keys += [(LOGIRE_PLUS, variant) for variant in knobs]
    drawn = [run for key in keys for run in settings[key]]
    _check_logic(drawn)
    shared = set.intersection(*({run.seed for run in settings[key]} for key in keys))
    if not shared:
        raise InputError(
            f"no seed is common to {', '.join(settings[key][0].title for key in keys)}",
            field="run.seed",
            remedy="run them on the same seeds",
        )
    used = [run for run in drawn if run.seed in shared]
    scores: dict[tuple[str, str], dict[tuple[str, str], Summary]] = {}
    for row in summarise(tidy(used, tuple(METRICS))):
        about = row.key
        scores.setdefault((about["method"], about["variant"]), {})[about["split"], about["metric"]] = row
    points = [
        Point(settings[key][0], knobs.get(key[1]) if key[0] == LOGIRE_PLUS else None, scores[key]) for key in keys
    ]
    return Drawing(
        partial(_draw, runs[0].corpus, points),
        records=[_record(point, split) for split in SPLITS for point in points],
        sources=[source for run in used for split in SPLITS for source in run.sources[split]],
    )


def _check_logic(runs: Sequence[Run]) -> None:
    for run in runs:
        for split in SPLITS:
            if run.metrics[split].get("logic") is None:
                raise UnavailableError(
                    f"no gold rule fires on {run.corpus.title}: there is no logic score to draw F1 against",
                    file=run.file(split),
                    field="logic",
                    remedy="score with rules of this corpus: logire evaluate --gold-rules FILE",
                )


def _record(point: Point, split: str) -> Record:
    shown = {metric: point.scores[split, metric] for metric in reversed(METRICS)}
    first = shown["f1"]
    return {
        "split": split,
        "backbone": first.key["backbone"],
        "method": point.run.method,
        "variant": first.key["variant"],
        "closure": None if point.knob is None else str(point.knob),
        "closure_length": None if point.knob is None else point.knob.length,
        "seeds": first.seeds,
        **{
            f"{metric}{ending}": value
            for metric, row in shown.items()
            for ending, value in (("", row.mean), ("_sd", row.sd))
        },
    }


def _draw(corpus: Corpus, points: Sequence[Point]) -> Figure:
    figure = Figure(figsize=(3.5, 5.6))  # one column of a two-column page, at its own size
    panels = figure.subplots(2, 1)
    for axes, split in zip(panels, SPLITS, strict=True):
        _panel(axes, split, points)
    seeds = points[0].scores[SPLITS[0], "f1"].seeds
    bars = ", error bars: standard deviation" if seeds > 1 else ""
    title = f"{corpus.warning}{corpus.title}, {seeds_phrase([seeds])}{bars}"
    if any(_labelled(point) for point in points):
        title += f"; beside the points: strength of {METHOD.title}'s closure"
    figure.suptitle(textwrap.fill(title, 58), fontsize=_FONT)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=_FONT)
    # Labels are placed by where the points come to stand on the page; the layout must not change after that.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes, split in zip(panels, SPLITS, strict=True):
        _annotate(axes, split, points)
    return figure


def _labelled(point: Point) -> bool:
    """Whether its knob's value stands beside the point: dev chose that of the others."""
    return point.knob is not None and not point.knob.chosen


def _panel(axes: Axes, split: str, points: Sequence[Point]) -> None:
    for point in points:
        if point.knob is None:
            style = (BACKBONE, LOGIRE).index(point.run.method)
            _series(axes, split, [point], style, point.run.names.label)
    knobs = [(point, point.knob) for point in points if point.knob is not None]
    off = [point for point, knob in knobs if knob.off]
    chosen = [point for point, knob in knobs if knob.chosen]
    lengths = sorted({knob.length for _, knob in knobs if knob.length is not None and not knob.chosen})
    name = METHOD.title
    for i, length in enumerate(lengths):
        members = [point for point, knob in knobs if knob.length == length and not knob.chosen]
        # Every length starts from the same point, where the knob is off.
        _series(axes, split, off + members, 2 + i, name if len(lengths) == 1 else f"{name}, bodies ≤ {length}")
    if off and not lengths:
        _series(axes, split, off, 2, name)
    for point in chosen:
        # A ring, for it may lie on another point.
        at = [[value] for value in point.at(split)]
        look: dict[str, Any] = {"markersize": 10, "markerfacecolor": "none", "markeredgecolor": "black", "zorder": 4}
        axes.plot(*at, "o", label=f"{name}, chosen on dev", **look)
    axes.set_title(split)
    axes.set_xlabel(METRICS["logic"])
    axes.set_ylabel(METRICS["f1"])
    axes.grid(visible=True, axis="both")
    axes.margins(0.14)
    # Room around the points may reach below zero, a score does not.
    axes.set_xlim(left=max(0.0, axes.get_xlim()[0]))
    axes.set_ylim(bottom=max(0.0, axes.get_ylim()[0]))


def _series(axes: Axes, split: str, points: Sequence[Point], style: int, name: str) -> None:
    x, y = zip(*(point.at(split) for point in points), strict=True)
    one = points[0].scores[split, "f1"].seeds == 1
    errors = [None if one else [point.scores[split, m].sd or 0.0 for point in points] for m in METRICS]
    axes.errorbar(
        x,
        y,
        xerr=errors[0],
        yerr=errors[1],
        label=name,
        color=COLOURS[style % len(COLOURS)],
        marker=MARKERS[style % len(MARKERS)],
        linestyle="none" if len(points) == 1 else "-" if style == 2 else "--",
        zorder=3 - style / 10,  # the point that two lines share looks like the first one's
        linewidth=1.1,
        markersize=5.5,
        markeredgecolor="black",
        markeredgewidth=0.6,
        elinewidth=0.7,
        capsize=2,
    )


def _annotate(axes: Axes, split: str, points: Sequence[Point]) -> None:
    """Write each knob value beside its point, clear of the other points and labels."""
    shadow = [withStroke(linewidth=2, foreground="white")]
    labelled = [(*point.at(split), str(point.knob)) for point in points if _labelled(point)]
    texts = [axes.text(x, y, knob, fontsize=_FONT, path_effects=shadow, zorder=5) for x, y, knob in labelled]
    x, y = zip(*(point.at(split) for point in points), strict=True)
    # A limit in iterations, not in seconds: the same places on every machine.
    adjust_text(texts, x=x, y=y, ax=axes, expand=(1.7, 1.9), force_text=1.0, iter_lim=1000)
