"""The paper's own figures, from one file that says where each stands, and ours beside them: for real corpora only."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from logire.ground.numbers import fixed, signed
from logire.reporting.sources import Source
from logire.reporting.tables import MISSING, Cell, Column, Record, Table

PAPER = Path(__file__).parents[1] / "data" / "paper.csv"

Published = dict[tuple[str, str], dict[str, float]]
"""(split, row) -> metric -> value; percentages are in percent."""


def published(table: str, dataset: str) -> Published:
    """The figures of one of the paper's tables for one dataset; empty where it has none."""
    found: Published = {}
    with PAPER.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if (row["table"], row["dataset"]) == (table, dataset):
                found.setdefault((row["split"], row["row"]), {})[row["metric"]] = float(row["value"])
    return found


@dataclass(frozen=True)
class Compared:
    """One number of ours beside the paper's, either of which may be missing.

    Attributes:
        metric: the name of ours; ``heading`` is what its column is called.
        against: the paper's metric.
    """

    metric: str
    heading: str
    against: str
    ours: float | None


@dataclass(frozen=True)
class ComparedRow:
    """A row of a comparison.

    Attributes:
        names: what stands before the numbers, by heading.
        keys: the same for machines: fields of its CSV rows.
        paper: the paper's figures by metric.
        numbers: ours; all rows of a table compare the same metrics.
    """

    names: Mapping[str, str]
    keys: Mapping[str, str]
    paper: Mapping[str, float]
    numbers: Sequence[Compared]


def compare(
    title: str, caption: str, rows: Sequence[ComparedRow], sources: Sequence[Source], *, decimals: int
) -> Table:
    """Paper, ours and difference as a table."""
    columns = [Column(name, left=True) for name in rows[0].names]
    for number in rows[0].numbers:
        columns += [Column(name, group=number.heading) for name in ("paper", "ours", "diff.")]
    body: list[list[Cell]] = []
    records: list[Record] = []
    for row in rows:
        cells = [Cell(text) for text in row.names.values()]
        for number in row.numbers:
            theirs = row.paper.get(number.against)
            difference = None if number.ours is None or theirs is None else number.ours - theirs
            shown = (_text(theirs, decimals), _text(number.ours, decimals), _text(difference, decimals, signed))
            cells += [Cell(text) for text in shown]
            compared = {"paper": theirs, "ours": number.ours, "difference": difference}
            records.append({**row.keys, "metric": number.metric, **compared})
        body.append(cells)
    return Table(title, caption, columns, [body], records, sources, wide=True)


def _text(value: float | None, decimals: int, form: Callable[[float, int], str] = fixed) -> str:
    return MISSING if value is None else form(value, decimals)
