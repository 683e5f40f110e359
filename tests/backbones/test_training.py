"""The training loop's parts: batches, rates, the optimiser's groups, early stopping, checkpoints."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from logire.backbones import load_backbone, train_backbone
from logire.backbones.base import Backbone
from logire.backbones.decisions import Decision, choose_threshold
from logire.backbones.settings import TrainingSettings
from logire.backbones.training import loop
from logire.backbones.training.batches import make_batches
from logire.backbones.training.checkpoint import load_weights
from logire.corpus.document import Document, Fact
from logire.corpus.prepared import PreparedCorpus, write_prepared
from logire.ground.errors import InputError
from logire.ground.thresholds import Threshold

from .made_up import QUICK, SCHEMA, document, small

Build = Callable[..., Backbone[Any]]


@given(
    lengths=st.lists(st.integers(1, 1000), min_size=1, max_size=200), size=st.integers(1, 9), seed=st.integers(0, 99)
)
def test_batches_hold_every_document_once(lengths: list[int], size: int, seed: int) -> None:
    batches = make_batches(lengths, size, seed)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert max(map(len, batches)) <= size
    assert batches == make_batches(lengths, size, seed)


def test_batches_hold_documents_of_similar_length() -> None:
    lengths = [int(x) for x in np.random.default_rng(0).integers(10, 1000, size=128)]
    batches = make_batches(lengths, 8, 0)
    spread = np.mean([max(lengths[i] for i in b) - min(lengths[i] for i in b) for b in batches])
    assert spread < 100
    assert [sum(lengths[i] for i in b) for b in batches] != sorted(sum(lengths[i] for i in b) for b in batches)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("constant", [1, 1, 1, 1]), ("linear", [1, 0.75, 0.5, 0.25]), ("cosine", [1, 0.853553, 0.5, 0.146447])],
)
def test_rates_after_the_warm_up(schedule: Any, expected: list[float]) -> None:
    settings = TrainingSettings(schedule=schedule, warmup=0.2)
    assert [loop.rate_factor(step, 5, settings) for step in range(1, 5)] == pytest.approx(expected, abs=1e-6)
    assert loop.rate_factor(0, 5, settings) == 0.5


def test_biases_and_embeddings_are_not_decayed(build: Build) -> None:
    model = build("bilstm", weight_decay=0.3)
    decay = {id(p): g.weight_decay for g in loop.make_optimizer(model).groups for p in g.parameters}
    assert decay[id(model.linear.weight)] == 0.3
    assert decay[id(model.linear.bias)] == decay[id(model.word_embedding.weight)] == 0.0
    assert len(decay) == len(list(model.parameters()))


def test_the_transformer_has_a_rate_of_its_own(build: Build) -> None:
    model = build("atlop", learning_rate=0.1, encoder_learning_rate=0.2)
    peak = {id(p): g.peak for g in loop.make_optimizer(model).groups for p in g.parameters}
    assert {peak[id(p)] for p in model.encoder.parameters()} == {0.2}
    assert peak[id(model.output.weight)] == 0.1
    assert len(peak) == len(list(model.parameters()))


def test_accumulated_batches_are_one_step(corpus: PreparedCorpus, tmp_path: Path) -> None:
    settings = small("lstm") | QUICK | {"epochs": 1, "accumulate": 2}
    train_backbone(corpus, "lstm", settings, tmp_path, seed=1, device="cpu", progress=False)
    # 6 documents, 2 a batch: 3 batches, the last a step of its own.
    assert (tmp_path / "history.csv").read_text().splitlines()[1].split(",")[:2] == ["1", "2"]


def test_training_stops_when_patience_is_over_and_keeps_the_best_epoch(
    corpus: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decide(f1: list[float]) -> Callable[..., Decision]:
        """Of one epoch after the other; the last is of the predictions that are written."""
        left = iter(f1)
        return lambda *_: Decision(0.0, next(left), lambda logits: logits >= 0)

    monkeypatch.setattr(Backbone, "decide", decide([0.1, 0.3, 0.2, 0.3, 0.4]))
    settings = small("lstm") | QUICK | {"epochs": 9, "patience": 2}
    train_backbone(corpus, "lstm", settings, tmp_path / "stopped", seed=1, device="cpu", progress=False)
    run = json.loads((tmp_path / "stopped" / "run.json").read_text())
    assert (run["best_epoch"], run["epochs"], run["dev_f1"]) == (2, 4, 0.4)

    monkeypatch.setattr(Backbone, "decide", decide([0.1, 0.3, 0.2, 0.4]))
    longer = settings | {"patience": 1}
    train_backbone(corpus, "lstm", longer, tmp_path / "sooner", seed=1, device="cpu", progress=False)
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("stopped", "sooner")]
    assert weights[0] == weights[1]


def test_checkpoints_of_another_run_are_not_taken_up(
    corpus: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = small("lstm") | QUICK
    train_epoch = loop.train_epoch
    seen: list[int] = []

    def stop_after_one(model: Any, optimizer: Any, documents: Any, state: Any, **rest: Any) -> float:
        seen.append(state.epoch)
        if state.epoch == 1 and len(seen) == 2:
            raise KeyboardInterrupt
        return train_epoch(model, optimizer, documents, state, **rest)

    monkeypatch.setattr(loop, "train_epoch", stop_after_one)
    how = {"device": "cpu", "progress": False, "overwrite": True}
    for changed, seed, resume in (({"dropout": 0.1}, 1, True), ({}, 2, True), ({}, 1, False)):
        seen.clear()
        with pytest.raises(KeyboardInterrupt):
            train_backbone(corpus, "lstm", settings, tmp_path, seed=1, **how)
        train_backbone(corpus, "lstm", settings | changed, tmp_path, seed=seed, resume=resume, **how)
        assert seen == [0, 1, 0, 1, 2]


DAMAGE: dict[str, Callable[[Path], None]] = {
    "a last that is missing": lambda folder: (folder / "last-2.safetensors").unlink(),
    "a last that is cut": lambda folder: damaged(folder / "last-2.safetensors", lambda content: content[:100]),
    "a byte of the last": lambda folder: damaged(folder / "last-2.safetensors", flipped),
    "a best that is missing": lambda folder: next(folder.glob("best-*")).unlink(),
    "a byte of the best": lambda folder: damaged(next(folder.glob("best-*")), flipped),
    "a state that is cut": lambda folder: damaged(folder / "state.json", lambda content: content[:40]),
    "a state of another form": lambda folder: damaged(folder / "state.json", lambda _: b"[1]"),
}


def damaged(file: Path, change: Callable[[bytes], bytes]) -> None:
    file.write_bytes(change(file.read_bytes()))


def flipped(content: bytes) -> bytes:
    return content[:-3] + bytes([content[-3] ^ 1]) + content[-2:]


def die_after(epochs: int) -> Callable[..., float]:
    train_epoch = loop.train_epoch

    def dying(model: Any, optimizer: Any, documents: Any, state: Any, **rest: Any) -> float:
        if state.epoch == epochs:
            raise KeyboardInterrupt
        return train_epoch(model, optimizer, documents, state, **rest)

    return dying


@pytest.mark.parametrize("damage", DAMAGE)
def test_training_starts_over_where_its_checkpoint_is_damaged(
    corpus: PreparedCorpus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    damage: str,
) -> None:
    settings, how = small("lstm") | QUICK, {"seed": 1, "device": "cpu", "progress": False}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train_backbone(corpus, "lstm", settings, whole, **how)
    with monkeypatch.context() as patch:
        patch.setattr(loop, "train_epoch", die_after(2))
        with pytest.raises(KeyboardInterrupt):
            train_backbone(corpus, "lstm", settings, killed, **how)
    DAMAGE[damage](killed / "checkpoints")
    train_backbone(corpus, "lstm", settings, killed, **how)
    assert "checkpoints is damaged: training starts over" in caplog.text
    names = sorted(path.name for path in whole.iterdir())
    assert sorted(path.name for path in killed.iterdir()) == names
    assert not [n for n in names if n != "run.json" and (whole / n).read_bytes() != (killed / n).read_bytes()]


def test_a_checkpoint_of_an_earlier_version_is_taken_up(
    corpus: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings, how = small("lstm") | QUICK, {"seed": 1, "device": "cpu", "progress": False}
    with monkeypatch.context() as patch:
        patch.setattr(loop, "train_epoch", die_after(2))
        with pytest.raises(KeyboardInterrupt):
            train_backbone(corpus, "lstm", settings, tmp_path, **how)
    state = tmp_path / "checkpoints" / "state.json"
    saved = json.loads(state.read_text())
    assert saved.pop("files")
    state.write_text(json.dumps(saved))
    caplog.set_level("INFO")
    train_backbone(corpus, "lstm", settings, tmp_path, **how)
    assert "going on after epoch 2" in caplog.text


STORED: dict[str, tuple[Callable[[dict[str, torch.Tensor]], object], str]] = {
    "a weight that is NaN": (lambda t: t["linear.weight"].view(-1)[:1].fill_(torch.nan), r"linear\.weight: has values"),
    "an infinite weight": (lambda t: t["linear.bias"][:1].fill_(torch.inf), r"linear\.bias: has values"),
    "a missing tensor": (lambda t: t.pop("linear.bias"), r"field linear\.bias: is missing"),
    "a tensor too many": (lambda t: t.update(more=torch.zeros(2)), "field more: is not a tensor of this model"),
    "another shape": (lambda t: t.update({"linear.bias": torch.zeros(2)}), r"linear\.bias: has the shape \[2\]"),
}


@pytest.fixture(scope="module")
def trained(corpus: PreparedCorpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained BiLSTM."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    train_backbone(corpus, "bilstm", small("bilstm") | QUICK, folder, seed=1, device="cpu", progress=False)
    return folder


@pytest.mark.parametrize("damage", STORED)
def test_weights_that_cannot_be_are_refused_by_name(trained: Path, build: Build, tmp_path: Path, damage: str) -> None:
    change, message = STORED[damage]
    tensors = load_file(trained / "model.safetensors")
    change(tensors)
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=message):
        load_weights(tmp_path / "model.safetensors", build("bilstm"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.safetensors", None, r"model\.safetensors: does not exist"),
        ("model.safetensors", b"cut", r"model\.safetensors: (is damaged|has changed)"),
        ("settings.json", None, r"settings\.json: does not exist"),
        ("settings.json", b"[]", r"settings\.json: has changed since"),
        ("vocabulary.json", b'{"words": 3}', r"vocabulary\.json: has changed since"),
        ("run.json", b'{"backbone": null}', r"run\.json, field backbone: is null"),
        ("run.json", b'{"backbone": "bilstm"}', None),
    ],
)
def test_a_file_of_a_backbone_that_is_missing_or_damaged_is_named(
    trained: Path, corpus: PreparedCorpus, tmp_path: Path, name: str, content: bytes | None, message: str | None
) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    if content is None:
        (run / name).unlink()
    else:
        (run / name).write_bytes(content)
    if message is None:  # a record of an earlier version, without digests
        load_backbone(run, corpus.schema, device="cpu")
        (run / "settings.json").write_text("[]")
        with pytest.raises(InputError, match=r"settings\.json: an object was expected"):
            load_backbone(run, corpus.schema, device="cpu")
        (run / "settings.json").write_bytes((trained / "settings.json").read_bytes())
        (run / "vocabulary.json").write_text('{"words": 3}')
        with pytest.raises(InputError, match=r"vocabulary\.json, field words: expected `array`"):
            load_backbone(run, corpus.schema, device="cpu")
        return
    with pytest.raises(InputError, match=message):
        load_backbone(run, corpus.schema, device="cpu")


def test_training_again_leaves_nothing_of_the_first_run(trained: Path, corpus: PreparedCorpus, tmp_path: Path) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    record = json.loads((run / "run.json").read_text())
    assert set(record["files"]) == {path.name for path in run.iterdir()} - {"run.json"}
    for name in ("metrics-dev.json", "explanations-test.jsonl", "notes.txt"):
        (run / name).write_text("of before")
    chosen, how = small("bilstm") | QUICK, {"device": "cpu", "progress": False}
    with pytest.raises(InputError, match="holds another finished run: seed 1, not 2"):
        train_backbone(corpus, "bilstm", chosen, run, seed=2, **how)
    train_backbone(corpus, "bilstm", chosen, run, seed=1, **how)
    assert {path.name for path in run.iterdir()} == {*record["files"], "run.json", "notes.txt"}
    assert json.loads((run / "run.json").read_text())["files"] == record["files"]


def test_the_threshold_ignores_self_pairs_but_counts_their_labels_as_missed() -> None:
    made = document("a", seed=1, entities=3, facts=0)
    facts = (Fact(0, "leads", 1), Fact(2, "leads", 2))
    made = Document("a", made.sentences, made.entities, facts)
    logits = np.full((3, 3, 3), -5.0, dtype=np.float32)
    logits[0, 1, 0], logits[2, 2, 0] = 1.0, 9.0
    assert choose_threshold({"a": logits}, [made], SCHEMA) == Threshold(1.0, pytest.approx(2 / 3))


def test_development_documents_without_a_fact_are_refused(corpus: PreparedCorpus, tmp_path: Path) -> None:
    splits = {split: list(corpus.documents(split)) for split in ("train", "dev", "test")}
    splits["dev"] = [Document(d.title, d.sentences, d.entities, ()) for d in splits["dev"]]
    write_prepared(tmp_path / "bare", splits, SCHEMA, name="bare", synthetic=True)
    with pytest.raises(InputError, match="no labelled fact"):
        train_backbone(PreparedCorpus.open(tmp_path / "bare"), "lstm", small("lstm"), tmp_path / "run", seed=1)


def test_a_device_that_is_not_there_is_named(corpus: PreparedCorpus, tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(InputError, match="field device: 'cuda' is not usable here"):
        train_backbone(corpus, "lstm", small("lstm"), tmp_path, seed=1, device="cuda")
