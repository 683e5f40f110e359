"""The digest of every result as its job had made it: so a change that keeps a file's time and size is seen.

DVC remembers hashes by time, size and inode, and Snakemake goes by times: both take a file whose bytes alone have
changed for the one they know. Here a file counts as changed if its bytes are others and its job has not run since:
the benchmark file that Snakemake writes after each job tells that. Of files that are not remembered, those of runs are
compared with the digests in their ``run.json`` and ``predicted-*.json``.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from logire.ground.digests import file_digest
from logire.ground.errors import InputError
from logire.ground.files import read_object, write_json

MEMORY = Path(".dvc/tmp/made.json")
"""Local, as DVC's own memory is; it can be deleted at any time."""
SLACK = 5.0
"""Seconds by which clocks and file systems may differ."""


class Made(NamedTuple):
    """What is remembered of a file.

    Attributes:
        stamp: the benchmark file of the job that made it.
        job: the time of that file, in nanoseconds: the job's run.
        digest: SHA-256 of the result.
    """

    stamp: str
    job: int
    digest: str

    def is_of_the_last_job(self) -> bool:
        return _time(Path(self.stamp)) == self.job


def remember(stamps: Mapping[Path, Path]) -> None:
    """Remember results, each with the benchmark file of its job; what is known of a job's run stays as it is."""
    known = {name: made for name, made in _read().items() if Path(name).exists()}
    for file, stamp in stamps.items():
        job, old = _time(stamp), known.get(file.as_posix())
        if job is not None and file.is_file() and (old is None or (old.stamp, old.job) != (stamp.as_posix(), job)):
            known[file.as_posix()] = Made(stamp.as_posix(), job, file_digest(file))
    write_json(MEMORY, known)


def forget(folder: Path) -> None:
    """Forget what is remembered of the files below a folder."""
    write_json(MEMORY, {name: made for name, made in _read().items() if not Path(name).is_relative_to(folder)})


def changed(folder: Path) -> Iterator[tuple[Path, bool]]:
    """The files below a folder whose bytes have changed since their jobs made them.

    Yields:
        Each file, and whether its time shows it too.
    """
    known, recorded = _read(), _recorded(folder)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        made = known.get(file.as_posix())
        digest = made.digest if made and made.is_of_the_last_job() else recorded.get(file)
        if digest is not None and digest != file_digest(file):
            yield file, made is not None and not seems_made(file, Path(made.stamp))


def seems_made(file: Path, stamp: Path) -> bool:
    """Whether the job of a benchmark file wrote a file last, by their times."""
    window = made_between(stamp)
    return window is not None and window[0] <= file.stat().st_mtime <= window[1]


def made_between(stamp: Path) -> tuple[float, float] | None:
    """When the job of a benchmark file started and ended; None where the file is missing or not one."""
    try:
        with stamp.open(encoding="utf-8", newline="") as file:
            seconds = max(float(row["s"]) for row in csv.DictReader(file, delimiter="\t"))
        ended = stamp.stat().st_mtime
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return ended - seconds - SLACK, ended + SLACK


def back_date(file: Path) -> None:
    """Give a file a time at which no job ran, so that DVC looks at its bytes and the stage has it made anew."""
    os.utime(file, (0, 0))


def _recorded(folder: Path) -> dict[Path, str]:
    """The digests that the records of runs below a folder name."""
    found: dict[Path, str] = {}
    for record in (*folder.rglob("run.json"), *folder.rglob("predicted-*.json")):
        files = _object(record).get("files")
        found |= {record.parent / name: digest for name, digest in files.items()} if isinstance(files, dict) else {}
    return found


def _read() -> dict[str, Made]:
    try:
        return {name: Made(*values) for name, values in _object(MEMORY).items()}
    except TypeError:
        return {}


def _object(file: Path) -> dict[str, Any]:
    """The JSON object in a file; empty where there is none."""
    try:
        return read_object(file)
    except InputError:
        return {}


def _time(file: Path) -> int | None:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None
