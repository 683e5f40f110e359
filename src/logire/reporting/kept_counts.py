"""The counts of evaluations as CSV files: one for each way to group facts, one row for each run, split and count.

The counts of the labels are the same for every run. They stand once for each split, as those of a run ``labels``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from logire.corpus.document import IntArray
from logire.evaluation.counts import COUNTS
from logire.evaluation.scoring import SENTENCES, Evaluation, rule_of
from logire.ground.errors import InputError
from logire.reporting.csvfiles import CsvFile, csv_text

LABELS = "labels"
"""Stands for a run where the counts are those of the labels."""
TABLES = ("documents", "relations", "distances", "sentences", "logic")
"""The files, without their suffix; ``sentences`` only where documents have several sentences."""
_OF_LABELS = ("pairs", "gold", "gold_in_train", "gold_bodies", "gold_heads")
_KEY = ("run", "split", "count")

Key = tuple[str, str]
"""Run and split."""
Table = dict[str, IntArray]
"""Count -> the numbers of all groups."""


def counts_csv(evaluations: Mapping[Key, Evaluation]) -> dict[str, str]:
    """The CSV files of some evaluations, by name without suffix.

    Raises:
        InputError: two of them were scored on different labels, or in different groups.
    """
    return {
        name: text
        for name in TABLES
        if (text := _csv(name, {key: _tables(evaluation).get(name) for key, evaluation in evaluations.items()}))
    }


def _tables(evaluation: Evaluation) -> dict[str, tuple[Sequence[str], Table]]:
    """Of each file: the groups, and the numbers."""
    e = evaluation
    documents = [str(number) for number in range(1, len(e.document_counts) + 1)]
    bounds = [*map(str, (0, *e.distance_edges)), ""]
    tables = {
        "documents": (documents, _facts(e.document_counts)),
        "relations": (e.relations, _facts(e.relation_counts)),
        "distances": (
            [f"{low}-{high}" for low, high in pairwise(bounds)],
            {"pairs": e.distance_pairs, **_facts(e.distance_counts)},
        ),
        "logic": (
            [str(rule) for rule in e.rules],
            {
                "gold_bodies": e.gold_rule_counts[:, 0],
                "gold_heads": e.gold_rule_counts[:, 1],
                "bodies": e.rule_counts[:, 0],
                "heads": e.rule_counts[:, 1],
            },
        ),
    }
    if e.sentences is not None:
        pairs, counts = e.sentences
        tables["sentences"] = (SENTENCES, {"pairs": pairs, **_facts(counts)})
    return tables


def _facts(counts: IntArray) -> Table:
    return dict(zip(COUNTS, counts.T, strict=True))


def _csv(name: str, tables: Mapping[Key, tuple[Sequence[str], Table] | None]) -> str | None:
    """One file; None where no evaluation has sentence groups."""
    present = {key: table for key, table in tables.items() if table is not None}
    # The splits differ in their number of documents: the shorter rows are filled up.
    groups: Sequence[str] = max((groups for groups, _ in present.values()), key=len, default=())
    labels: dict[tuple[str, str], list[int]] = {}
    rows: list[list[object]] = []
    for (run, split), (own, table) in present.items():
        if list(own) != list(groups[: len(own)]) or (name != "documents" and len(own) != len(groups)):
            raise InputError(
                f"the {split} split has other {name} than in the other runs",
                field=run,
                remedy="score all runs on the same corpus, with the same gold rules and distance edges",
            )
        for count, numbers in table.items():
            row = [int(n) for n in numbers]
            if count not in _OF_LABELS:
                rows.append([run, split, count, *row])
            elif labels.setdefault((split, count), row) != row:
                raise InputError(
                    f"the {split} split has other labels than in the other runs ({count} by {name})",
                    field=run,
                    remedy="score all runs on the same corpus",
                )
    if not present and name == "sentences":
        return None
    rows = [[LABELS, split, count, *row] for (split, count), row in labels.items()] + rows
    return csv_text([*_KEY, *groups], (row + [""] * (len(_KEY) + len(groups) - len(row)) for row in rows))


@dataclass(frozen=True)
class KeptCounts:
    """The counts that :func:`counts_csv` gave the files of a folder.

    Attributes:
        groups: the groups of each file.
        tables: file -> run and split -> count -> numbers.
    """

    folder: Path
    groups: dict[str, tuple[str, ...]]
    tables: dict[str, dict[Key, Table]]

    @classmethod
    def read(cls, folder: Path, *, remedy: str | None = None) -> KeptCounts:
        """Read the files.

        Raises:
            InputError: one is missing or damaged.
        """
        groups, tables = {}, {}
        for name in TABLES:
            path = folder / f"{name}.csv"
            if name == "sentences" and not path.exists():
                continue
            file = CsvFile.read(path, remedy=remedy)
            if tuple(file.columns[: len(_KEY)]) != _KEY:
                raise InputError(f"does not begin with the columns {', '.join(_KEY)}", file=path, remedy=remedy)
            groups[name] = tuple(file.columns[len(_KEY) :])
            table: dict[Key, Table] = {}
            for number, (run, split, count, *cells) in enumerate(file.rows, start=1):
                try:
                    numbers = np.array([int(cell) for cell in cells if cell], dtype=np.int64)
                except ValueError as error:
                    raise InputError(str(error), file=path, field=f"row {number}", remedy=remedy) from error
                table.setdefault((run, split), {})[count] = numbers
            tables[name] = table
        return cls(folder, groups, tables)

    def evaluation(self, run: str, split: str, rules_left_out: int) -> Evaluation:
        """One run's evaluation on one split.

        Raises:
            InputError: some of its counts are missing.
        """
        sentences = None
        if (run, split) in self.tables.get("sentences", {}):
            pairs = self._counts("sentences", run, split, ["pairs"])[:, 0]
            sentences = pairs, self._counts("sentences", run, split, COUNTS)
        return Evaluation(
            document_counts=self._counts("documents", run, split, COUNTS),
            relations=self.groups["relations"],
            relation_counts=self._counts("relations", run, split, COUNTS),
            distance_edges=self._edges(),
            distance_pairs=self._counts("distances", run, split, ["pairs"])[:, 0],
            distance_counts=self._counts("distances", run, split, COUNTS),
            sentences=sentences,
            rules=tuple(rule_of(text) for text in self.groups["logic"]),
            rules_left_out=rules_left_out,
            rule_counts=self._counts("logic", run, split, ["bodies", "heads"]),
            gold_rule_counts=self._counts("logic", run, split, ["gold_bodies", "gold_heads"]),
        )

    def _edges(self) -> tuple[int, ...]:
        """Where one group of distances ends and the next begins."""
        try:
            return tuple(int(group.partition("-")[0]) for group in self.groups["distances"][1:])
        except ValueError as error:
            raise InputError(f"a column is not a group ({error})", file=self.folder / "distances.csv") from error

    def _counts(self, name: str, run: str, split: str, counts: Sequence[str]) -> IntArray:
        """(groups, counts) of one file."""
        table = self.tables[name].get((LABELS, split), {}) | self.tables[name].get((run, split), {})
        missing = [count for count in counts if count not in table]
        groups = {len(table[count]) for count in counts if count in table}
        if missing or len(groups) > 1 or (name != "documents" and groups != {len(self.groups[name])}):
            problem = f"has no {missing[0]} of {run}" if missing else f"{run}: cells are missing"
            raise InputError(f"{problem}, {split} split", file=self.folder / f"{name}.csv")
        return np.stack([table[count] for count in counts], axis=-1)
