"""What a fit on shards keeps until it is finished: a file for each step, so a killed fit goes on, and jobs share it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from logire.corpus.document import Schema
from logire.corpus.dump import ScoredDocument
from logire.rules.plus.settings import LogiREPlusSettings
from logire.scale.sampling import Sampling


class Documents(Protocol):
    """Documents with logits in parts, each read by its number."""

    @property
    def schema(self) -> Schema:
        """Relations and types."""

    def __len__(self) -> int: ...

    def read(self, number: int) -> list[ScoredDocument]:
        """The documents of one part."""


@dataclass(frozen=True)
class Work:
    """A fit on shards and the folder of its files.

    ``counts-SHARD``, ``labels-SHARD`` and ``rowsROUND-SHARD`` are made from a shard each, ``fitROUND-GROUP`` from the
    rows of a group of query types that share weights, ``roundROUND`` from dev. Each appears whole or not at all, and
    a step whose file is there does nothing.

    Attributes:
        folder: for this fit alone. key: what the fit is made from; files of another one are refused.
        shards, settings, sampling, seed: what everything follows from.
    """

    folder: Path
    key: str
    shards: Documents
    settings: LogiREPlusSettings
    sampling: Sampling
    seed: int

    def file(self, name: str, number: int) -> Path:
        """The file of one step's result."""
        return self.folder / f"{name}-{number:05d}.safetensors"

    def files(self, name: str) -> list[Path]:
        """The files of a step for every shard."""
        return [self.file(name, number) for number in range(len(self.shards))]

    @property
    def length(self) -> int:
        """Atoms of the longest path to count."""
        return max(self.settings.max_length, self.settings.closure_length)
