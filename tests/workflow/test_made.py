"""Results whose bytes have changed since their jobs made them, whatever their times say."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path

import pytest

from workflow.lib import made

RESULT, STAMP = Path("results/tables/table2.csv"), Path("logs/table2.tsv")


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result, made by a job of two seconds and remembered."""
    monkeypatch.chdir(tmp_path)
    run_job(ended=1_000_000)
    made.remember({RESULT: STAMP})
    assert list(made.changed(Path("results"))) == []


def run_job(*, ended: int, result: str = "f1 12.34") -> None:
    write(RESULT, result, ended)
    write(STAMP, "s\n2.0\n", ended)


def write(file: Path, content: str, time: float) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    os.utime(file, (time, time))


@pytest.mark.usefixtures("job")
@pytest.mark.parametrize("time", [1_000_000, 999_999.5], ids=["time kept", "time cut"])
def test_a_byte_that_changed_while_the_time_stayed_is_found(time: float) -> None:
    write(RESULT, "f1 12.35", time)
    assert list(made.changed(Path("results"))) == [(RESULT, False)]
    made.back_date(RESULT)
    assert list(made.changed(Path("results"))) == [(RESULT, True)]
    # what is remembered of the job's run stays
    made.remember({RESULT: STAMP})
    assert [file for file, _ in made.changed(Path("results"))] == [RESULT]
    write(RESULT, "f1 12.34", 1_000_000)
    assert list(made.changed(Path("results"))) == []


@pytest.mark.usefixtures("job")
def test_what_its_job_made_anew_has_not_changed() -> None:
    run_job(ended=2_000_000, result="f1 56.78")
    assert list(made.changed(Path("results"))) == []
    made.remember({RESULT: STAMP})
    write(RESULT, "f1 12.34", 2_000_000)
    assert list(made.changed(Path("results"))) == [(RESULT, False)]


@pytest.mark.usefixtures("job")
def test_without_memory_the_records_of_runs_are_asked() -> None:
    made.forget(Path("results"))
    write(RESULT, "f1 12.35", 1_000_000)
    assert list(made.changed(Path("results"))) == []
    run = Path("results/runs/logire/cnn")
    digests = {name: sha256(name.encode()).hexdigest() for name in ("model", "encoder/words", "predictions", "gone")}
    write(run / "run.json", json.dumps({"files": {k: digests[k] for k in ("model", "encoder/words", "gone")}}), 1)
    write(run / "predicted-test.json", json.dumps({"files": {"predictions": digests["predictions"]}}), 1)
    for name in ("model", "encoder/words", "predictions", "metrics"):
        write(run / name, name, 1)
    assert list(made.changed(Path("results"))) == []
    for name in ("model", "encoder/words", "predictions", "metrics"):
        write(run / name, f"{name}.", 1)
    found = [file.relative_to(run).as_posix() for file, _ in made.changed(Path("results"))]
    assert found == ["encoder/words", "model", "predictions"]


@pytest.mark.usefixtures("job")
@pytest.mark.parametrize("content", ["", "[]", '{"results/tables/table2.csv": [1]}'])
def test_a_damaged_memory_is_no_memory(content: str) -> None:
    made.MEMORY.write_text(content)
    write(RESULT, "f1 12.35", 1_000_000)
    assert list(made.changed(Path("results"))) == []
