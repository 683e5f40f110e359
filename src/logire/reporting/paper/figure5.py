"""Figure 5: inference cases drawn as graphs."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from logire.corpus.predictions import read_predictions
from logire.ground.files import write_json
from logire.reporting.explanations import read_explanations
from logire.reporting.formulas import formula
from logire.reporting.material import LOGIRE, Material
from logire.reporting.names import BACKBONE, Corpus
from logire.reporting.paper.cases import Arrow, Case, Triple, select_cases
from logire.reporting.selection import UnavailableError
from logire.reporting.sources import Source, corpus_sources, run_source, write_sources
from logire.reporting.style import DRAWN, draw

SPLIT = "test"

_MIDDLE = (2.0, 0.4)
"""Of a graph whose head and tail are 4 apart, in the same units."""
_GAP = 0.28
"""Between arrows that link the same two entities."""
_GREY, _BLUE, _GREEN, _RED = "0.45", "#0072B2", "#007A5A", "#C0392B"


@dataclass(frozen=True)
class Cases:
    """Inference cases, and the figure of them.

    Attributes:
        sources: the files they were found in.
    """

    cases: Sequence[Case]
    corpus: Corpus
    sources: Sequence[Source]

    def write(self, stem: Path) -> None:
        """Write ``stem.json``, ``stem.sources.json``, ``stem.png`` and ``stem.pdf``."""
        write_json(stem.with_name(f"{stem.name}.json"), [case.as_dict() for case in self.cases])
        draw(partial(_draw, self.cases, self.corpus), stem)
        write_sources(stem, self.sources, ("json", *DRAWN))


def figure5(material: Material) -> Cases:
    """Two right inferences and a wrong one of the shown run; where there is none, the figure says so.

    :mod:`logire.reporting.paper.cases` says how they are chosen.

    Raises:
        UnavailableError: no such runs, or they are kept numbers or were not asked to predict.
        InputError: a file is broken, or is about other documents.
    """
    corpus = material.corpora[0]
    ours, base = material.shown(LOGIRE), material.shown(BACKBONE)
    if ours.kept or base.kept:
        raise UnavailableError("kept numbers hold no predictions and no explanations", file=ours.folder)
    explanations = ours.folder / f"explanations-{SPLIT}.jsonl"
    predictions = base.folder / f"predictions-{SPLIT}.json"
    for file in (explanations, predictions):
        if not file.exists():
            raise UnavailableError("does not exist", file=file, remedy=f"`logire predict --split {SPLIT}` writes it")
    documents = corpus.documents(SPLIT)
    predicted: dict[str, set[Triple]] = {}
    for p in read_predictions(predictions, documents, corpus.schema):
        predicted.setdefault(p.title, set()).add((p.head, p.relation, p.tail))
    rows = read_explanations(explanations, documents, corpus.schema)
    return Cases(
        select_cases(rows, predicted, documents),
        Corpus.of(corpus.name, corpus.synthetic),
        [run_source(explanations), run_source(predictions), *corpus_sources(corpus, [SPLIT])],
    )


def _draw(cases: Sequence[Case], corpus: Corpus) -> Figure:
    if not cases:
        figure = Figure(figsize=(7.2, 1.2))
        figure.suptitle(f"{corpus.warning}{corpus.title}", fontsize=9)
        figure.text(0.5, 0.4, "No prediction was added by reasoning over two or more atoms.", ha="center")
        return figure
    ends = [{case.new.head, case.new.tail} for case in cases]
    below = max(sum({o.head, o.tail} == pair for o in case.others) for case, pair in zip(cases, ends, strict=True))
    bottom = -0.3 - _GAP * below
    figure = Figure(figsize=(7.2, (1.9 - bottom) * len(cases) + 0.6))
    for axes, case in zip(figure.subplots(len(cases), 1, squeeze=False)[:, 0], cases, strict=True):
        axes.set_ylim(bottom, 1.4)
        _draw_case(axes, case)
    figure.suptitle(f"{corpus.warning}{corpus.title}", fontsize=9)
    styles: dict[str, tuple[str, float, Literal["-", "--"]]] = {
        "reasoning path": (_BLUE, 1.8, "-"),
        "new, right": (_GREEN, 2.6, "-"),
        "new, wrong": (_RED, 2.6, "--"),
        "backbone": (_GREY, 1.2, "-"),
        "not labelled: dashed": (_GREY, 1.2, "--"),
    }
    handles = [Line2D([], [], color=c, linewidth=w, linestyle=s, label=name) for name, (c, w, s) in styles.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8)
    return figure


def _draw_case(axes: Axes, case: Case) -> None:
    """Head on the left, tail on the right, the entities in between above them."""
    axes.set_axis_off()
    axes.set_aspect("equal")  # labels are placed along arcs, which are bent on paper
    axes.set_xlim(-1.2, 5.2)
    between = case.entities[1:-1]
    place = {case.entities[0]: (0.0, 0.0), case.entities[-1]: (4.0, 0.0)}
    place |= {entity: (4.0 * (i + 1) / (len(between) + 1), 1.1) for i, entity in enumerate(between)}
    head, _, body = case.rule.partition(" <- ")
    verdict = "right" if case.positive else "wrong"
    axes.set_title(f"{verdict}: {formula(head, body.split(' ^ '))}", fontsize=8.5, loc="left")

    drawn: dict[frozenset[int], int] = {}
    for arrow in case.path:
        _draw_arrow(axes, arrow, place, _BLUE, 1.8, drawn)
    _draw_arrow(axes, case.new, place, _GREEN if case.positive else _RED, 2.6, drawn)
    for arrow in case.others:
        _draw_arrow(axes, arrow, place, _GREY, 1.2, drawn)
    for entity, (x, y) in place.items():
        axes.plot(x, y, marker="o", markersize=8, markerfacecolor="white", markeredgecolor="black", zorder=4)
        axes.annotate(
            textwrap.fill(case.names[entity], 20),
            (x, y),
            xytext=(0, 8) if entity in between else (-8 if entity == case.entities[0] else 8, 0),
            textcoords="offset points",
            ha="center" if entity in between else "right" if entity == case.entities[0] else "left",
            va="bottom" if entity in between else "center",
            fontsize=8,
        )


def _draw_arrow(
    axes: Axes,
    arrow: Arrow,
    place: dict[int, tuple[float, float]],
    colour: str,
    width: float,
    drawn: dict[frozenset[int], int],
) -> None:
    """Draw a fact with its name on it; further ones between two entities bend away from the middle of the graph."""
    pair = frozenset((arrow.head, arrow.tail))
    earlier = drawn.get(pair, 0)
    drawn[pair] = earlier + 1
    (x0, y0), (x1, y1) = place[arrow.head], place[arrow.tail]
    leftward = (x1 - x0) * (_MIDDLE[1] - y0) - (y1 - y0) * (_MIDDLE[0] - x0) > 0  # where the middle lies, seen along
    bend = earlier * 2 * _GAP / math.hypot(x1 - x0, y1 - y0) * (1 if leftward else -1)
    axes.add_patch(
        FancyArrowPatch(
            (x0, y0),
            (x1, y1),
            connectionstyle=f"arc3,rad={bend}",
            arrowstyle="-|>",
            mutation_scale=12,
            shrinkA=6,
            shrinkB=6,
            color=colour,
            linewidth=width,
            linestyle="-" if arrow.labelled else (0, (4, 2)),
            zorder=2,
        )
    )
    # The middle of an arc3 curve lies half its control point's offset off the straight line.
    axes.text(
        (x0 + x1 + bend * (y1 - y0)) / 2,
        (y0 + y1 - bend * (x1 - x0)) / 2,
        arrow.relation,
        ha="center",
        va="center",
        fontsize=7.5,
        color=colour,
        zorder=3,
        bbox={"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none"},
    )
