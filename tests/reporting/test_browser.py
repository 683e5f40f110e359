"""The explanation browser: what it reads of a run, and what the page holds."""

from __future__ import annotations

import json
import shutil
from contextlib import nullcontext
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser_builders import DOCUMENTS, RELATIONS, SCRIPT, explanation, reason, write

from logire.corpus.document import Document
from logire.corpus.dump import write_dump
from logire.corpus.predictions import write_predictions
from logire.corpus.prepared import PreparedCorpus
from logire.ground.digests import file_digest
from logire.ground.errors import InputError
from logire.ground.records import RunRecord
from logire.reporting.browser import browser


class Reader(HTMLParser):
    """The tags of a page, and the text in its script elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.scripts: list[str] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._inside = tag == "script"
        links = [value for name, value in attrs if name in ("src", "href") and value and not value.startswith("#")]
        assert not links, "the page asks for something"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = False


def made(folder: Path, **changes: Any) -> tuple[str, dict[str, Any]]:
    """The page and the data in it."""
    text = browser(write(folder, **changes), "test").read_text(encoding="utf-8")
    return text, json.loads(Reader(text).scripts[0])


def test_the_data_in_the_page(tmp_path: Path) -> None:
    _, data = made(tmp_path)
    assert data["relations"] == ["a", "b", "c", "country (P17)"]
    one, two = data["documents"]
    assert one["sentences"] == [list(sentence) for sentence in DOCUMENTS[0].sentences]
    assert one["entities"][2] == {"name": "Bob", "type": 0, "mentions": [[0, 2, 3], [1, 602, 603]]}
    found = [(p["head"], p["relation"], p["tail"], p["change"], p["right"], p["score"]) for p in one["predictions"]]
    assert found == [
        (0, 2, 3, "added", True, 2.0),
        (0, 0, 2, "same", True, 1.0),
        (1, 1, 0, "removed", False, 0.125),
        (3, 1, 4, "removed", False, 0.125),
    ]
    best = one["predictions"][0]["reasons"][0]
    assert best["rule"] == "a(h, z) ∧ b⁻¹(z, t) → c(h, t)"
    assert best["path"] == [[0, "a", 0.9, 2], [2, "b⁻¹", 0.8, 3]]
    assert [reason["kind"] for reason in one["predictions"][0]["reasons"]] == ["chain", "constraint"]
    open_rule = one["predictions"][1]["reasons"][0]
    assert open_rule["rule"] == "any(h, z) ∧ b(z, t) → a(h, t)"
    assert open_rule["path"] == [[0, "any", 1.0, 1], [1, "b", 0.9, 2]]
    assert [(p["change"], p["right"]) for p in two["predictions"]] == [("added", False), ("removed", True)]
    assert two["predictions"][1]["score"] is None


def test_nothing_in_the_data_becomes_markup(tmp_path: Path) -> None:
    text, data = made(tmp_path, name=f"corpus{SCRIPT}")
    tags = Reader(text).tags
    assert tags.count("script") == 2
    assert "b" not in tags
    assert "<script>window" not in text
    assert data["documents"][1]["title"] == data["documents"][0]["sentences"][0][5] == SCRIPT


def test_equal_inputs_give_equal_bytes(tmp_path: Path) -> None:
    assert made(tmp_path / "one")[0] == made(tmp_path / "two")[0]


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_synthetic_corpus_is_called_so(tmp_path: Path, synthetic: bool) -> None:
    text, _ = made(tmp_path, synthetic=synthetic, name="dwie")
    header = text[text.index("<header>") : text.index("</header>")]
    assert ("SYNTHETIC" in header) == synthetic
    assert "BiLSTM + LogiRE+" in header
    assert "Corpus DWIE, backbone BiLSTM, method LogiRE+, seed 7, test split" in header


def test_without_labels_nothing_is_right_or_wrong(tmp_path: Path) -> None:
    unlabelled = [Document(d.title, d.sentences, d.entities, ()) for d in DOCUMENTS]
    _, data = made(tmp_path, splits={"test": unlabelled})
    assert {p["right"] for d in data["documents"] for p in d["predictions"]} == {None}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (explanation("nowhere", 0, "a", 1, 1.0), "no such document"),
        (explanation("one", 0, "unknown", 1, 1.0), "field r: unknown relation 'unknown'"),
        (explanation("one", 0, "a", 5, 1.0), "field t_idx: entity 5 does not exist"),
        (
            explanation("one", 0, "a", 1, 1.0, reason("a <- b", 1.0, (0, "b", 0.5, 9))),
            "to_idx: entity 9 does not exist",
        ),
        (explanation("one", 0, "a", 1, 1.0, {"rule": "a <- b"}), "contribution: is missing"),
    ],
)
def test_refusals(tmp_path: Path, row: str, message: str) -> None:
    run = write(tmp_path, [row])
    with pytest.raises(InputError, match=message) as caught:
        browser(run, "test")
    assert caught.value.file == f"{run / 'explanations-test.jsonl'}, line 1"
    assert not (run / "explanations.html").exists()


def test_what_the_backbone_predicts_follows_from_its_logits_where_it_has_no_run(tmp_path: Path) -> None:
    run = write(tmp_path)
    corpus = PreparedCorpus.open(tmp_path / "documents")
    shape = (5, 5, len(RELATIONS))
    rng = np.random.default_rng(5)
    labels = {d.title: corpus.schema.labels(d) for d in DOCUMENTS}
    logits = {
        split: {d.title: (rng.normal(size=shape) + 4.0 * labels[d.title]).astype(np.float32) for d in DOCUMENTS}
        for split in ("train", "dev", "test")
    }
    for place in (tmp_path / "backbone", tmp_path / "own"):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        write_dump(place / "logits.safetensors", logits)
    write_predictions(tmp_path / "own/predictions-test.json", [])  # of nobody
    apart = ~np.eye(5, dtype=bool)
    right = np.concatenate([labels[d.title][apart].ravel() for d in DOCUMENTS])
    scores = np.concatenate([logits["dev"][d.title][apart].ravel() for d in DOCUMENTS])
    theta = max(scores, key=lambda t: (2 * right[scores >= t].sum() / ((scores >= t).sum() + right.sum()), t))
    expected = {
        (d.title, h, r, t)
        for d in DOCUMENTS
        for h, t, r in np.argwhere(logits["test"][d.title] >= theta).tolist()
        if h != t
    }
    assert 0 < len(expected) < 30
    for dump in (None, tmp_path / "own/logits.safetensors"):
        text = browser(run, "test", logits=dump).read_text(encoding="utf-8")
        data = json.loads(Reader(text).scripts[0])
        found = [(d["title"], p) for d in data["documents"] for p in d["predictions"] if p["change"] != "added"]
        assert {(title, p["head"], p["relation"], p["tail"]) for title, p in found} == expected
        assert f"from a logit of {theta:.2f} up" in text


def test_a_run_that_has_not_predicted_is_told_to(tmp_path: Path) -> None:
    run = write(tmp_path)
    with pytest.raises(InputError, match="does not exist") as caught:
        browser(run, "dev")
    assert (caught.value.file, caught.value.remedy) == (
        str(run / "explanations-dev.jsonl"),
        f"predict first: logire predict {run}",
    )


def test_only_a_fitted_run_is_explained_and_by_its_own_explanations(tmp_path: Path) -> None:
    run = write(tmp_path)
    with pytest.raises(InputError, match=r"run\.json, field method: 'backbone' is no method"):
        browser(tmp_path / "backbone", "test")
    with pytest.raises(InputError, match="is a file") as caught:
        browser(run / "explanations-test.jsonl", "test")
    assert caught.value.remedy == f"name the folder: logire browse {run}"
    record = RunRecord.read(run)
    record.model_copy(update={"files": {"model.safetensors": "0" * 64}}).write(run)
    with pytest.raises(InputError, match=r"explanations-test\.jsonl: is not what the run in run\.json explained"):
        browser(run, "test")


def test_predictions_beside_other_logits_are_not_the_backbones(tmp_path: Path) -> None:
    run = write(tmp_path)
    record = RunRecord.read(run)
    record.model_copy(update={"logits_digest": "0" * 64}).write(run)
    backbone = RunRecord.read(tmp_path / "backbone")
    digests = {"predictions-test.json": file_digest(tmp_path / "backbone/predictions-test.json")}
    for logits, refused in (("0" * 64, False), ("1" * 64, True)):
        backbone.model_copy(update={"files": digests | {"logits.safetensors": logits}}).write(tmp_path / "backbone")
        with pytest.raises(InputError, match=r"logits\.safetensors: does not exist") if refused else nullcontext():
            browser(run, "test")
