"""Dumps that do not hold logits, or hold them in another order: each is named, and a sound dump never is."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from corpus_builders import document
from safetensors.numpy import save_file

from logire.corpus import dumpcheck
from logire.corpus.document import FloatArray, Schema
from logire.corpus.dump import ScoredDocument, dev_threshold, read_dump, scored
from logire.corpus.dumpcheck import check_logits
from logire.corpus.prepared import PreparedCorpus, write_prepared
from logire.ground.errors import InputError

SCHEMA = Schema(tuple(f"r{i}" for i in range(6)), ("type::location", "type::organization", "type::person"))
FACTS = [(h, f"r{r}", t) for h, r, t in ((0, 0, 1), (1, 1, 2), (2, 2, 3), (3, 3, 0), (0, 4, 2), (1, 5, 3))]
NA = [0.0, 1.0, -0.5, 0.3, 2.0, 0.7]


def documents(high: float = 3.0, noise: float = 1.0, count: int = 12) -> list[ScoredDocument]:
    """Each has a fact of every relation; a labelled one scores ``high`` above the others, which are around -4."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        made = document(f"D{number}", 4, FACTS)
        logits = np.where(SCHEMA.labels(made), high, 0.0) - 4 + rng.normal(0, noise, (4, 4, 6)) + NA
        found.append(scored(made, logits.astype(np.float32), SCHEMA))
    return found


def changed(items: Sequence[ScoredDocument], change: Callable[[FloatArray], FloatArray]) -> list[ScoredDocument]:
    return [scored(item.document, change(item.logits), SCHEMA) for item in items]


def sigmoid(logits: FloatArray) -> FloatArray:
    return 1 / (1 + np.exp(-logits))


def softmax(logits: FloatArray) -> FloatArray:
    powers = np.exp(logits)
    return powers / powers.sum(axis=-1, keepdims=True)


def with_na(logits: FloatArray) -> FloatArray:
    return np.concatenate([np.zeros_like(logits[..., :1]), logits], axis=-1)


@pytest.fixture
def warned(caplog: pytest.LogCaptureFixture) -> Callable[[Sequence[ScoredDocument]], str]:
    """What is said of documents as warnings."""

    def check(items: Sequence[ScoredDocument]) -> str:
        caplog.clear()
        with caplog.at_level(logging.WARNING, logger="logire"):
            check_logits(items, SCHEMA, "x.safetensors")
        return caplog.text

    return check


@pytest.mark.parametrize(
    ("change", "problem", "remedy"),
    [
        (sigmoid, "these are probabilities, not logits: all lie between", "torch.logit(p, eps=1e-6)"),
        (lambda x: sigmoid(x).astype(np.float16), "these are probabilities, not logits", "goes into the sigmoid"),
        (softmax, "those of a pair sum to 1, as after a softmax", "minus the logit of that class"),
        (lambda x: softmax(with_na(x))[..., 1:], "these are probabilities, not logits", "of a softmax"),
        (lambda x: np.log(softmax(x)), "these are log-probabilities", "dump what goes into it"),
    ],
    ids=["sigmoid", "half precision", "softmax", "softmax without Na", "log-softmax"],
)
def test_what_cannot_be_logits_is_refused(
    change: Callable[[FloatArray], FloatArray], problem: str, remedy: str
) -> None:
    with pytest.raises(InputError) as caught:
        check_logits(changed(documents(), change), SCHEMA, "x.safetensors")
    assert problem in caught.value.problem
    assert remedy in str(caught.value.remedy)
    assert (caught.value.file, caught.value.field) == ("x.safetensors", "logits")


def confident(items: Sequence[ScoredDocument]) -> list[ScoredDocument]:
    return changed(items, lambda x: x + 6 * (x > 0))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: 0 * x - 4, ["all logits are -4"]),
        (lambda x: (x > 0).astype(np.float32), ["all logits are 0 or 1", "the scores that the model decides by"]),
        (lambda x: np.log(sigmoid(x)), ["no logit is above 0", "may be log-probabilities"]),
        (lambda x: x.transpose(1, 0, 2), ["72 of 72 labelled facts score higher", "logits.transpose(1, 0, 2)"]),
        (lambda x: np.roll(x, 1, axis=2), ["of 6 relations", "0 have their highest", "in the order of rel2id.json"]),
    ],
    ids=["constant", "decisions", "log-sigmoid", "head and tail", "order of relations"],
)
def test_what_is_probably_wrong_is_a_warning(
    warned: Callable[..., str], change: Callable[[FloatArray], FloatArray], words: list[str]
) -> None:
    said = warned(changed(confident(documents(high=9.0)), change))
    assert "warning: file x.safetensors, field logits: " in said
    assert said.count("what to do") == 1
    for word in words:
        assert word in said


def test_the_order_of_relations_is_named_by_an_example(warned: Callable[..., str]) -> None:
    said = warned(changed(documents(high=9.0), lambda x: x[..., [1, 2, 3, 4, 5, 0]]))
    fact, column, there = re.findall(r"those of r(\d) have them in column (\d), which is r(\d)'s", said)[0]
    assert column == there == str((int(fact) - 1) % 6)


@pytest.mark.parametrize(
    "items",
    [
        documents(),
        documents(high=0.0),
        documents(high=0.3),
        documents(high=-2.0),
        documents(high=9.0, noise=0.0),
        changed(documents(high=9.0), lambda x: x - 20),
        changed(documents(high=9.0), lambda x: x + 30),
        documents(count=1),
        [scored(document("alone", 1), np.zeros((1, 1, 6), dtype=np.float32), SCHEMA)],
        [],
    ],
    ids=["sound", "noise", "weak", "worse than noise", "perfect", "low", "high", "one document", "one entity", "none"],
)
def test_no_false_alarm(warned: Callable[..., str], items: list[ScoredDocument]) -> None:
    assert warned(items) == ""


def test_weak_backbones_whose_columns_move_together_raise_no_alarm(warned: Callable[..., str]) -> None:
    """After an epoch a backbone knows which pairs are related, not how: all columns are high for every fact."""
    items = [
        replace(item, logits=item.logits + 3 * item.labels.any(axis=2, keepdims=True)) for item in documents(high=0.2)
    ]
    assert warned(items) == ""


def test_few_facts_and_few_relations_say_nothing(warned: Callable[..., str]) -> None:
    swapped = changed(documents(high=9.0, count=8), lambda x: x.transpose(1, 0, 2))
    assert warned(swapped) == ""  # 48 facts, 8 a relation
    assert "head and tail" in warned(changed(documents(high=9.0, count=9), lambda x: x.transpose(1, 0, 2)))


def test_only_so_many_logits_are_looked_at(warned: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dumpcheck, "_NUMBERS", 2 * 4 * 4 * 6)
    items = [*documents(count=2), *changed(documents(), sigmoid)]
    assert warned(items) == ""
    with pytest.raises(InputError, match="probabilities"):
        check_logits(items[2:], SCHEMA, "x")


@pytest.fixture
def corpus(tmp_path: Path) -> PreparedCorpus:
    splits = {split: [document(split, 4, FACTS)] for split in ("train", "dev", "test")}
    write_prepared(tmp_path / "corpus", splits, SCHEMA, name="tiny", synthetic=True)
    return PreparedCorpus.open(tmp_path / "corpus")


@pytest.mark.parametrize("form", ["safetensors", "torch"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_na, ["shape (4, 4, 7)", "column 0 is the largest of 100% of the pairs", "logits[:, :, 1:] - "]),
        (
            lambda x: with_na(x)[..., ::-1],
            ["(4, 4, 7)", "column 6 is the largest", "logits[:, :, :-1] - logits[:, :, -1:]"],
        ),
        (lambda x: x.transpose(2, 0, 1), ["shape (6, 4, 4)", "logits.transpose(1, 2, 0)"]),
        (lambda x: x[1:, 1:], ["shape (3, 3, 6)", "for the same documents, entities and relations"]),
    ],
    ids=["Na first", "Na last", "relations first", "an entity less"],
)
def test_another_shape_says_what_it_may_be(
    tmp_path: Path, corpus: PreparedCorpus, form: str, change: Callable[[FloatArray], FloatArray], words: list[str]
) -> None:
    logits = np.ascontiguousarray(change(np.full((4, 4, 6), -3.0, dtype=np.float32)))
    file = tmp_path / "dump"
    if form == "torch":
        torch.save({"dev": [{"N": 4, "logits": torch.from_numpy(logits)}]}, file)
    else:
        save_file({"dev/dev/logits": logits}, file)
    with pytest.raises(InputError) as caught:
        read_dump(file, corpus, "dev")
    for word in words:
        assert word in str(caught.value)


def test_a_single_entity_with_a_column_of_no_relation(corpus: PreparedCorpus) -> None:
    with pytest.raises(InputError, match="largest of 0% of the pairs"):
        scored(document("one", 1), np.zeros((1, 1, 7), dtype=np.float32), SCHEMA)


def test_the_dev_threshold_is_the_best_of_all() -> None:
    items = documents(high=2.0)
    off = ~np.eye(4, dtype=np.bool_)
    logits, labels = (np.concatenate([getattr(d, name)[off].ravel() for d in items]) for name in ("logits", "labels"))
    f1 = {float(t): 2 * labels[logits >= t].sum() / ((logits >= t).sum() + labels.sum()) for t in logits}
    best = dev_threshold(items)
    assert best.f1 == pytest.approx(max(f1.values()))
    assert f1[best.theta] == pytest.approx(best.f1)
