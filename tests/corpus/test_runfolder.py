"""A run's folder: what a new run removes there, what it refuses to remove, and whose predictions lie there."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from logire.corpus.runfolder import Predicted, begin_run, check_files, finish_run, whose
from logire.ground.errors import InputError
from logire.ground.records import RunRecord

RUN: dict[str, Any] = {
    "backbone": "bilstm", "method": "logire", "seed": 1, "params_digest": "p", "data_digest": "d", "logits_digest": "l",
}  # fmt: skip
FIT = ("model.safetensors", "rules.csv", "history.csv")
SCORED = ("predictions-test.json", "explanations-test.jsonl", "predicted-test.json", "metrics-test.json")


def written(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"what {name} holds")


def names(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished fit with predictions and metrics on test, a checkpoint, and files of the user."""
    folder = tmp_path / "run"
    written(folder, *FIT, *SCORED, "checkpoints/em.safetensors", "notes.txt", "predictions-mine.json", "encoder/mine")
    finish_run(folder, RunRecord(**RUN), FIT)
    logits = tmp_path / "logits.safetensors"
    logits.write_text("logits")
    record = RunRecord.read(folder)
    (folder / "run.json").write_text(json.dumps(record.as_dict() | {"logits_digest": sha256(b"logits").hexdigest()}))
    Predicted.write(folder, "test", record, logits)
    return folder


def asked(**other: Any) -> dict[str, Any]:
    """The fields of the run once more, some of them changed."""
    return RUN | {"logits_digest": sha256(b"logits").hexdigest()} | other


USERS = {"checkpoints/em.safetensors", "notes.txt", "predictions-mine.json", "encoder/mine"}


def test_the_record_has_the_digest_of_every_file_that_was_written_with_it(run: Path) -> None:
    files = json.loads((run / "run.json").read_text())["files"]
    assert files == {name: sha256(f"what {name} holds".encode()).hexdigest() for name in FIT}


def test_a_run_that_is_asked_for_again_removes_what_it_left_and_nothing_else(run: Path) -> None:
    begin_run(run, asked())
    assert names(run) == USERS


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"backbone": "cnn"}, "field backbone: holds another finished run: backbone bilstm, not cnn"),
        ({"method": "logire_plus"}, "method logire, not logire_plus"),
        ({"seed": 2}, "seed 1, not 2"),
        ({"variant": "newton"}, "variant none, not newton"),
        ({"params_digest": "q"}, "field params_digest: holds another finished run: other settings"),
        ({"data_digest": "e"}, "other documents"),
        ({"logits_digest": "m"}, "other logits"),
        ({"out_of_fold": [{"file": "f", "digest": "g"}]}, "other out-of-fold logits"),
    ],
)
def test_another_finished_run_is_refused_and_stays_unless_it_may_be_overwritten(
    run: Path, other: dict[str, Any], message: str
) -> None:
    before = names(run)
    with pytest.raises(InputError, match=message) as error:
        begin_run(run, asked(**other))
    assert "--overwrite" in str(error.value.remedy)
    assert names(run) == before
    begin_run(run, asked(**other), overwrite=True)
    assert names(run) == USERS


def test_a_damaged_record_is_refused_too(run: Path) -> None:
    (run / "run.json").write_text("{")
    with pytest.raises(InputError, match="broken JSON"):
        begin_run(run, asked())
    begin_run(run, asked(), overwrite=True)
    assert not names(run) & {"run.json", *FIT, *SCORED}


def test_logits_that_the_new_run_reads_are_never_removed(tmp_path: Path) -> None:
    run = tmp_path / "backbone"
    written(run, "logits.safetensors", "model.safetensors")
    finish_run(run, RunRecord(**RUN | {"method": "backbone"}), ("logits.safetensors", "model.safetensors"))
    before = names(run)
    with pytest.raises(InputError, match=r"logits\.safetensors: would be removed"):
        begin_run(
            run, asked(), reads=[tmp_path / "backbone" / ".." / "backbone" / "logits.safetensors"], overwrite=True
        )
    assert names(run) == before


def test_without_a_record_only_metrics_and_what_is_known_to_be_a_runs_is_removed(run: Path) -> None:
    (run / "run.json").unlink()
    written(run, "predictions-dev.json", "logits.safetensors")
    begin_run(run, asked())
    assert names(run) == {*USERS, *FIT, "predictions-dev.json", "logits.safetensors"}


def test_a_run_of_an_earlier_version_leaves_nothing_either(tmp_path: Path) -> None:
    run = tmp_path / "run"
    written(run, *FIT, *SCORED, "settings.json", "vocabulary.json", "encoder/config.json", "notes.txt")
    RunRecord(**RUN).write(run)
    begin_run(run, RUN)
    assert names(run) == {"notes.txt"}
    assert not (run / "encoder").exists()


def test_predictions_are_a_runs_where_its_records_show_it(run: Path, tmp_path: Path) -> None:
    file = run / "predictions-test.json"
    found = whose(file)
    assert found is not None
    assert (found.backbone, found.seed) == ("bilstm", 1)
    # dropped in beside the run, under a name of its own
    assert whose(run / "predictions-mine.json") is None
    # in a folder without a run
    written(tmp_path / "elsewhere", "predictions-test.json")
    assert whose(tmp_path / "elsewhere" / "predictions-test.json") is None
    # edited
    content = file.read_text()
    file.write_text(content + " ")
    assert whose(file) is None
    file.write_text(content)
    # of another fit, which left its predictions, and on other logits
    record = json.loads((run / "run.json").read_text())
    for other in ({"files": record["files"] | {"model.safetensors": "0"}}, {"logits_digest": "m"}):
        (run / "run.json").write_text(json.dumps(record | other))
        assert whose(file) is None
    (run / "predicted-test.json").write_text("[]")
    (run / "run.json").write_text(json.dumps(record))
    assert whose(file) is None


def test_predictions_written_with_the_record_need_no_other(tmp_path: Path) -> None:
    run = tmp_path / "backbone"
    written(run, "model.safetensors", "predictions-dev.json")
    finish_run(run, RunRecord(**RUN | {"method": "backbone"}), ("model.safetensors", "predictions-dev.json"))
    assert whose(run / "predictions-dev.json") is not None
    written(run, "predictions-test.json")
    assert whose(run / "predictions-test.json") is None


def test_records_of_earlier_versions_are_believed(tmp_path: Path) -> None:
    written(tmp_path, "predictions-dev.json")
    RunRecord(**RUN).write(tmp_path)
    assert whose(tmp_path / "predictions-dev.json") == RunRecord(**RUN)


def test_a_file_that_has_changed_since_is_named(run: Path) -> None:
    check_files(run, RunRecord.read(run), FIT)
    written(run, "history.csv")
    (run / "rules.csv").write_text("others")
    with pytest.raises(InputError, match=r"rules\.csv: has changed since run\.json was written"):
        check_files(run, RunRecord.read(run), FIT)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"threshold": None}, "field threshold: is null"),
        ({"threshold": float("nan")}, r"field threshold: .*finite"),
        ({"seed": None}, "field seed: is null"),
        ({"files": {"model.safetensors": 1}}, r"field files\.model\.safetensors"),
    ],
)
def test_a_record_with_a_value_that_cannot_be_names_the_field(
    tmp_path: Path, record: dict[str, Any], message: str
) -> None:
    (tmp_path / "run.json").write_text(json.dumps(RUN | record))
    with pytest.raises(InputError, match=message):
        RunRecord.read(tmp_path)
