"""The records of runs as CSV: ``runs.csv``, one row for each run, and ``values.csv``.

A cell is the value as text, or as JSON where the text would read as something else; an empty one is a field that was
not set. Values that are not scalars (settings, versions and so on) are those of many runs: each stands once in
``values.csv``, and a cell ``@key`` of ``runs.csv`` names it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from logire.ground.digests import content_digest
from logire.ground.errors import InputError
from logire.ground.records import RunRecord
from logire.reporting.csvfiles import CsvFile, csv_text

RUNS, VALUES = "runs", "values"
"""The files, without their suffix."""


def records_csv(records: Mapping[str, RunRecord]) -> dict[str, str]:
    """Both files of some runs' records, by name without suffix."""
    values: dict[tuple[str, str], str] = {}
    cells = {
        run: {field: _cell(field, value, values) for field, value in record.as_dict().items()}
        for run, record in records.items()
    }
    used = dict.fromkeys(field for row in cells.values() for field in row)
    known = [field for field in RunRecord.model_fields if field in used]
    fields = list(dict.fromkeys([*known, *used]))
    return {
        RUNS: csv_text(["run", *fields], ([run, *(row.get(f, "") for f in fields)] for run, row in cells.items())),
        VALUES: csv_text(["key", "field", "value"], ([key, f, value] for (f, key), value in sorted(values.items()))),
    }


def read_records(folder: Path, *, remedy: str | None = None) -> dict[str, RunRecord]:
    """The records that :func:`records_csv` gave the files of a folder, by run.

    Raises:
        InputError: a file is missing or damaged.
    """
    values = CsvFile.read(folder / f"{VALUES}.csv", remedy=remedy).dicts("key", "value")
    by_key = {row["key"]: row["value"] for row in values}
    file = folder / f"{RUNS}.csv"
    records = {}
    for row in CsvFile.read(file, remedy=remedy).dicts("run"):
        run = row.pop("run")
        try:
            records[run] = RunRecord(**{field: _value(cell, by_key) for field, cell in row.items() if cell})
        except (KeyError, ValueError, RecursionError) as error:
            raise InputError(f"the record of {run} cannot be read ({error})", file=file, remedy=remedy) from error
    return records


def _cell(field: str, value: Any, values: dict[tuple[str, str], str]) -> str:
    """A value as text; one that is not a scalar goes into ``values`` by field and key."""
    text = json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict | list):
        key = content_digest(value)[:12]
        values[field, key] = text
        return f"@{key}"
    plain = isinstance(value, str) and value and value.isprintable() and value[0] != "@" and not _is_json(value)
    return str(value) if plain else text


def _value(cell: str, values: Mapping[str, str]) -> Any:
    """The value that :func:`_cell` gave a cell for."""
    if cell.startswith("@"):
        return json.loads(values[cell[1:]])
    return json.loads(cell) if _is_json(cell) else cell


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
