"""The convex fits on rows of many shards: each group of query types by itself, one design in memory at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from logire.rules.convex import Doubles
from logire.rules.extractor import Extractor, add_posterior, of_query_types
from logire.rules.plus.design import Design, Weights
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.queries import RuleSet
from logire.scale.rows import RowsFile


def optima(
    files: Sequence[RowsFile], group: Sequence[int], settings: LogiREPlusSettings, penalties: Sequence[float]
) -> list[Weights]:
    """The optimum of a group of query types that follow one another, for each penalty.

    Args:
        files: a file for each shard, in the order of the shards.
    """
    starts = np.array([file.starts() for file in files])  # (files, Q + 1)
    first, last = group[0], group[-1] + 1
    sizes = np.diff(starts[:, first : last + 1])  # (files, types)
    # Rows stand as they would in one file: by query type, then by shard.
    ends = np.cumsum(np.concatenate([[0], sizes.T.ravel()]))[:-1].reshape(len(group), len(files))
    design = Design(
        int(sizes.sum()),
        len(group),
        int(files[0].widths[first]),
        files[0].context,
        residual=settings.residual,
        shifted=True,
    )
    for number, file in enumerate(files):
        rows = file.read(first, last)
        for k in range(len(group)):
            part = slice(int(rows.start[k]), int(rows.start[k + 1]))
            cells = rows.features[int(rows.cells[k]) : int(rows.cells[k + 1])]
            design.put(
                int(ends[k, number]),
                k,
                cells.reshape(part.stop - part.start, -1) if len(cells) else cells.reshape(0, file.widths[first]),
                rows.logits[part],
                rows.labels[part],
                rows.context[part],
                rows.shift[part],
            )
    return design.optima(penalties)


def posterior(
    files: Sequence[RowsFile], extractor: Extractor, rules: RuleSet, groups: Sequence[Sequence[int]]
) -> Doubles:
    """(rules,) :meth:`Extractor.posterior` over the rows, negatives counted as often as there are such among all.

    Args:
        groups: query types that follow one another; the rows of one group in one file are in memory at a time.
    """
    total = np.zeros(len(rules))
    for group in groups:
        first, last = group[0], group[-1] + 1
        part = slice(int(rules.start[first]), int(rules.start[last]))
        for file in files:
            rows = file.read(first, last)
            add_posterior(
                total[part],
                rules.log_prior[part],
                extractor.weights[part],
                rows.features,
                rows.cells,
                rules.start[first : last + 1] - rules.start[first],
                rows.start,
                rows.labels,
                counted=np.where(rows.labels, 1.0, np.exp(rows.shift)),
            )
    return of_query_types(total, rules)
