"""What every backbone must do, whichever it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from logire.backbones import backbones, find, infer_logits, load_backbone, train_backbone
from logire.backbones.base import Backbone
from logire.backbones.decisions import choose_threshold
from logire.corpus.document import Document
from logire.corpus.dump import NEVER, read_dump
from logire.corpus.predictions import read_predictions
from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.ground.errors import InputError
from logire.ground.settings import settings_from, type_name

from .made_up import QUICK, SCHEMA, document

Build = Callable[..., Backbone[Any]]
Small = Callable[[str], dict[str, Any]]

every_backbone = pytest.mark.parametrize("name", [spec.name for spec in backbones()])


@every_backbone
def test_logits_have_a_cell_for_every_pair_and_relation(name: str, build: Build) -> None:
    documents = [
        document("a", seed=1, entities=5),
        document("one entity", seed=2, entities=1, facts=0),
        document("no entity", seed=3, entities=0, facts=0),
        Document("nothing at all", (), (), ()),
    ]
    logits = infer_logits(build(name), documents)
    assert [array.shape for array in logits.values()] == [(n, n, len(SCHEMA.relations)) for n in (5, 1, 0, 0)]
    assert list(logits) == [d.title for d in documents]
    for array in logits.values():
        assert np.isfinite(array).all()
        assert (array[np.eye(len(array), dtype=bool)] == NEVER).all()


@every_backbone
def test_other_documents_in_the_batch_change_nothing(name: str, build: Build) -> None:
    documents = [document(f"d{i}", seed=i, length=20 + 17 * i, entities=2 + 2 * i, facts=2) for i in range(4)]
    alone = infer_logits(build(name, batch_size=1), documents)
    together = infer_logits(build(name, batch_size=4), documents)
    for title, logits in alone.items():
        np.testing.assert_allclose(together[title], logits, atol=1e-4)


@every_backbone
def test_self_pairs_never_reach_the_loss(name: str, build: Build) -> None:
    model = build(name).eval()
    encoded = [model.encode(document("a", seed=1))]
    scores = [s.detach().requires_grad_() for s in model(encoded)]
    model.loss(scores, encoded).backward()
    gradient = scores[0].grad
    assert gradient is not None
    diagonal = torch.eye(len(gradient), dtype=torch.bool)
    assert (gradient[diagonal] == 0).all()
    assert (gradient[~diagonal] != 0).any()


@every_backbone
def test_documents_without_a_pair_can_be_trained_on(name: str, build: Build) -> None:
    model = build(name)
    documents = [document("one entity", seed=2, entities=1, facts=0), document("none", seed=3, entities=0, facts=0)]
    encoded = [model.encode(d) for d in documents]
    loss = model.loss(model(encoded), encoded)
    loss.backward()
    assert loss.item() == 0.0


@every_backbone
def test_learns_two_documents_by_heart(name: str, build: Build) -> None:
    model = build(name, **_no_dropout(name))
    documents = [document("a", seed=1), document("b", seed=2, length=50, entities=5, facts=5)]
    encoded = [model.encode(d) for d in documents]
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
    model.train()
    for _ in range(80):
        optimizer.zero_grad()
        model.loss(model(encoded), encoded).backward()
        optimizer.step()
    assert choose_threshold(infer_logits(model, documents), documents, SCHEMA).f1 == 1.0


@every_backbone
def test_a_run_can_be_read_back_and_repeated_byte_for_byte(
    name: str, corpus: PreparedCorpus, small: Small, tmp_path: Path
) -> None:
    first, second, other = (tmp_path / part for part in ("first", "second", "other"))
    settings = small(name) | QUICK
    train_backbone(corpus, name, settings, first, seed=3, device="cpu", progress=False)
    train_backbone(corpus, name, settings, second, seed=3, device="cpu", progress=False)
    train_backbone(corpus, name, settings | {"epochs": 1}, other, seed=4, device="cpu", progress=False)
    assert_same_files(first, second)
    assert (first / "model.safetensors").read_bytes() != (other / "model.safetensors").read_bytes()

    run = json.loads((first / "run.json").read_text())
    assert run["settings"] == json.loads((first / "settings.json").read_text())
    assert run["settings"] == find(name).Settings(**settings).model_dump()
    assert (run["dataset"], run["synthetic"], run["backbone"], run["seed"]) == ("made-up", True, name, 3)
    assert len((first / "history.csv").read_text().splitlines()) == 1 + run["epochs"] == 4

    model = load_backbone(first, corpus.schema, device="cpu")
    for split in SPLITS:
        fresh = infer_logits(model, corpus.documents(split))
        for item in read_dump(first / "logits.safetensors", corpus, split):
            np.testing.assert_array_equal(item.logits, fresh[item.title])
    for split in ("dev", "test"):
        documents = corpus.documents(split)
        found = {p[:4] for p in read_predictions(first / f"predictions-{split}.json", documents, corpus.schema)}
        expected = {
            (item.title, int(h), corpus.schema.relations[r], int(t))
            for item in read_dump(first / "logits.safetensors", corpus, split)
            for h, t, r in np.argwhere(item.logits >= run["threshold"])
        }
        assert found == expected


@every_backbone
def test_a_killed_run_goes_on_bit_for_bit(
    name: str, corpus: PreparedCorpus, small: Small, tmp_path: Path, dies_in_epoch: Callable[[int], list[int]]
) -> None:
    settings = small(name) | QUICK
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train_backbone(corpus, name, settings, whole, seed=5, device="cpu", progress=False)

    epochs = dies_in_epoch(3)
    with pytest.raises(KeyboardInterrupt):
        train_backbone(corpus, name, settings, killed, seed=5, device="cpu", progress=False)
    assert not (killed / "model.safetensors").exists()
    train_backbone(corpus, name, settings, killed, seed=5, device="cpu", progress=False)
    assert epochs == [0, 1, 2, 2]
    assert not (killed / "checkpoints").exists()
    assert_same_files(whole, killed)


@every_backbone
def test_a_long_document_with_many_entities_runs(name: str, build: Build) -> None:
    long = document("long", seed=1, length=3000, entities=90, facts=50)
    logits = infer_logits(build(name), [long])["long"]
    assert logits.shape == (90, 90, len(SCHEMA.relations))
    # The last words are read, too: nothing is cut.
    changed = Document(long.title, (long.sentences[0], (*long.sentences[1][:-20], *["w0"] * 20)), *_rest(long))
    assert not np.array_equal(logits, infer_logits(build(name), [changed])["long"])


@every_backbone
def test_a_loss_that_is_no_number_names_step_and_documents(
    name: str, corpus: PreparedCorpus, small: Small, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find(name).load(), "loss", lambda *_: torch.tensor(float("nan")))
    with pytest.raises(InputError, match=r"document train-\d, train-\d, .*the loss is nan at step 0"):
        train_backbone(corpus, name, small(name) | QUICK, out, seed=1, device="cpu", progress=False)


@every_backbone
def test_an_unknown_setting_is_named(name: str, corpus: PreparedCorpus, out: Path) -> None:
    with pytest.raises(InputError, match=rf"field {name}\.learning_rat: there is no such setting") as error:
        train_backbone(corpus, name, {"learning_rat": 0.1}, out, seed=1)
    assert "learning_rate" in str(error.value.remedy)
    with pytest.raises(InputError, match=rf"field {name}\.epochs: .*'many'"):
        train_backbone(corpus, name, {"epochs": "many"}, out, seed=1)
    with pytest.raises(InputError, match=rf"field {name}\.learning_rate: .*-1\.0"):
        train_backbone(corpus, name, {"learning_rate": -1.0}, out, seed=1)


@every_backbone
def test_every_setting_is_described_and_a_new_default_keeps_its_bounds(name: str) -> None:
    kind = find(name).Settings
    for key, field in kind.model_fields.items():
        assert field.description, key
        assert "``" not in field.description, f"{key}: help and params files show single backticks"
        owner = next(c for c in reversed(kind.__mro__) if key in getattr(c, "model_fields", ()))
        assert type_name(field) == type_name(owner.model_fields[key]), key
        assert settings_from(kind, {key: field.default}, where=name) == kind(), key


def assert_same_files(first: Path, second: Path) -> None:
    """Two run folders hold the same files with the same bytes; only run.json tells wall time."""
    one, other = (
        {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "run.json"}
        for folder in (first, second)
    )
    assert sorted(one) == sorted(other)
    assert not [name for name in one if one[name] != other[name]]


def _no_dropout(name: str) -> dict[str, float]:
    return {field: 0.0 for field in find(name).Settings.model_fields if "dropout" in field}


def _rest(document: Document) -> tuple[Any, Any]:
    return document.entities, document.facts
