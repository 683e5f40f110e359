"""What a trial on one backbone's run leaves behind: one JSON file with the counts of every method and document."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from msgspec import Struct, to_builtins

from logire.corpus.document import IntArray
from logire.evaluation.counts import COUNTS
from logire.ground.errors import InputError
from logire.ground.files import write_json
from logire.ground.typed import read_typed

SPLITS = ("dev", "test")


class Counted(Struct, forbid_unknown_fields=True):
    """One split, decided by a method.

    Attributes:
        facts: for each document its :data:`~logire.evaluation.counts.COUNTS`.
        rules: for each gold rule how many predicted bodies there are, and how many of them with their head.
        seconds: to decide all documents.
    """

    facts: list[list[int]]
    rules: list[list[int]]
    seconds: float

    @property
    def counts(self) -> IntArray:
        """(D, 5) the facts of every document."""
        return np.array(self.facts, dtype=np.int64).reshape(-1, len(COUNTS))


class Result(Struct, forbid_unknown_fields=True):
    """A method's: seconds to fit, and by split what it decided."""

    title: str
    seconds: float
    splits: dict[str, Counted]


class Trial(Struct, forbid_unknown_fields=True):
    """All methods on the logits of one backbone and seed.

    Attributes:
        git: ``commit`` and ``dirty`` of the code, as in a run's record.
        logits: the SHA-256 of the full backbone's dump; ``folds``: of the folds' dumps.
    """

    dataset: str
    synthetic: bool
    backbone: str
    seed: int
    git: dict[str, str | bool | None]
    logits: str
    folds: list[str]
    methods: dict[str, Result]

    def write(self, file: Path) -> None:
        """Write it as JSON, atomically."""
        write_json(file, to_builtins(self), indent=None)

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read what :meth:`write` wrote.

        Raises:
            InputError: the file is missing or broken, or its methods do not have the same splits and documents.
        """
        found: Self = read_typed(file, cls)
        shapes = {
            name: {split: (len(c.facts), {len(row) for row in c.facts}) for split, c in result.splits.items()}
            for name, result in found.methods.items()
        }
        first = next(iter(shapes.values()), None)
        wrong = next((name for name, shape in shapes.items() if shape != first), None)
        if wrong is not None:
            raise InputError("has other documents than the other methods", file=file, field=f"methods.{wrong}")
        return found
