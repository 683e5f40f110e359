"""Table 2 as a picture: test F1 of every backbone, alone and with rules, beside the paper's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from matplotlib.figure import Figure

from logire.reporting.bars import set_title
from logire.reporting.frame import TITLES, tidy
from logire.reporting.material import Material
from logire.reporting.names import BACKBONE, Corpus
from logire.reporting.paper.compared import published
from logire.reporting.style import COLOURS, MARKERS, Drawing
from logire.reporting.tables import seeds_phrase

METRIC, SPLIT = "f1", "test"


class _Point(NamedTuple):
    """One seed's test F1, with the mean over the method's seeds and the paper's figure."""

    backbone: str
    method: str
    seed: int
    f1: float
    mean: float
    paper: float | None


def overview(material: Material) -> Drawing:
    """Test F1 of every backbone and method: each seed, the mean, and the paper's figure where it has one.

    Raises:
        InputError: no run scored on test.
    """
    runs = material.runs.main(split=SPLIT)
    corpus = runs[0].corpus
    paper = published("Table 2", corpus.name) if corpus.papers else {}
    frame = tidy(runs, (METRIC,))
    frame = frame[frame["split"] == SPLIT]
    names = {(run.backbone, run.method): run.names for run in runs}
    points = []
    for backbone, method in names:
        own = frame[(frame["backbone"] == backbone) & (frame["method"] == method)]
        theirs = paper.get((SPLIT, names[backbone, method].label), {}).get(METRIC)
        mean = float(own["value"].mean())
        points += [
            _Point(backbone, method, int(seed), float(value), mean, theirs)
            for seed, value in zip(own["seed"], own["value"], strict=True)
        ]
    return Drawing(
        partial(
            _draw,
            corpus,
            {run.backbone: run.names.backbone for run in runs},
            {run.method: run.names.method for run in runs},
            points,
        ),
        records=[point._asdict() for point in points],
        sources=[source for run in runs for source in run.sources[SPLIT]],
    )


def _draw(corpus: Corpus, names: Mapping[str, str], methods: Mapping[str, str], points: Sequence[_Point]) -> Figure:
    figure = Figure(figsize=(6.4, 1.1 + 0.62 * len(names)))
    axes = figure.subplots()
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    step = 0.7 / len(methods)
    for m, (method, called) in enumerate(methods.items()):
        colour = COLOURS[m % len(COLOURS)]
        own = [point for point in points if point.method == method]
        places = [list(names).index(point.backbone) + (m - (len(methods) - 1) / 2) * step for point in own]
        axes.plot([point.f1 for point in own], places, ".", color=colour, markersize=4, alpha=0.55)
        label = "alone" if method == BACKBONE else f"+ {called}"
        means = {place: point.mean for place, point in zip(places, own, strict=True)}
        marker = MARKERS[m % len(MARKERS)]
        axes.plot(list(means.values()), list(means), marker, color=colour, markersize=6, label=label)
        papers = {place: point.paper for place, point in zip(places, own, strict=True) if point.paper is not None}
        if papers:
            axes.plot(
                list(papers.values()),
                list(papers),
                marker,
                markerfacecolor="none",
                markeredgecolor=colour,
                markersize=6,
                label=f"the paper's, {label}",
            )
    axes.set_yticks(range(len(names)), list(names.values()))
    axes.set_ylim(len(names) - 0.5, -0.5)  # all of a row's markers, the last one's and an only one's too
    axes.set_xlabel(f"{SPLIT} {TITLES[METRIC]}")
    seeds = Counter((point.backbone, point.method) for point in points)
    set_title(figure, f"{corpus.warning}{corpus.title}: mean of {seeds_phrase(seeds.values())} (dots)")
    figure.legend(loc="outside lower center", ncols=3, fontsize=7.5)
    return figure
