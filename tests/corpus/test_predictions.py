"""The predictions format: DocRED's submission with a score."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus_builders import SCHEMA, document

from logire.corpus.predictions import Prediction, predict, read_predictions, write_predictions
from logire.ground.errors import InputError

DOCUMENTS = [document("A", 3), document("B", 2)]


def test_predict_takes_scores_from_theta_on_and_no_self_pair() -> None:
    scores = np.full((3, 3, 2), -1.0, dtype=np.float32)
    scores[0, 1, 0], scores[2, 0, 1], scores[1, 1, 0], scores[1, 2, 1] = 0.5, 0.75, 9.0, 0.0
    best = [Prediction("A", 2, "in0", 0, 0.75), Prediction("A", 0, "citizen_of", 1, 0.5)]
    assert predict(DOCUMENTS[0], scores, 0.5, SCHEMA) == best
    assert predict(DOCUMENTS[0], scores, 0.0, SCHEMA) == [*best, Prediction("A", 1, "in0", 2, 0.0)]
    assert predict(DOCUMENTS[0], scores, float("inf"), SCHEMA) == []


def test_round_trip_in_the_submission_format(tmp_path: Path) -> None:
    written = [Prediction("A", 2, "in0", 0, 0.123456789), Prediction("B", 0, "citizen_of", 1)]
    path = tmp_path / "predictions.json"
    write_predictions(path, written)
    assert json.loads(path.read_text(encoding="utf-8")) == [
        {"title": "A", "h_idx": 2, "t_idx": 0, "r": "in0", "score": 0.123457},
        {"title": "B", "h_idx": 0, "t_idx": 1, "r": "citizen_of"},
    ]
    assert read_predictions(path, DOCUMENTS, SCHEMA) == [written[0]._replace(score=0.123457), written[1]]


def row(**changes: Any) -> dict[str, Any]:
    return {"title": "A", "h_idx": 0, "t_idx": 1, "r": "in0", "score": 0.5} | changes


def test_a_fact_given_twice_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps([row(), row(score=0.1), row(h_idx=2)]), encoding="utf-8")
    found = read_predictions(path, DOCUMENTS, SCHEMA)
    assert [(p.head, p.score) for p in found] == [(0, 0.5), (2, 0.5)]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ({"title": "A"}, "expected `array`, got `object`"),
        ([row(), 3], "field [1]: expected `object`, got `int`"),
        ([row(), {"title": "A"}], "field [1].h_idx: is missing"),
        ([row(title="C")], "document C, field [0].title: no such document in this split"),
        ([row(h_idx=3)], "document A, field [0].h_idx: entity 3 does not exist: there are 3"),
        ([row(title="B", t_idx=2)], "document B, field [0].t_idx: entity 2 does not exist: there are 2"),
        ([row(t_idx=-1)], "field [0].t_idx: entity -1 does not exist"),
        ([row(r="eats")], "field [0].r: unknown relation 'eats'"),
        ([row(h_idx=True)], "field [0].h_idx: expected `int`, got `bool`"),
        ([row(h_idx=10**4000)], "field [0].h_idx: expected `int` <= 2147483647"),
        ([row(score=float("nan"))], "broken JSON at line 1"),
        ([row(score="high")], "field [0].score: expected `float | null`, got `str`"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, rows: Any, problem: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_predictions(path, DOCUMENTS, SCHEMA)
    assert caught.value.file == str(path)
    assert problem in str(caught.value)
