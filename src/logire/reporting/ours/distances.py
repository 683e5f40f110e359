"""What LogiRE adds to each backbone, by the distance between the two entities: Figure 4's gap for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import ceil

from matplotlib.figure import Figure

from logire.reporting.bars import Group, distance_record, draw_bars, has_few, interval, notes, set_title
from logire.reporting.frame import TITLES, summarise, tidy_distances
from logire.reporting.material import Material
from logire.reporting.names import BACKBONE, Corpus
from logire.reporting.style import Drawing
from logire.reporting.tables import Record, seeds_phrase

METRIC, SPLIT = "f1", "test"
ACROSS = 3
"""Panels side by side."""


def distances(material: Material) -> Drawing:
    """The gain in test F1 over the backbone by distance, a panel for each backbone.

    Raises:
        InputError: a seed that one method lacks, or runs with different distance groups.
    """
    runs = material.runs.main(split=SPLIT)
    rows = summarise(tidy_distances(runs, SPLIT, (METRIC,)))
    groups: list[Group] = runs[0].metrics[SPLIT]["by_distance"]
    records = [{"backbone": row.key["backbone"], **distance_record(row, groups[int(row.key["group"])])} for row in rows]
    names = {run.backbone: run.names.backbone for run in runs}
    methods = {run.method: run.names.method for run in runs if run.method != BACKBONE}
    return Drawing(
        partial(_draw, runs[0].corpus, names, methods, groups, records),
        records=records,
        sources=[source for run in runs for source in run.sources[SPLIT]],
    )


def _draw(
    corpus: Corpus,
    names: Mapping[str, str],
    methods: Mapping[str, str],
    groups: Sequence[Group],
    records: Sequence[Record],
) -> Figure:
    across = min(ACROSS, len(names))
    down = ceil(len(names) / across)
    figure = Figure(figsize=(0.6 + 2.6 * across, 0.9 + 2.0 * down))
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).flatten()
    for axes, (backbone, name) in zip(panels, names.items(), strict=False):
        own = [record for record in records if record["backbone"] == backbone]
        rows = {method: [r for r in own if r["method"] == method] for method in methods}
        draw_bars(axes, methods, {method: found for method, found in rows.items() if found}, "gain", "gain_sd")
        axes.axhline(0, color="0.3", linewidth=0.8)
        axes.set_title(f"{name}, {seeds_phrase({int(record['seeds'] or 0) for record in own})}")
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    for axes in panels[len(names) - across : len(names)]:
        axes.set_xticks(range(len(groups)), [_tick(group) for group in groups], fontsize=7)
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("tokens between the nearest mentions", fontsize=7.5)
    for axes in panels[::across]:
        axes.set_ylabel(f"gain in {SPLIT} {TITLES[METRIC]}")
    set_title(figure, f"{corpus.warning}{corpus.title}{notes(records, 'gain_sd', ' over seeds')}")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(methods))
    return figure


def _tick(group: Group) -> str:
    return f"{interval(group)}\n{group['gold']} facts" if has_few(group) else interval(group)
