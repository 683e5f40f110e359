"""Figure 3: how far apart the two entities of a pair are."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from logire.corpus.document import IntArray
from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.ground.errors import InputError
from logire.reporting.material import Material
from logire.reporting.names import Corpus
from logire.reporting.sources import corpus_sources
from logire.reporting.style import COLOURS, HATCHES, MARKERS, Drawing
from logire.reporting.tables import Record

WIDTH, LAST = 50, 500
"""Tokens to a group, and where the last, open group begins."""
NEAR = 100
"""The paper gives the share of pairs below this distance: 79.26% in DocRED."""


def figure3(material: Material) -> Drawing:
    """The distribution of entity-pair distance, all splits of each corpus pooled.

    A distance is the number of tokens between the nearest mentions of two entities of a document; every pair of
    entities counts, related or not.

    Raises:
        InputError: no corpus, one given twice, or one without a pair of entities.
    """
    corpora = material.corpora
    names = [Corpus.of(corpus.name, corpus.synthetic) for corpus in corpora]
    if len(set(names)) < len(names):
        raise InputError("the same corpus is given twice", remedy="name each corpus once")
    measured = {name: _counts(corpus) for name, corpus in zip(names, corpora, strict=True)}
    return Drawing(
        partial(_draw, measured),
        records=[record for name, counts in measured.items() for record in _records(name, counts)],
        sources=[source for corpus in corpora for source in corpus_sources(corpus, SPLITS)],
    )


def _counts(corpus: PreparedCorpus) -> IntArray:
    """Pairs by group: [0, WIDTH), ..., [LAST, inf)."""
    counts = np.zeros(LAST // WIDTH + 1, dtype=np.int64)
    for split in SPLITS:
        for document in corpus.documents(split):
            distances = document.pair_distances()
            near = distances[np.triu_indices(len(distances), k=1)]
            counts += np.bincount(np.minimum(near // WIDTH, LAST // WIDTH), minlength=len(counts))
    if not counts.any():
        raise InputError("no document has two entities", file=corpus.path)
    return counts


def _records(corpus: Corpus, counts: IntArray) -> list[Record]:
    return [
        {
            "corpus": corpus.name,
            "from": group * WIDTH,
            "to": (group + 1) * WIDTH if group * WIDTH < LAST else None,
            "pairs": int(pairs),
            "percent": float(100 * pairs / counts.sum()),
            "percent_up_to_here": float(100 * counts[: group + 1].sum() / counts.sum()),
        }
        for group, pairs in enumerate(counts)
    ]


def _draw(measured: dict[Corpus, IntArray]) -> Figure:
    figure = Figure(figsize=(7.2, 3.2))
    axes = figure.subplots()
    width = 0.8 / len(measured)
    groups = np.arange(LAST // WIDTH + 1)
    running = axes.twinx()
    for i, (corpus, counts) in enumerate(measured.items()):
        percent = 100 * counts / counts.sum()
        near = percent[: NEAR // WIDTH].sum()
        synthetic = " (SYNTHETIC)" if corpus.synthetic else ""
        axes.bar(
            groups + (i - (len(measured) - 1) / 2) * width,
            percent,
            width,
            color=COLOURS[i % len(COLOURS)],
            hatch=HATCHES[i % len(HATCHES)],
            edgecolor="black",
            linewidth=0.6,
            label=f"{corpus.title}{synthetic}: {near:.2f}% below {NEAR} tokens",
        )
        running.plot(
            groups,
            np.cumsum(percent),
            color="black",
            marker=MARKERS[i % len(MARKERS)],
            markerfacecolor=COLOURS[i % len(COLOURS)],
            linewidth=1,
            markersize=5,
        )
    ticks = [f"{g * WIDTH}–{(g + 1) * WIDTH - 1}" for g in groups[:-1]] + [f"≥ {LAST}"]
    axes.set_xticks(groups, ticks, fontsize=7, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_xlabel("tokens between the nearest mentions of two entities")
    axes.set_ylabel("entity pairs, percent (bars)")
    running.set_ylabel("up to here, percent (lines)")
    running.set_ylim(0, 105)
    running.grid(visible=False)
    running.spines["right"].set_visible(True)
    axes.legend(loc="center right")
    return figure
