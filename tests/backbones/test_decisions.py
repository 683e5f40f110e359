"""What is predicted from logits: by a threshold chosen on dev, or as ATLOP was published."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from logire.backbones import train_backbone
from logire.backbones.base import Backbone
from logire.backbones.decisions import Decision, by_fixed_rule, choose_threshold
from logire.backbones.transformers.atlop.model import highest_above_zero
from logire.corpus.document import Document, Fact
from logire.corpus.dump import read_dump
from logire.corpus.predictions import predict, read_predictions
from logire.corpus.prepared import PreparedCorpus

from .made_up import QUICK, SCHEMA, document

Build = Callable[..., Backbone[Any]]
Small = Callable[[str], dict[str, Any]]

LEARNS = {"epochs": 12, "patience": 12, "batch_size": 2, "learning_rate": 0.02, "attention_dropout": 0.0}
"""Enough for logits above zero."""


@pytest.mark.parametrize(
    ("logits", "most", "expected"),
    [
        ([3.0, 2.0, 1.0, -1.0], 2, [1, 1, 0, 0]),
        ([1.0, -1.0, -2.0, -3.0], 2, [1, 0, 0, 0]),  # fewer above zero than `most`
        ([-1.0, -2.0, 0.0, -3.0], 2, [0, 0, 0, 0]),  # none above zero: zero itself is not
        ([1.0, 3.0, 1.0, 0.5], 2, [1, 1, 1, 0]),  # two tie for the second place
        ([2.0, 1.0, 2.0, 0.5], 2, [1, 0, 1, 0]),  # two tie for the first place
        ([0.0, 3.0, 0.0, -1.0], 2, [0, 1, 0, 0]),  # two tie at zero
        ([4.0, 3.0, 2.0, 1.0], 4, [1, 1, 1, 1]),
        ([4.0, 3.0, -2.0, 1.0], 9, [1, 1, 0, 1]),  # fewer relations than `most`
        ([4.0, 3.0, 2.0, 1.0], 1, [1, 0, 0, 0]),
    ],
)
def test_the_highest_relations_above_zero(logits: list[float], most: int, expected: list[int]) -> None:
    cells = np.array([[logits]], dtype=np.float32)
    assert highest_above_zero(cells, most=most).astype(int).tolist() == [[expected]]


@given(logits=arrays.arrays(np.float32, (2, 2, 5), elements=st.integers(-3, 3).map(float)), most=st.integers(1, 6))
def test_a_relation_counts_if_fewer_than_most_are_higher(logits: np.ndarray, most: int) -> None:
    found = highest_above_zero(logits, most=most)
    for cell in np.ndindex(logits.shape):
        higher = sum(other > logits[cell] for other in logits[cell[:2]])
        assert found[cell] == (logits[cell] > 0 and higher < most)


def hand_worked() -> tuple[Document, np.ndarray]:
    """Three entities, and logits above zero at (0, 1) for all relations, at (1, 2) for one, and on the diagonal."""
    made = document("a", seed=1, entities=3, facts=0)
    facts = (Fact(0, "leads", 1), Fact(0, "based_in", 1), Fact(2, "leads", 0), Fact(2, "leads", 2))
    logits = np.full((3, 3, 3), -5.0, dtype=np.float32)
    logits[0, 1] = [3.0, 2.0, 1.0]
    logits[1, 2, 1] = logits[2, 2, 0] = 4.0
    return Document("a", made.sentences, made.entities, facts), logits


def test_the_published_decision_by_hand(build: Build) -> None:
    made, logits = hand_worked()
    # Of 4 facts; (0, leads, 1) alone is found, with one or two that are wrong; then (0, based_in, 1) as well.
    for most, predicted, correct in ((1, 2, 1), (2, 3, 1), (4, 4, 2)):
        decision = build("atlop", decision="published", most=most).decide({"a": logits}, [made])
        assert decision.threshold == 0.0
        assert decision.f1 == pytest.approx(2 * correct / (predicted + 4))
        assert decision.predicts(logits)[0, 1].sum() == min(most, 3)


def test_the_usual_decision_is_the_threshold_chosen_on_dev(build: Build) -> None:
    made, logits = hand_worked()
    for name in ("atlop", "gain", "bilstm"):
        decision = build(name).decide({"a": logits}, [made])
        # At 1, 2 of 4 predictions are right.
        assert (decision.threshold, decision.f1) == choose_threshold({"a": logits}, [made], SCHEMA) == (1.0, 0.5)
        np.testing.assert_array_equal(decision.predicts(logits), logits >= 1.0)


def test_a_rule_that_predicts_nothing_has_no_f1() -> None:
    made, logits = hand_worked()
    empty = Document("b", made.sentences, made.entities, ())
    for documents in ([made], [empty]):
        given_logits = {d.title: logits for d in documents}
        assert by_fixed_rule(lambda cells: cells > 9, 0.0, given_logits, documents, SCHEMA)[:2] == (0.0, 0.0)


def test_a_published_run_predicts_and_keeps_its_epoch_by_that_decision(
    corpus: PreparedCorpus, small: Small, tmp_path: Path
) -> None:
    settings = small("atlop") | LEARNS | {"decision": "published", "most": 1}
    train_backbone(corpus, "atlop", settings, tmp_path, seed=1, device="cpu", progress=False)
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["threshold"] == 0.0
    for split in ("dev", "test"):
        documents = corpus.documents(split)
        expected, gold = set(), 0
        for item in read_dump(tmp_path / "logits.safetensors", corpus, split):
            gold += int(item.labels.sum())
            for h, t in np.ndindex(item.logits.shape[:2]):
                highest = int(item.logits[h, t].argmax())
                if h != t and item.logits[h, t, highest] > 0:
                    expected.add((item.title, h, corpus.schema.relations[highest], t))
        found = {p[:4] for p in read_predictions(tmp_path / f"predictions-{split}.json", documents, corpus.schema)}
        assert found == expected
        if split == "dev":
            facts = {(d.title, f.head, f.relation, f.tail) for d in documents for f in d.facts}
            assert run["dev_f1"] == pytest.approx(2 * len(found & facts) / (len(found) + gold))
            assert run["dev_f1"] > 0
    rows = [line.split(",") for line in (tmp_path / "history.csv").read_text().splitlines()]
    f1, thresholds = ([float(row[rows[0].index(key)]) for row in rows[1:]] for key in ("dev_f1", "threshold"))
    assert max(f1) == f1[run["best_epoch"] - 1] == pytest.approx(run["dev_f1"], abs=1e-8)
    assert set(thresholds) == {0.0}


def test_the_decision_changes_no_training(corpus: PreparedCorpus, small: Small, tmp_path: Path) -> None:
    losses = []
    for decision in ("dev", "published"):
        settings = small("atlop") | QUICK | {"decision": decision}
        train_backbone(corpus, "atlop", settings, tmp_path / decision, seed=1, device="cpu", progress=False)
        lines = (tmp_path / decision / "history.csv").read_text().splitlines()
        losses.append([line.split(",")[lines[0].split(",").index("loss")] for line in lines])
    assert losses[0] == losses[1]


def test_what_the_decision_leaves_out_is_not_written(
    corpus: PreparedCorpus, small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usual files hold all from the threshold on; without one relation, they hold the others."""
    seen: list[float] = []
    decide = Backbone.decide

    def without_one(self: Backbone[Any], *dev: Any) -> Decision:
        usual = decide(self, *dev)
        seen.append(usual.threshold)
        others = np.arange(len(SCHEMA.relations)) != SCHEMA.relation_index["part_of"]
        return usual._replace(predicts=lambda logits: usual.predicts(logits) & others)

    settings = small("lstm") | QUICK
    train_backbone(corpus, "lstm", settings, tmp_path / "usual", seed=1, device="cpu", progress=False)
    monkeypatch.setattr(Backbone, "decide", without_one)
    train_backbone(corpus, "lstm", settings, tmp_path / "others", seed=1, device="cpu", progress=False)
    for split in ("dev", "test"):
        documents = corpus.documents(split)
        expected = [
            (*p[:4], round(p.score or 0.0, 6))
            for item in read_dump(tmp_path / "usual" / "logits.safetensors", corpus, split)
            for p in predict(item.document, item.logits, seen[-1], SCHEMA)
        ]
        assert any(p[2] == "part_of" for p in expected)
        for name, kept in (("usual", expected), ("others", [p for p in expected if p[2] != "part_of"])):
            found = read_predictions(tmp_path / name / f"predictions-{split}.json", documents, SCHEMA)
            assert [tuple(p) for p in found] == kept
