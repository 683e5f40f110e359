"""Measured runs as a few CSV files: what a repository can keep, read and compare, with nothing but numbers in it.

==============================  ========================================================================================
``runs.csv``, ``values.csv``    the runs' records, see :mod:`logire.reporting.kept_records`
``evaluations.csv``             one row for each metrics file: the digests of what was scored
``documents.csv``,              the counts that every metric follows from, see :mod:`logire.reporting.kept_counts`
``relations.csv``,
``distances.csv``,
``sentences.csv``, ``logic.csv``
``history-<column>.csv``        the runs' ``history.csv``, together where they begin with the same column (epoch,
                                iteration or round)
``rules.csv``                   the learnt rules of the runs that were asked for
==============================  ========================================================================================

Metrics are computed anew when the files are read, so that one which was added after the runs were measured is there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from logire.evaluation.files import metrics_file
from logire.evaluation.scoring import Evaluation
from logire.ground.errors import InputError
from logire.ground.files import read_object, write_text
from logire.ground.records import RunRecord
from logire.reporting.csvfiles import CsvFile, csv_text
from logire.reporting.kept_counts import TABLES, KeptCounts, counts_csv
from logire.reporting.kept_records import RUNS, VALUES, read_records, records_csv

ABOVE = "runs"
"""The folder that all runs lie below."""
_EVALUATIONS, _RULES, _HISTORY = "evaluations", "rules", "history-"
_EVALUATED = ("predictions", "predictions_digest", "gold_rules_digest")
"""What a metrics file says of the files that were scored."""
_REMEDY = "restore the file, or keep the runs again"

Rows = list[dict[str, str]]
"""The rows of a CSV file by column, cells as text."""


@dataclass(frozen=True, eq=False)
class Kept:
    """A measured run.

    Attributes:
        name: where it lies below the folder ``runs``, such as ``logire/bilstm/seed1``.
        metrics: split -> the content of its metrics file; empty for a run that was not scored.
        history: its ``history.csv``.
        rules: its ``rules.csv``, cells as text; None if that was not kept.
    """

    name: str
    record: RunRecord
    metrics: dict[str, dict[str, Any]]
    history: Rows
    rules: pd.DataFrame | None = None


def keep(runs: Sequence[Path], folder: Path, *, with_rules: Collection[Path] = (), beside: Iterable[Kept] = ()) -> None:
    """Write the numbers of some runs of one corpus as CSV files into ``folder``, in place of those it has.

    Before ``folder`` is touched, the new files are read and compared with the runs.

    Args:
        runs: run folders below one called ``runs``, each with ``run.json``, ``history.csv`` and, where the run was
            scored, ``metrics-<split>.json``.
        with_rules: those of them whose ``rules.csv`` is kept as well.
        beside: kept runs that stay, but for those that are among ``runs``.

    Raises:
        InputError: a file is missing or damaged, two runs have the same name or were scored on different labels, or a
            metrics file says something that does not follow from its counts.
    """
    places = {_name(run): run for run in sorted(runs)}
    if len(places) < len(runs):
        raise InputError(f"two runs lie at the same place below {ABOVE!r}", remedy="give each run once")
    ruled = {_name(run) for run in with_rules}
    if not ruled <= places.keys():
        raise InputError(f"{min(ruled - places.keys())} is not among the runs", field="with_rules")
    found = [_read_run(name, run, rules=name in ruled) for name, run in places.items()]
    stay = [run for run in beside if run.name not in places]
    texts = _texts(sorted([*found, *stay], key=lambda run: run.name))
    with tempfile.TemporaryDirectory() as scratch:
        _write(Path(scratch), texts)
        written = {run.name: run for run in read(Path(scratch))}
        for run in (*found, *stay):
            _compare(run, written[run.name], places.get(run.name, folder))
    for file in _files(folder):
        file.unlink()
    _write(folder, texts)


def read(folder: Path) -> list[Kept]:
    """The runs that :func:`keep` wrote, in the order of their names.

    Raises:
        InputError: a file is missing or damaged.
    """
    records = read_records(folder, remedy=_REMEDY)
    counts = KeptCounts.read(folder, remedy=_REMEDY)
    histories = _split(folder.glob(f"{_HISTORY}*.csv"))
    rules = _split(folder.glob(f"{_RULES}.csv"))
    metrics: dict[str, dict[str, dict[str, Any]]] = {}
    file = CsvFile.read(folder / f"{_EVALUATIONS}.csv", remedy=_REMEDY)
    for row in file.dicts("run", "split", "rules_left_out", *_EVALUATED):
        run, split, left_out = row["run"], row["split"], row["rules_left_out"]
        if run not in records or not left_out.isdecimal():
            raise InputError("is not a run and a number of rules", file=file.path, field=f"{run}, {split}")
        evaluation = counts.evaluation(run, split, int(left_out))
        metrics.setdefault(run, {})[split] = _metrics(evaluation, split, records[run], row)
    return [
        Kept(
            name,
            record,
            metrics.get(name, {}),
            histories.get(name, []),
            pd.DataFrame(rules[name], dtype=str) if name in rules else None,
        )
        for name, record in records.items()
    ]


def _read_run(name: str, run: Path, *, rules: bool) -> Kept:
    metrics = {file.stem.removeprefix("metrics-"): read_object(file) for file in sorted(run.glob("metrics-*.json"))}
    history = CsvFile.read(run / "history.csv").dicts()
    learnt = pd.DataFrame(CsvFile.read(run / "rules.csv").dicts(), dtype=str) if rules else None
    return Kept(name, RunRecord.read(run), metrics, history, learnt)


def _name(run: Path) -> str:
    """Where a run lies below the last folder called ``runs``."""
    parts = run.resolve().parts
    if ABOVE not in parts[:-1]:
        raise InputError(f"does not lie below a folder called {ABOVE!r}", file=run, remedy="give runs of one folder")
    return "/".join(parts[len(parts) - parts[::-1].index(ABOVE) :])


def _texts(runs: Sequence[Kept]) -> dict[str, str]:
    """All files by name without suffix."""
    evaluations: dict[tuple[str, str], Evaluation] = {}
    scored: list[list[object]] = []
    for run in runs:
        for split, values in run.metrics.items():
            try:
                evaluations[run.name, split] = evaluation = Evaluation.from_dict(values)
                digests = [values["sources"][key] for key in _EVALUATED]
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise InputError(
                    f"the {split} metrics cannot be read ({error!r})",
                    field=run.name,
                    remedy="evaluate the run again",
                ) from error
            scored.append([run.name, split, evaluation.rules_left_out, *digests])
    histories: dict[str, dict[str, Rows]] = {}
    for run in runs:
        if run.history:
            histories.setdefault(next(iter(run.history[0])), {})[run.name] = run.history
    rules = {run.name: _rows(run.rules) for run in runs if run.rules is not None}
    return {
        **records_csv({run.name: run.record for run in runs}),
        _EVALUATIONS: csv_text(["run", "split", "rules_left_out", *_EVALUATED], scored),
        **counts_csv(evaluations),
        **{f"{_HISTORY}{column}": _joined(members) for column, members in histories.items()},
        **({_RULES: _joined(rules)} if rules else {}),
    }


def _rows(rules: pd.DataFrame | None) -> Rows:
    """A table of rules by column, text by text."""
    if rules is None:
        return []
    return [dict(zip(rules.columns, row, strict=True)) for row in rules.to_numpy().tolist()]


def _joined(files: Mapping[str, Rows]) -> str:
    """The rows of several runs' files as one file, with the run before each row."""
    columns = list(dict.fromkeys(column for rows in files.values() for row in rows for column in row))
    return csv_text(
        ["run", *columns],
        ([run, *(row.get(column, "") for column in columns)] for run, rows in files.items() for row in rows),
    )


def _split(files: Iterable[Path]) -> dict[str, Rows]:
    """The rows of each run in files that :func:`_joined` gave."""
    found: dict[str, Rows] = {}
    for file in sorted(files):
        for row in CsvFile.read(file, remedy=_REMEDY).dicts("run"):
            found.setdefault(row.pop("run"), []).append(row)
    return found


def _metrics(evaluation: Evaluation, split: str, record: RunRecord, scored: Mapping[str, str]) -> dict[str, Any]:
    return metrics_file(
        evaluation,
        split,
        corpus=record.dataset or "",
        synthetic=bool(record.synthetic),
        data_digest=record.data_digest,
        record=record,
        **{key: scored[key] for key in _EVALUATED},
    )


def _files(folder: Path) -> list[Path]:
    """The files of kept runs that a folder has."""
    names = (RUNS, VALUES, _EVALUATIONS, _RULES, *TABLES)
    files = [folder / f"{name}.csv" for name in names]
    return [*(file for file in files if file.exists()), *folder.glob(f"{_HISTORY}*.csv")]


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        write_text(folder / f"{name}.csv", text)


def _compare(run: Kept, again: Kept, place: Path) -> None:
    """Refuse a run that the files do not give back."""
    for name, one, other in (
        ("run.json", run.record.as_dict(), again.record.as_dict()),
        ("history.csv", run.history, again.history),
        *((f"metrics-{split}.json", values, again.metrics[split]) for split, values in run.metrics.items()),
        ("rules.csv", _rows(run.rules), _rows(again.rules)),
    ):
        for field in _lost(one, other):
            raise InputError(
                "does not follow from the counts and the record",
                file=place / name,
                field=field,
                remedy="evaluate the run again with this version",
            )


def _lost(value: Any, again: Any, where: str = "") -> Iterator[str]:
    """The places where ``again`` does not say what ``value`` says; what it says beyond that does not matter."""
    if isinstance(value, dict) and isinstance(again, dict):
        for key, part in value.items():
            yield from _lost(part, again.get(key), f"{where}.{key}".removeprefix("."))
    elif isinstance(value, list) and isinstance(again, list) and len(value) == len(again):
        for i, (part, other) in enumerate(zip(value, again, strict=True)):
            yield from _lost(part, other, f"{where}[{i}]")
    elif type(value) is not type(again) or value != again:
        yield where
