"""What a fit on shards keeps of each shard until it is finished: a file for each, so a killed fit goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np
from safetensors.numpy import save_file

from logire.corpus.document import IntArray, Schema
from logire.corpus.dump import ScoredDocument
from logire.ground.files import atomic
from logire.rules.context import features_from
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.stages import ExtractorStage
from logire.scale.arrays import Stored
from logire.scale.batches import Ground
from logire.scale.counts import Counts, gather
from logire.scale.rows import RowsFile, rows_of
from logire.scale.sampling import Sampling

LABELS = "logire-label-counts-1"

Progress = Callable[[str, int, int], None]


class Documents(Protocol):
    """Documents with logits in parts, each read by its number: :class:`logire.scale.shards.Shards`."""

    @property
    def schema(self) -> Schema:
        """Relations and types."""

    def __len__(self) -> int: ...

    def read(self, number: int) -> list[ScoredDocument]:
        """The documents of one part."""


@dataclass(frozen=True)
class Work:
    """The steps of a fit over shards, each shard's result a file in ``folder``; what is there is not made again.

    Attributes:
        folder: for this fit alone. key: what the fit is made from; files of another one are refused.
    """

    folder: Path
    key: str
    shards: Documents
    settings: LogiREPlusSettings
    sampling: Sampling
    seed: int
    report: Progress

    def counts(self) -> Counts:
        """The counts of all shards together."""
        length = max(self.settings.max_length, self.settings.closure_length)
        for number, file in self._missing("counts", "counting"):
            Counts.of(self.shards.read(number), self.shards.schema, length).write(file)
        return gather(Counts.read(file, self.shards.schema) for file in self._files("counts"))

    def rows(self, number: int, stages: Sequence[ExtractorStage], ground: Ground, trusted: Ground) -> list[RowsFile]:
        """The sampled rows of each shard for one round; in the first, its labels are counted too.

        Args:
            number: of the round, from 1.
            stages: of the rounds before, applied in turn.
            ground: with the rules of the round. trusted: with those that a closure chooses from.
        """
        names = features_from(self.settings.context)
        name = f"rows{number}"
        for shard, file in self._missing(name, f"round {number}: grounding"):
            documents = self.shards.read(shard)
            if number == 1:
                self._count_labels(shard, documents, (ground, trusted))
            for stage in stages:
                documents = ground.applied(stage, documents)
            rows_of(documents, ground, names, self.sampling, self.seed).write(file, self.key)
        widths = np.diff(ground.rules.start)
        return [RowsFile(file, self.key, widths, len(names)) for file in self._files(name)]

    def label_counts(self, ground: Ground, trusted: Ground) -> tuple[IntArray, IntArray]:
        """(2, rules) of both rule sets: what :func:`logire.rules.ruletable.label_counts` counts on all documents."""
        totals = [np.zeros((2, len(one.rules)), dtype=np.int64) for one in (ground, trusted)]
        for file in self._files("labels"):
            with Stored.open(file, LABELS, self.key) as stored:
                for k, total in enumerate(totals):
                    total += stored.array(f"counts{k}", np.int64, *total.shape)
        return totals[0], totals[1]

    def _count_labels(self, shard: int, documents: Sequence[ScoredDocument], grounds: Sequence[Ground]) -> None:
        arrays = {f"counts{k}": ground.label_counts(documents) for k, ground in enumerate(grounds)}
        with atomic(self._file("labels", shard)) as temporary:
            save_file(arrays, temporary, metadata={"format": LABELS, "key": self.key})

    def _missing(self, name: str, what: str) -> chain[tuple[int, Path]]:
        """Number and file of the shards without a file, reported as each begins."""

        def announced(number: int) -> list[tuple[int, Path]]:
            self.report(what, number, len(self.shards))
            file = self._file(name, number)
            return [] if file.exists() else [(number, file)]

        return chain.from_iterable(map(announced, range(len(self.shards))))

    def _files(self, name: str) -> list[Path]:
        return list(map(partial(self._file, name), range(len(self.shards))))

    def _file(self, name: str, number: int) -> Path:
        return self.folder / f"{name}-{number:05d}.safetensors"
