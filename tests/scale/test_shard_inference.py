"""Logits of shards: as in memory; a killed call goes on; folds and parts cover all, and models are not mixed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from shard_training_builders import SETTINGS, files, prepare, scale, train

from logire.backbones import load_backbone
from logire.backbones.training import sharded
from logire.backbones.training.inference import infer_logits
from logire.backbones.training.sharded import MADE, infer_shards
from logire.corpus import compact
from logire.corpus.folds import Fold
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.shardcorpus import ShardCorpus
from logire.corpus.shards import INDEX, Shards, cut, write_documents
from logire.ground.errors import InputError
from logire.scale.run import plan_fit


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("shards"))


@pytest.fixture(scope="module")
def folds(folder: Path) -> list[Path]:
    """The runs of two folds, of two epochs."""
    runs = []
    for number in (1, 2):
        runs.append(folder / f"fold{number}")
        train(folder, runs[-1], leave_out=Fold(number, 2, 1), settings=SETTINGS | {"epochs": 1})
    return runs


@pytest.mark.parametrize("full", [False, True])
def test_inference_is_that_in_memory(folder: Path, folds: list[Path], tmp_path: Path, full: bool) -> None:
    corpus, one = PreparedCorpus.open(folder / "corpus"), Shards.open(folder / "one")
    assert infer_shards(folds[0], one, tmp_path / "one", full=full, device="cpu") == []
    expected = infer_logits(load_backbone(folds[0], corpus.schema, device="cpu"), corpus.train)
    found = Shards.open(tmp_path / "one").read(0)
    assert [item.document for item in found] == list(corpus.train)
    for item in found:
        logits = expected[item.title]
        apart = ~np.eye(len(logits), dtype=np.bool_)
        kept = logits if full else compact.unpack(compact.pack(logits, compact.FLOOR))
        np.testing.assert_array_equal(item.logits[apart], kept[apart])
    # Other batches round otherwise.
    infer_shards(folds[0], write_documents(tmp_path / "cut", corpus.schema, cut(corpus.train, 3)), tmp_path / "two")
    parts = Shards.open(tmp_path / "two")
    for number in range(len(parts)):
        for item in parts.read(number):
            high = expected[item.title] > compact.FLOOR
            np.testing.assert_allclose(item.logits[high], expected[item.title][high], rtol=2e-3, atol=1e-4)


def test_folds_give_each_shard_the_logits_of_the_run_that_has_not_seen_it(
    folder: Path, folds: list[Path], tmp_path: Path
) -> None:
    shards = Shards.open(folder / "shards")
    corpus = PreparedCorpus.open(folder / "corpus")
    seen = [ShardCorpus.of(shards, corpus, Fold(k, 2, 1)).train.numbers for k in (1, 2)]
    assert seen == [[1, 3], [0, 2, 4]]
    out = tmp_path / "out"
    assert infer_shards(folds[0], shards, out, full=True, device="cpu") == [1, 3]
    with pytest.raises(InputError, match=r"shards\.json: does not exist"):
        Shards.open(out)
    assert infer_shards(folds[1], shards, out, full=True, device="cpu") == []
    made = Shards.open(out)
    made.need_logits()
    assert [entry.texts for entry in made.entries] == [entry.texts for entry in shards.entries]
    models = [load_backbone(run, corpus.schema, device="cpu") for run in folds]
    for number in range(len(shards)):
        expected = infer_logits(models[number % 2], shards.texts(number))
        for item in made.read(number):
            apart = ~np.eye(len(item.logits), dtype=np.bool_)
            np.testing.assert_array_equal(item.logits[apart], expected[item.title][apart])
    before = files(out)
    for run in reversed(folds):
        assert infer_shards(run, shards, out, full=True, device="cpu") == []
    assert files(out) == before


def count_inferred(monkeypatch: pytest.MonkeyPatch, stop_at: int = -1) -> list[int]:
    """The numbers of the shards that are inferred from now on; at shard ``stop_at`` the process is killed once."""
    infer: Callable[..., None] = sharded._infer
    numbers: list[int] = []

    def counted(model: Any, maker: Any, shards: Any, number: int, *rest: Any, **more: Any) -> None:
        numbers.append(number)
        if number == stop_at and numbers.count(stop_at) == 1:
            raise KeyboardInterrupt
        infer(model, maker, shards, number, *rest, **more)

    monkeypatch.setattr(sharded, "_infer", counted)
    return numbers


def test_a_killed_inference_repeats_what_is_missing(
    folder: Path, folds: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards, out = Shards.open(folder / "one"), tmp_path / "out"
    many = write_documents(tmp_path / "many", shards.schema, cut(shards.texts(0), 4))
    infer_shards(folds[0], many, tmp_path / "whole", device="cpu")
    numbers = count_inferred(monkeypatch, stop_at=3)
    with pytest.raises(KeyboardInterrupt):
        infer_shards(folds[0], many, out, device="cpu")
    (out / "00001.safetensors").write_bytes(b"damaged")
    assert not (out / INDEX).exists()
    assert infer_shards(folds[0], many, out, device="cpu") == []
    assert numbers == [0, 1, 2, 3, 1, 3, 4, 5]
    assert files(out) == files(tmp_path / "whole")


def test_parts_fill_one_folder(
    folder: Path, folds: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers, out = count_inferred(monkeypatch), tmp_path / "out"
    given = ["infer", folds[0], "--shards", folder / "shards", "--out", out, "--device", "cpu"]
    scale(*given, "--part", "2/2")
    assert numbers == [2]
    scale(*given, "--part", "1/2")
    assert numbers == [2, 0, 4]
    scale("infer", folds[1], *given[2:])
    assert numbers == [2, 0, 4, 1, 3]
    assert sorted(file.stem for file in (out / MADE).iterdir()) == [f"{k:05d}" for k in range(5)]
    assert len(Shards.open(out)) == 5


def test_logits_of_another_model_are_not_mixed_in(
    folder: Path, folds: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards, out = Shards.open(folder / "shards"), tmp_path / "out"
    for run in folds:
        infer_shards(run, shards, out, device="cpu")
    other = tmp_path / "other"
    train(folder, other, settings=SETTINGS | {"epochs": 1}, leave_out=Fold(1, 2, 1), seed=9)
    numbers = count_inferred(monkeypatch)
    assert infer_shards(other, shards, out, device="cpu") == [1, 3]  # those of another seed do not count
    assert numbers == [0, 2, 4]
    assert not (out / INDEX).exists()


def test_a_fold_that_is_half_made_anew_is_not_whole(folder: Path, folds: list[Path], tmp_path: Path) -> None:
    shards, out = Shards.open(folder / "shards"), tmp_path / "out"
    for run in folds:
        infer_shards(run, shards, out, device="cpu")
    record = out / MADE / "00002.json"
    made = json.loads(record.read_text())
    made["maker"]["model"] = "0" * 64
    record.write_text(json.dumps(made))
    assert infer_shards(folds[1], shards, out, device="cpu") == [0, 2, 4]
    assert infer_shards(folds[0], shards, out, device="cpu") == []


def test_the_three_commands_lead_to_a_fit(folder: Path, tmp_path: Path) -> None:
    corpus, settings = folder / "corpus", json.dumps(SETTINGS | {"epochs": 1})
    same = ["--shards", folder / "shards", "--dev", corpus, "--settings", settings, "--device", "cpu"]
    for number in (1, 2):
        scale("train", "bilstm", *same, "--out", tmp_path / f"fold{number}", "--leave-out", f"{number}/2")
        scale("infer", tmp_path / f"fold{number}", "--shards", folder / "shards", "--out", tmp_path / "scored")
    scale("train", "bilstm", *same, "--out", tmp_path / "full")
    dump = tmp_path / "full" / "logits.safetensors"
    given = ["--dev", corpus, "--logits", dump, "--out", tmp_path / "run"]
    with pytest.raises(InputError, match="has no logits"):
        scale("fit", folder / "shards", *given)
    plan = plan_fit(Shards.open(tmp_path / "scored"), corpus, dump, tmp_path / "run", settings={}, sampling={}, seed=1)
    assert len(plan.dev()) == 6
    scale("count", tmp_path / "scored", *given)
    assert len(list(plan.work.folder.glob("counts-*"))) == 5


def test_logits_of_documents_seen_in_training_come_with_a_warning(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    train(folder, tmp_path / "run", settings=SETTINGS | {"epochs": 1})
    infer_shards(tmp_path / "run", Shards.open(folder / "shards"), tmp_path / "out", device="cpu")
    assert "the backbone was trained on these shards" in caplog.text


def test_a_folder_or_a_part_that_cannot_be_is_refused(folder: Path, folds: list[Path], tmp_path: Path) -> None:
    shards = Shards.open(folder / "shards")
    with pytest.raises(InputError, match="holds the shards that are read"):
        infer_shards(folds[0], shards, folder / "shards")
    with pytest.raises(InputError, match=r"--part.* is not a part"):
        scale("infer", folds[0], "--shards", folder / "shards", "--out", tmp_path / "x", "--part", "3/2")
