"""Figure 4: a backbone against the same backbone + LogiRE, by the distance between the two entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from matplotlib.figure import Figure

from logire.reporting.bars import Group, distance_record, draw_bars, interval, notes, set_title
from logire.reporting.frame import TITLES, summarise, tidy_distances
from logire.reporting.material import Material
from logire.reporting.names import BACKBONE, Corpus
from logire.reporting.style import Drawing
from logire.reporting.tables import Record, seeds_phrase

METRICS = ("f1", "ign_f1")
SPLIT = "test"


def figure4(material: Material) -> Drawing:
    """Test F1 and ign F1 of the shown backbone by distance, and the gain.

    Raises:
        InputError: no run of this backbone, a seed that one method lacks, or runs with different distance groups.
    """
    runs = material.runs.main(material.backbone, split=SPLIT)
    rows = summarise(tidy_distances(runs, SPLIT, METRICS))
    groups: list[Group] = runs[0].metrics[SPLIT]["by_distance"]
    records = [distance_record(row, groups[int(row.key["group"])]) for row in rows]
    return Drawing(
        partial(_draw, runs[0].corpus, {run.method: run.names.label for run in runs}, groups, records),
        records=records,
        sources=[source for run in runs for source in run.sources[SPLIT]],
    )


def _draw(corpus: Corpus, labels: Mapping[str, str], groups: Sequence[Group], records: Sequence[Record]) -> Figure:
    methods = list(dict.fromkeys(str(record["method"]) for record in records))
    figure = Figure(figsize=(7.2, 4.8))
    axes = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=[3, 2])
    for column, metric in enumerate(METRICS):
        rows = {method: [r for r in records if r["method"] == method and r["metric"] == metric] for method in methods}
        draw_bars(axes[0, column], labels, rows, "mean", "sd")
        draw_bars(
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
    axes[0, 0].set_ylim(bottom=0)  # an error bar may reach below, F1 does not
    axes[0, 0].set_ylabel("percent")
    axes[1, 0].set_ylabel("gain, points")
    seeds = seeds_phrase({int(record["seeds"] or 0) for record in records})
    set_title(figure, f"{corpus.warning}{corpus.title}, {seeds}{notes(records, 'sd')}")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(methods))
    return figure


def _tick(group: Group) -> str:
    return f"{interval(group)}\n{group['pairs']:,} pairs\n{group['gold']:,} facts"
