"""The kept results: every table follows from the kept numbers, and they hold nothing but numbers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "reference" / "dwie"


def check(reference: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "reference" / "reference.py", "check", reference]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.slow
def test_the_tables_follow_from_the_numbers_and_a_changed_number_is_found(tmp_path):
    done = check(REFERENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    changed = shutil.copytree(REFERENCE, tmp_path / "dwie")
    file = sorted(changed.glob("runs/logire/*/*/metrics-test.json"))[0]
    metrics = json.loads(file.read_text())
    file.write_text(json.dumps(metrics | {"f1": metrics["f1"] + 1.0}))
    done = check(changed)
    assert done.returncode == 1
    assert "tables/table2.csv" in done.stdout


def test_every_run_is_traceable_and_was_made_from_committed_code():
    runs = [json.loads(file.read_text()) for file in REFERENCE.rglob("run.json")]
    assert runs
    for run in runs:
        assert run["git"]["commit"]
        assert run["git"]["dirty"] is False
        assert len(run["data_digest"]) == 64
    assert len({run["data_digest"] for run in runs}) == 1


def test_it_holds_no_predictions_and_no_documents():
    kept = {file.name for file in (REFERENCE / "runs").rglob("*") if file.is_file()}
    assert kept == {"run.json", "history.csv", "metrics-dev.json", "metrics-test.json", "rules.csv"}
    assert {file.name for file in (REFERENCE / "corpus").iterdir()} == {"statistics.json"}
