"""The knob between F1 and logic: LogiRE+ at several values of ``closure``, beside LogiRE and the backbone."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from logire.ground.errors import InputError
from logire.ground.files import read_json
from logire.reporting.runs import BACKBONE, METHODS, label, seeds_phrase, spread
from logire.reporting.style import COLOURS, MARKERS, figure_style, save_figure
from logire.reporting.tables import Record, write_csv
from logire.reporting.variants import SPLITS, Variant, read_variants

LOGIRE, LOGIRE_PLUS = METHODS
METRICS = {"logic": "logic score, percent", "f1": "F1, percent"}
"""What is drawn: along x, along y."""
_KNOB = ("closure", "closure_length")
_REMEDY = "give metrics that lie beside the run.json of their run, as `logire fit` wrote it"
_FONT = 7.5
_CORNERS = ((True, True), (False, False), (True, False), (False, True))
"""Where a point's label may stand, best first: whether to the right, whether above."""


@dataclass(frozen=True)
class Knob:
    """A value of LogiRE+'s knob.

    Attributes:
        strengths: of the closure: one, or those that each run chose from on dev.
        length: longest body of a closing rule; None where the knob is off.
    """

    strengths: tuple[float, ...]
    length: int | None

    @property
    def off(self) -> bool:
        return self.strengths == (0.0,)

    @property
    def chosen(self) -> bool:
        """Whether the strength was chosen on dev."""
        return len(self.strengths) > 1

    def __str__(self) -> str:
        return "off" if self.off else "chosen" if self.chosen else f"{self.strengths[0]:g}"


@dataclass(frozen=True)
class Point:
    """A method at one value of the knob (None for a method that has none), with the seeds that all points share."""

    variant: Variant
    knob: Knob | None
    seeds: Sequence[int]

    def values(self, split: str, metric: str) -> list[float]:
        """A metric of every seed, in percent."""
        return self.variant.values(split, metric, self.seeds) or []


def frontier(metrics: Sequence[Path], out_stem: Path) -> None:
    """Draw F1 against logic on dev and test as ``out_stem.{png,pdf}``; the numbers go to ``out_stem.csv``.

    Means over the seeds that every point has, in percent, with standard deviations. Of LogiRE+'s variants those are
    drawn that differ from its own settings in ``closure`` and ``closure_length`` alone, by the ``run.json`` beside the
    metrics.

    Args:
        metrics: dev and test metrics files of one backbone: its own, of LogiRE, of LogiRE+ and its variants.

    Raises:
        InputError: no file, mixed corpora or backbones, no run of the backbone alone or of LogiRE+ with its own
            settings, a run twice, of one split only or of a seed that the backbone lacks, a ``run.json`` of LogiRE+
            that is missing or differs between seeds, one knob value under two names, no seed that all points share,
            or no logic score.
    """
    variants = read_variants(metrics)
    knobs = _knobs([variant for variant in variants if variant.method == LOGIRE_PLUS])
    drawn = [v for v in variants if v.name is None and v.method in (BACKBONE, LOGIRE)] + list(knobs)
    _check_logic(drawn)
    seeds = sorted(set.intersection(*(set(variant.seeds) for variant in drawn)))
    if not seeds:
        raise InputError(
            f"no seed is common to {', '.join(map(str, drawn))}", field="run.seed", remedy="run them on the same seeds"
        )
    points = [Point(variant, knobs.get(variant), seeds) for variant in drawn]
    used = [item.source for variant in drawn for item in variant.metrics if item.seed in seeds]
    write_csv(out_stem, [_record(point, split) for split in SPLITS for point in points], used)
    with figure_style():
        save_figure(_draw(points), out_stem)


def _check_logic(variants: Sequence[Variant]) -> None:
    for variant in variants:
        for item in variant.metrics:
            if item.values["logic"] is None:
                raise InputError(
                    f"no gold rule fires on {item.corpus}: there is no logic score to draw F1 against",
                    file=item.file,
                    field="logic",
                    remedy="score with rules of this corpus: logire evaluate --gold-rules FILE",
                )


class _Run:
    """What the ``run.json`` files of a variant say, the same for every seed."""

    def __init__(self, variant: Variant) -> None:
        files = {item.file.parent / "run.json": None for item in variant.metrics}
        found = {file: self._read(file) for file in files}
        self.file, (self.knob, self.rest) = next(iter(found.items()))
        for file, other in found.items():
            if other != (self.knob, self.rest):
                raise InputError(
                    f"other settings than in {self.file}, which is another seed of {variant}",
                    file=file,
                    field="settings",
                    remedy="fit all seeds of a variant with the same settings",
                )

    @staticmethod
    def _read(file: Path) -> tuple[Knob, dict[str, Any]]:
        run = read_json(file, remedy=_REMEDY)
        settings: Any = run.get("settings") if isinstance(run, dict) else None
        for key in _KNOB:
            if not isinstance(settings, dict) or key not in settings:
                raise InputError("is missing", file=file, field=f"settings.{key}", remedy=_REMEDY)
        strengths = tuple(sorted(float(strength) for strength in settings["closure"]))
        knob = Knob(strengths, None if strengths == (0.0,) else int(settings["closure_length"]))
        # Where the training logits come from is no setting, yet a variant can differ in it.
        rest = {"settings": {k: v for k, v in settings.items() if k not in _KNOB}}
        return knob, rest | {"folds": len(run.get("out_of_fold", []))}


def _knobs(variants: Sequence[Variant]) -> dict[Variant, Knob]:
    """LogiRE+ and its variants that differ from it in the knob alone: off, each strength, chosen ones."""
    runs = {variant: _Run(variant) for variant in variants}
    own = next((run for variant, run in runs.items() if variant.name is None), None)
    if own is None:
        raise InputError(
            f"no metrics of {METHODS[LOGIRE_PLUS]} with its own settings are given",
            field="run.method",
            remedy=f"give the metrics of {LOGIRE_PLUS} runs that have no variant",
        )
    found: dict[Knob, _Run] = {}
    chosen: dict[Variant, Knob] = {}
    for variant, run in runs.items():
        if run.rest != own.rest:
            continue
        if run.knob in found:
            raise InputError(
                f"the same settings as {found[run.knob].file}",
                file=run.file,
                field="settings.closure",
                remedy="give the runs of one knob value under one name",
            )
        found[run.knob] = run
        chosen[variant] = run.knob
    return dict(sorted(chosen.items(), key=lambda row: (row[1].chosen, row[1].strengths, row[1].length or 0)))


def _record(point: Point, split: str) -> Record:
    return {
        "split": split,
        "backbone": point.variant.backbone,
        "method": point.variant.method,
        "variant": point.variant.name,
        "closure": None if point.knob is None else str(point.knob),
        "closure_length": None if point.knob is None else point.knob.length,
        "seeds": len(point.seeds),
        **{
            f"{metric}{ending}": of(point.values(split, metric))
            for metric in reversed(METRICS)
            for ending, of in (("", mean), ("_sd", spread))
        },
    }


def _draw(points: Sequence[Point]) -> Figure:
    figure = Figure(figsize=(3.5, 5.6))  # one column of a two-column page, at its own size
    panels = figure.subplots(2, 1)
    for axes, split in zip(panels, SPLITS, strict=True):
        _panel(axes, split, points)
    first = points[0].variant.metrics[0]
    seeds = points[0].seeds
    bars = ", error bars: standard deviation" if len(seeds) > 1 else ""
    title = (
        f"{first.corpus.warning}{first.corpus}, {seeds_phrase({len(seeds)})}{bars}; "
        f"beside the points: strength of {METHODS[LOGIRE_PLUS]}'s closure"
    )
    figure.suptitle(textwrap.fill(title, 58), fontsize=_FONT)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3 if len(labels) == 3 else 2, fontsize=_FONT)
    # Labels are placed by where the points come to stand on the page.
    figure.draw_without_rendering()
    for axes, split in zip(panels, SPLITS, strict=True):
        _annotate(axes, split, points)
    return figure


def _panel(axes: Axes, split: str, points: Sequence[Point]) -> None:
    fixed = [point for point in points if point.knob is None]
    for point in fixed:
        style = (BACKBONE, LOGIRE).index(point.variant.method)
        _series(axes, split, [point], style, label(point.variant.backbone, point.variant.method))
    knobs = [(point, point.knob) for point in points if point.knob is not None]
    off = [point for point, knob in knobs if knob.off]
    chosen = [point for point, knob in knobs if knob.chosen]
    lengths = sorted({knob.length for _, knob in knobs if knob.length is not None and not knob.chosen})
    name = METHODS[LOGIRE_PLUS]
    for i, length in enumerate(lengths):
        members = [point for point, knob in knobs if knob.length == length and not knob.chosen]
        # Every length starts from the same point, where the knob is off.
        _series(axes, split, off + members, 2 + i, name if len(lengths) == 1 else f"{name}, bodies ≤ {length}")
    if off and not lengths:
        _series(axes, split, off, 2, name)
    for point in chosen:
        _ring(axes, split, point, f"{name}, chosen on dev")
    axes.set_title(split)
    axes.set_xlabel(METRICS["logic"])
    axes.set_ylabel(METRICS["f1"])
    axes.grid(visible=True, axis="both")
    axes.margins(0.14)


def _series(axes: Axes, split: str, points: Sequence[Point], style: int, name: str) -> None:
    x, y = ([mean(point.values(split, metric)) for point in points] for metric in METRICS)
    errors = (
        [[spread(point.values(split, metric)) or 0.0 for point in points] for metric in METRICS]
        if len(points[0].seeds) > 1
        else [None, None]
    )
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


def _ring(axes: Axes, split: str, point: Point, name: str) -> None:
    """A ring, for a point that may lie on another."""
    at = [[mean(point.values(split, metric))] for metric in METRICS]
    axes.plot(*at, "o", markersize=10, markerfacecolor="none", markeredgecolor="black", label=name, zorder=4)


def _annotate(axes: Axes, split: str, points: Sequence[Point]) -> None:
    """Write each knob value beside its point, at the first of several places that is free."""
    scale = 72 / axes.figure.dpi
    at = [tuple(axes.transData.transform([mean(p.values(split, m)) for m in METRICS]) * scale) for p in points]
    taken = [(x - 3, y - 3, x + 3, y + 3) for x, y in at]
    for point, (x, y) in zip(points, at, strict=True):
        if point.knob is None or point.knob.chosen:
            continue
        text = str(point.knob)
        width, height = 0.6 * _FONT * len(text), _FONT
        corners = [(right, up, shift) for shift in (4, 7, 10, 13) for right, up in _CORNERS]
        boxes = [
            (left, low, left + width, low + height)
            for right, up, shift in corners
            for left in [x + shift if right else x - shift - width]
            for low in [y + shift if up else y - shift - height]
        ]
        free = (i for i, box in enumerate(boxes) if not any(_overlap(box, other) for other in taken))
        best = next(free, 0)
        taken.append(boxes[best])
        right, up, shift = corners[best]
        axes.annotate(
            text,
            (mean(point.values(split, "logic")), mean(point.values(split, "f1"))),
            xytext=(shift if right else -shift, shift if up else -shift),
            textcoords="offset points",
            ha="left" if right else "right",
            va="bottom" if up else "top",
            fontsize=_FONT,
            path_effects=[withStroke(linewidth=2, foreground="white")],
            zorder=5,
            # The places hold for this layout only.
            in_layout=False,
        )


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
