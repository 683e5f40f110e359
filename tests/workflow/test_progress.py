"""The line that says how many jobs are done and how long the rest takes."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from workflow.lib.progress import Progress, line, measured


class Lines(logging.Handler):
    """Keeps the messages that reach a handler."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "event", None) is None:
            self.texts.append(record.getMessage())


@pytest.fixture
def log() -> tuple[logging.Logger, Lines]:
    logger, lines = logging.Logger("jobs"), Lines()
    logger.addHandler(lines)
    return logger, lines


def say(logger: logging.Logger, event: LogEvent, at: float, **fields: Any) -> None:
    record = logger.makeRecord("jobs", logging.INFO, "", 0, "", (), None, extra={"event": event, **fields})
    record.created = at
    logger.handle(record)


def run(logger: logging.Logger, stats: dict[str, int], jobs: list[tuple[str, float, float]]) -> None:
    """Jobs as (rule, start, end), told in the order of time."""
    say(logger, LogEvent.RUN_INFO, 0.0, stats=stats | {"total": sum(stats.values())})
    moments = [(start, 1, number) for number, (_, start, _) in enumerate(jobs)]
    moments += [(end, 0, number) for number, (_, _, end) in enumerate(jobs)]
    done = 0
    for at, starts, number in sorted(moments):
        if starts:
            say(logger, LogEvent.JOB_INFO, at, jobid=number, rule_name=jobs[number][0])
        else:
            done += 1
            say(logger, LogEvent.JOB_FINISHED, at, job_id=number)
            say(logger, LogEvent.PROGRESS, at, done=done, total=sum(stats.values()))


def test_the_rest_takes_what_the_same_rules_took(log: tuple[logging.Logger, Lines]) -> None:
    logger, lines = log
    logger.addFilter(Progress(logger, {}))
    # one job at a time: 60 s a training, 30 s a fit; 5 trainings and 6 fits in all
    run(logger, {"train": 5, "fit": 6}, [("train", 0, 60), ("train", 60, 120), ("fit", 120, 150), ("fit", 150, 180)])
    assert lines.texts == [
        "1 of 11 jobs",
        "2 of 11 jobs",
        "3 of 11 jobs, 6 min left",  # 3 x 60 + 5 x 30 = 330 s
        "4 of 11 jobs, 5 min left",  # 3 x 60 + 4 x 30 = 300 s
    ]


def test_jobs_side_by_side_halve_the_time_and_running_ones_count_in_part(log: tuple[logging.Logger, Lines]) -> None:
    logger, lines = log
    progress = Progress(logger, {})
    logger.addFilter(progress)
    run(logger, {"train": 8}, [("train", 0, 60), ("train", 0, 60), ("train", 60, 120), ("train", 60, 140)])
    # at 120 s: 5 are left, of 60 s each, one of them has run for 60 s: 240 s, at two at a time
    assert lines.texts[2] == "3 of 8 jobs, 2 min left"
    # at 140 s: 4 of 65 s each, (60 + 60 + 60 + 80) / 140 at a time
    assert progress.seconds_left(140.0) == pytest.approx(4 * 65 / (260 / 140))


def test_rules_not_met_yet_take_what_they_took_in_earlier_runs_else_the_mean(
    log: tuple[logging.Logger, Lines],
) -> None:
    logger, _ = log
    progress = Progress(logger, {"fit": 100.0, "train": 7000.0})
    logger.addFilter(progress)
    run(logger, {"train": 3, "fit": 1, "report": 1}, [("train", 0, 10), ("train", 10, 20), ("train", 20, 30)])
    mean = (10 + 10 + 10 + 100 + 7000) / 5
    assert progress.seconds_left(30.0) == pytest.approx(100 + mean)


def test_without_a_plan_nothing_is_added(log: tuple[logging.Logger, Lines]) -> None:
    logger, lines = log
    logger.addFilter(Progress(logger, {}))
    say(logger, LogEvent.PROGRESS, 1.0, done=1, total=1)  # a job of a cluster: it knows its own part alone
    assert lines.texts == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "1 of 9 jobs"),
        (20.0, "1 of 9 jobs, less than a minute left"),
        (59.0, "1 of 9 jobs, 1 min left"),
        (3661.0, "1 of 9 jobs, 1 h 01 min left"),
    ],
)
def test_minutes_and_hours(seconds: float | None, text: str) -> None:
    assert line(1, 9, seconds) == text
    assert line(9, 9, seconds) == "9 of 9 jobs"


def test_seconds_of_earlier_runs(tmp_path: Path) -> None:
    for name, content in {
        "a/fit/1.tsv": "s\th:m:s\n10\t0\n",
        "b/fit/2.tsv": "s\th:m:s\n30\t0\n",
        "a/train/1.tsv": "broken",
        "a/score/1.tsv": "s\n-\n",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    files = [*tmp_path.glob("*/*/*.tsv"), tmp_path / "a" / "fit" / "missing.tsv"]
    assert measured(files) == {"fit": 20.0}
