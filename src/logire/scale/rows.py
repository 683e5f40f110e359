"""The rows of a shard that a fit reads: grounded, sampled, and kept in a file from which any query type can be read.

============  ===================  ===================================================
``start``     int64 (Q + 1,)       first row of each query type
``cells``     int64 (Q + 1,)       first of ``features`` of each query type
``features``  float32 (cells,)     phi of its rows, row by row, rules in their order
``labels``    bool (rows,)         whether a row is a fact
``logits``    float32 (rows,)      the query's own logit
``context``   float32 (rows, F)    context features
``shift``     float64 (rows,)      -log pi, the fixed part of the score
============  ===================  ===================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from logire.corpus.document import BoolArray, FloatArray, IntArray
from logire.corpus.dump import ScoredDocument
from logire.ground.files import atomic
from logire.rules.context import context_values
from logire.rules.grounding import Split
from logire.scale.arrays import Stored
from logire.scale.batches import Ground
from logire.scale.sampling import Doubles, Sampling, draws, kept, shares

FORMAT = "logire-rows-1"


@dataclass(frozen=True)
class Rows:
    """The rows of some query types that follow one another; arrays as in the module's table."""

    start: IntArray
    cells: IntArray
    features: FloatArray
    labels: BoolArray
    logits: FloatArray
    context: FloatArray
    shift: Doubles

    def write(self, file: Path, key: str) -> None:
        """Write a file that :class:`RowsFile` reads, atomically.

        Args:
            key: what the rows were made from.
        """
        arrays: dict[str, npt.NDArray[Any]] = {
            name: np.ascontiguousarray(getattr(self, name)) for name in self.__dataclass_fields__
        }
        with atomic(file) as temporary:
            save_file(arrays, temporary, metadata={"format": FORMAT, "key": key})


@dataclass(frozen=True)
class RowsFile:
    """A file of rows.

    Attributes:
        key: what the rows were made from.
        widths: (Q,) number of rules of each query type. context: number of context features.
    """

    file: Path
    key: str
    widths: IntArray
    context: int

    def starts(self) -> IntArray:
        """(Q + 1,) first row of each query type.

        Raises:
            InputError: the file is missing, damaged, or made from something else.
        """
        with Stored.open(self.file, FORMAT, self.key) as stored:
            return self._starts(stored)[0]

    def read(self, first: int, last: int) -> Rows:
        """The rows of query types ``first`` to before ``last``, alone.

        Raises:
            InputError: the file is missing, damaged, or made from something else.
        """
        with Stored.open(self.file, FORMAT, self.key) as stored:
            start, cells = self._starts(stored)
            rows, size = slice(int(start[first]), int(start[last])), int(start[-1])
            part = slice(int(cells[first]), int(cells[last]))
            return Rows(
                start=start[first : last + 1] - start[first],
                cells=cells[first : last + 1] - cells[first],
                features=stored.array("features", np.float32, int(cells[-1]), part=part),
                labels=stored.array("labels", np.bool_, size, part=rows),
                logits=stored.array("logits", np.float32, size, part=rows),
                context=stored.array("context", np.float32, size, self.context, part=rows),
                shift=stored.array("shift", np.float64, size, part=rows),
            )

    def _starts(self, stored: Stored) -> tuple[IntArray, IntArray]:
        queries = len(self.widths)
        start = stored.array("start", np.int64, queries + 1)
        cells = stored.array("cells", np.int64, queries + 1)
        rows = np.diff(start)
        if start[0] != 0 or cells[0] != 0 or (rows < 0).any() or (np.diff(cells) != rows * self.widths).any():
            raise stored.wrong("start", "does not fit the rules")
        return start, cells


def rows_of(
    documents: Sequence[ScoredDocument],
    ground: Ground,
    names: Sequence[str],
    sampling: Sampling,
    seed: int,
) -> Rows:
    """The sampled rows of documents, query type by query type, then document by document.

    No more than a batch's features are in memory beside those that are kept.

    Args:
        names: of the context features.
    """
    queries = len(ground.queries)
    parts: list[list[list[npt.NDArray[Any]]]] = [[] for _ in range(queries)]
    for batch in ground.batches(documents):
        for q, found in _batch(documents[batch], ground, names, sampling, seed):
            parts[q].append(found)
    widths = np.diff(ground.rules.start)
    rows = np.array([sum(len(found[1]) for found in of_query) for of_query in parts], dtype=np.int64)
    none: list[npt.NDArray[Any]] = [
        np.zeros(0, np.float32),
        np.zeros(0, np.bool_),
        np.zeros(0, np.float32),
        np.zeros((0, len(names)), np.float32),
        np.zeros(0),
    ]
    every = [none, *(found for of_query in parts for found in of_query)]
    joined = []
    for k in range(len(none)):
        joined.append(np.concatenate([found[k] for found in every]))
        for found in every[1:]:
            found[k] = none[k]  # let go of what is joined
    return Rows(_sums(rows), _sums(rows * widths), *joined)


def _batch(
    documents: Sequence[ScoredDocument], ground: Ground, names: Sequence[str], sampling: Sampling, seed: int
) -> list[tuple[int, list[npt.NDArray[Any]]]]:
    """Query type, and flat features, labels, logits, context and shift of its rows that are kept."""
    split = Split.of(documents, ground.queries)
    grounded, instances = split.ground(ground.rules), split.instances
    values = context_values(documents, instances, ground.queries, names)
    relation = np.repeat(ground.queries.triples[:, 0], np.diff(instances.start))
    share = shares(instances.logits, sampling)
    drawn = np.empty(len(instances))
    order = np.argsort(instances.document, kind="stable")
    bounds = np.searchsorted(instances.document[order], np.arange(len(documents) + 1))
    for d, document in enumerate(documents):
        rows = order[bounds[d] : bounds[d + 1]]
        drawn[rows] = draws(seed, document.title, instances.head[rows], instances.tail[rows], relation[rows])
    chosen = np.flatnonzero(kept(instances.labels, share, drawn))
    bounds = np.searchsorted(chosen, instances.start)
    found = []
    for q, block in enumerate(grounded.blocks):
        rows = chosen[bounds[q] : bounds[q + 1]]
        if len(rows):
            # + 0.0: no negative zeros where everything is kept
            shift = -np.log(share[rows]) + 0.0
            features = block.features[rows - instances.start[q]].ravel()
            found.append((q, [features, instances.labels[rows], instances.logits[rows], values[rows], shift]))
    return found


def _sums(counts: npt.NDArray[np.integer]) -> IntArray:
    """0, and the sums of the first, the first two and so on."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
