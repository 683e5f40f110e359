"""Evaluating a predictions file beside its run.json, and showing the result."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from evaluation_builders import SCHEMA, named
from rich.console import Console

from logire.corpus.predictions import Prediction, write_predictions
from logire.corpus.prepared import PreparedCorpus, write_prepared
from logire.corpus.runfolder import finish_run
from logire.evaluation.files import evaluate_file, evaluate_run, render
from logire.ground.errors import InputError
from logire.ground.files import write_json
from logire.ground.records import RunRecord


@pytest.fixture
def corpus(tmp_path: Path) -> PreparedCorpus:
    splits = {
        "train": [named("t", ["P", "Q"], [(0, "a", 1)])],
        "dev": [named("d", ["P", "Q"], [(0, "a", 1), (1, "b", 0)])],
        "test": [named("e", ["P", "Q"], [])],
    }
    write_prepared(tmp_path / "documents", splits, SCHEMA, name="toy", synthetic=True)
    return PreparedCorpus.open(tmp_path / "documents")


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    file = tmp_path / "run" / "predictions-dev.json"
    write_predictions(file, [Prediction("d", 0, "a", 1, 0.9), Prediction("d", 1, "a", 0, 0.4)])
    return file


def test_metrics_with_what_matters_of_the_run(tmp_path: Path, corpus: PreparedCorpus, predictions: Path) -> None:
    run = {"dataset": "toy", "backbone": "bilstm", "method": "logire", "seed": 3, "threshold": 0.4}
    write_json(predictions.parent / "run.json", {**run, "seconds": 12.3, "host": "here"})
    rules = tmp_path / "rules.txt"
    rules.write_text("b <- ~a\nnowhere <- a\n")
    result = evaluate_file(predictions, corpus, "dev", distance_edges=(5,), gold_rules=rules)
    assert result["run"] == run
    assert result["corpus"] == {"name": "toy", "synthetic": True}
    assert result["split"] == "dev"
    assert (result["f1"], result["precision"], result["recall"]) == (50.0, 50.0, 50.0)
    # The one correct prediction is in training: none of it is left for DocRED's precision.
    assert result["ign_f1"] == 0.0
    assert (result["logic"], result["gold_logic"], result["logic_rules_left_out"]) == (0.0, 100.0, 1)
    assert len(result["by_distance"]) == 2
    assert result["per_document"]["correct"] == [1]
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_predictions_from_elsewhere_need_no_run(corpus: PreparedCorpus, predictions: Path) -> None:
    result = evaluate_file(predictions, corpus, "dev")
    assert result["run"] == {}
    # The default rules are DWIE's; this corpus has none of their relations.
    assert result["logic"] is None
    assert result["logic_rules_left_out"] == 39


def test_an_unlabelled_split_is_refused(tmp_path: Path, corpus: PreparedCorpus) -> None:
    file = tmp_path / "predictions.json"
    write_predictions(file, [])
    with pytest.raises(InputError, match="no labelled fact"):
        evaluate_file(file, corpus, "test")


def test_a_run_that_is_no_object_is_refused(corpus: PreparedCorpus, predictions: Path) -> None:
    (predictions.parent / "run.json").write_text("[]")
    with pytest.raises(InputError, match=r"run\.json"):
        evaluate_file(predictions, corpus, "dev")


def test_a_run_is_named_only_where_it_wrote_the_predictions(corpus: PreparedCorpus, predictions: Path) -> None:
    run = predictions.parent
    (run / "model.safetensors").write_text("a model")
    record = RunRecord(backbone="bilstm", method="backbone", seed=3, threshold=0.4)
    finish_run(run, record, ("model.safetensors", predictions.name))
    assert evaluate_file(predictions, corpus, "dev")["run"]["backbone"] == "bilstm"
    foreign = [Prediction("d", 0, "a", 1, 0.9)]
    write_predictions(run / "mine.json", foreign)
    assert evaluate_file(run / "mine.json", corpus, "dev")["run"] == {}
    write_predictions(predictions, foreign)
    result = evaluate_file(predictions, corpus, "dev")
    assert (result["run"], result["sources"]["run"], result["sources"]["params_digest"]) == ({}, None, None)
    assert "bilstm" not in shown(result)
    with pytest.raises(InputError, match=r"predictions-dev\.json: is not what the run in run\.json predicted"):
        list(evaluate_run(run, corpus, ("dev",)))
    assert not (run / "metrics-dev.json").exists()


def test_a_record_without_a_threshold_is_named(corpus: PreparedCorpus, predictions: Path) -> None:
    (predictions.parent / "run.json").write_text('{"backbone": "bilstm", "threshold": null}')
    with pytest.raises(InputError, match=r"run\.json, field threshold: is null"):
        evaluate_file(predictions, corpus, "dev")


def shown(result: dict) -> str:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(render(result))
    return console.export_text()


def test_the_readable_form(tmp_path: Path, corpus: PreparedCorpus, predictions: Path) -> None:
    write_json(predictions.parent / "run.json", {"backbone": "bilstm", "seed": 3})
    text = shown(evaluate_file(predictions, corpus, "dev"))
    assert "toy (synthetic), dev split: backbone bilstm seed 3" in text
    assert "400+ tokens" in text
    assert "no gold rule fires (39 rules need relations that this corpus lacks)" in " ".join(text.split())
    (line,) = [line for line in text.splitlines() if line.strip().startswith("all")]
    assert line.split() == ["all", "2", "2", "1", "50.00", "50.00", "50.00", "0.00", "0.00"]
    rules = tmp_path / "rules.txt"
    rules.write_text("b <- ~a\n")
    text = shown(evaluate_file(predictions, corpus, "dev", gold_rules=rules))
    assert "logic 0.00 over the 1 gold rules that fire (labels: 100.00)" in text


def test_a_run_is_scored_split_by_split(corpus: PreparedCorpus, predictions: Path) -> None:
    run = predictions.parent
    write_predictions(run / "predictions-train.json", [Prediction("t", 0, "a", 1)])
    written = list(evaluate_run(run, corpus, ("train", "dev"), distance_edges=(5,)))
    assert written == [run / "metrics-train.json", run / "metrics-dev.json"]
    for split, file in zip(("train", "dev"), written, strict=True):
        one = evaluate_file(run / f"predictions-{split}.json", corpus, split, distance_edges=(5,))
        assert json.loads(file.read_text()) == one
    with pytest.raises(InputError, match="no labelled fact"):
        list(evaluate_run(run, corpus, ("test",)))
