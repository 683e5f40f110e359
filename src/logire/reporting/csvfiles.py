"""Small CSV files whose cells are text: how they are laid out, and what is said of a damaged one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from logire.ground.errors import InputError
from logire.ground.files import read_text


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A header and its rows, one a line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


@dataclass(frozen=True)
class CsvFile:
    """A CSV file: its columns, and its rows with as many cells each."""

    path: Path
    columns: list[str]
    rows: list[list[str]]

    @classmethod
    def read(cls, path: Path, *, remedy: str | None = None) -> CsvFile:
        """Read a file.

        Raises:
            InputError: it is missing, has no header, or a row has too few or too many cells.
        """
        try:
            lines = list(csv.reader(io.StringIO(read_text(path, remedy=remedy), newline=""), strict=True))
        except csv.Error as error:
            raise InputError(f"cannot be read ({error})", file=path, remedy=remedy) from error
        if not lines:
            raise InputError("is empty, a header was expected", file=path, remedy=remedy)
        for number, cells in enumerate(lines[1:], start=1):
            if len(cells) != len(lines[0]):
                raise InputError(
                    f"{len(cells)} cells, but {len(lines[0])} columns", file=path, field=f"row {number}", remedy=remedy
                )
        return cls(path, lines[0], lines[1:])

    def dicts(self, *required: str) -> list[dict[str, str]]:
        """The rows by column.

        Raises:
            InputError: a required column is missing.
        """
        for column in required:
            if column not in self.columns:
                raise InputError("is missing", file=self.path, field=f"column {column}")
        return [dict(zip(self.columns, cells, strict=True)) for cells in self.rows]
