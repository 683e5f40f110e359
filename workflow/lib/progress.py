"""The line after each job: how many are done, and about how long the rest takes.

Snakemake says which job starts and which one has ended. A rule's jobs are expected to take what its ended jobs took on
average, in this run or, before the first of them has ended, in earlier ones, as their benchmark files say. The rest is
shared among as many jobs at a time as ran so far.
"""

from __future__ import annotations

import csv
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean

from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent

ENOUGH = 3
"""Ended jobs before which nothing is said about the time left."""


class Progress(logging.Filter):
    """Listens to Snakemake's log, and adds a line to it after each job. It keeps every record.

    Args:
        logger: Snakemake's.
        earlier: rule -> mean seconds of its jobs in earlier runs, see :func:`measured`.
    """

    def __init__(self, logger: logging.Logger, earlier: Mapping[str, float]) -> None:
        super().__init__()
        self.logger = logger
        self.earlier = earlier
        self.left: dict[str, int] = {}
        self.took: dict[str, list[float]] = defaultdict(list)
        self.running: dict[int, tuple[str, float]] = {}
        self.since: float | None = None

    @classmethod
    def listen(cls, logger: logging.Logger, earlier: Mapping[str, float]) -> None:
        """Add the lines to Snakemake's log, once, however often the Snakefile is read in this process."""
        for former in [item for item in logger.filters if type(item).__name__ == cls.__name__]:
            logger.removeFilter(former)
        logger.addFilter(cls(logger, earlier))

    def filter(self, record: logging.LogRecord) -> bool:
        event = getattr(record, "event", None)
        if event == LogEvent.RUN_INFO:
            self.left = {rule: count for rule, count in vars(record)["stats"].items() if rule != "total"}
        elif event == LogEvent.JOB_INFO:
            self._starts(vars(record)["jobid"], vars(record)["rule_name"], record.created)
        elif event == LogEvent.JOB_FINISHED:
            self._ends(vars(record)["job_id"], record.created)
        elif event == LogEvent.PROGRESS and self.left:
            text = line(vars(record)["done"], vars(record)["total"], self.seconds_left(record.created))
            self.logger.info(text, extra={"quietness": Quietness.PROGRESS})
        return True

    def _starts(self, job: int, rule: str, now: float) -> None:
        self.since = now if self.since is None else self.since
        self.running[job] = (rule, now)

    def _ends(self, job: int, now: float) -> None:
        rule, started = self.running.pop(job, (None, now))
        if rule is not None:
            self.took[rule].append(now - started)
            self.left[rule] = self.left.get(rule, 1) - 1

    def seconds_left(self, now: float) -> float | None:
        """How long the rest is expected to take; None while nothing can be said."""
        ended = [seconds for took in self.took.values() for seconds in took]
        if len(ended) < ENOUGH or self.since is None:
            return None
        usual = fmean([*ended, *self.earlier.values()])
        expected = {rule: fmean(self.took[rule] or [self.earlier.get(rule, usual)]) for rule in self.left}
        done = [(rule, now - started) for rule, started in self.running.values()]
        work = sum(count * expected[rule] for rule, count in self.left.items() if rule in expected)
        work -= sum(min(seconds, expected.get(rule, 0.0)) for rule, seconds in done)
        at_once = (sum(ended) + sum(seconds for _, seconds in done)) / max(now - self.since, 1e-9)
        return max(work, 0.0) / max(at_once, 1.0)


def line(done: int, total: int, seconds: float | None) -> str:
    """``41 of 96 jobs, 3 min left``."""
    if seconds is None or done == total:
        return f"{done} of {total} jobs"
    minutes = round(seconds / 60)
    if not minutes:
        return f"{done} of {total} jobs, less than a minute left"
    left = f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
    return f"{done} of {total} jobs, {left} left"


def measured(files: Iterable[Path]) -> dict[str, float]:
    """Rule -> mean seconds of its jobs, from benchmark files; those that are not one are left out.

    Args:
        files: ``logs/DATASET/RULE/JOB.tsv``.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for file in files:
        try:
            with file.open(encoding="utf-8", newline="") as rows:
                found[file.parent.name] += [float(row["s"]) for row in csv.DictReader(rows, delimiter="\t")]
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return {rule: fmean(seconds) for rule, seconds in found.items() if seconds}
