"""Backbones on shards: as with the documents in memory; a killed run and a killed inference go on; folds cover all."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from logire.backbones import load_backbone, train_backbone
from logire.backbones.training import loop, sharded
from logire.backbones.training.batches import InMemory, PartByPart
from logire.backbones.training.inference import infer_logits
from logire.backbones.training.sharded import MADE, infer_shards, train_on_shards
from logire.backbones.words.vocabulary import count_words
from logire.cli.app import app
from logire.corpus import compact
from logire.corpus.folds import Fold
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.shardcorpus import ShardCorpus
from logire.corpus.shards import INDEX, Shards, cut, write_documents
from logire.corpus.sources.embedded import prepare_embedded
from logire.ground.errors import InputError
from logire.scale.run import plan_fit

SETTINGS: dict[str, Any] = {"word_dim": 8, "hidden": 8, "epochs": 3, "batch_size": 2, "word_dropout": 0.1}
COUNT, SIZE = 22, 5


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared corpus, its training documents as five shards without logits, and as one."""
    folder = tmp_path_factory.mktemp("shards")
    prepare_embedded(folder / "corpus", documents=(COUNT, 6, 6))
    corpus = PreparedCorpus.open(folder / "corpus")
    write_documents(folder / "shards", corpus.schema, cut(corpus.train, SIZE))
    write_documents(folder / "one", corpus.schema, [corpus.train])
    return folder


@pytest.fixture(scope="module")
def folds(folder: Path) -> list[Path]:
    """The runs of two folds, of two epochs."""
    runs = []
    for number in (1, 2):
        runs.append(folder / f"fold{number}")
        train(folder, runs[-1], leave_out=Fold(number, 2, 1), settings=SETTINGS | {"epochs": 1})
    return runs


def train(folder: Path, out: Path, shards: str = "shards", settings: dict[str, Any] = SETTINGS, **how: Any) -> None:
    given = {"seed": 3, "device": "cpu", "progress": False} | how
    train_on_shards(Shards.open(folder / shards), folder / "corpus", "bilstm", settings, out, **given)


def files(run: Path) -> dict[str, bytes]:
    """The bytes of every file below a folder but for the record."""
    found = (file for file in run.rglob("*") if file.is_file() and file.name != "run.json")
    return {file.relative_to(run).as_posix(): file.read_bytes() for file in found}


def scale(*words: object) -> None:
    app(["scale", *map(str, words)], standalone_mode=False)


class Lengths:
    """Instead of a model: what it makes of a document is the document."""

    def encode(self, document: Any) -> Any:
        return document


class Sized:
    def __init__(self, title: int, length: int) -> None:
        self.title, self.length = title, length


class Lists:
    """Documents in lists; counts how many parts are read."""

    def __init__(self, parts: list[list[Sized]]) -> None:
        self.parts = parts
        self.read_parts: list[int] = []

    @property
    def sizes(self) -> list[int]:
        return [len(part) for part in self.parts]

    def read(self, number: int) -> list[Sized]:
        self.read_parts.append(number)
        return self.parts[number]


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=6), batch=st.integers(1, 4), epoch=st.integers(0, 3))
def test_an_epoch_gives_each_document_once_and_reads_each_part_once(sizes: list[int], batch: int, epoch: int) -> None:
    parts, count = [], 0
    for size in sizes:
        parts.append([Sized(k, 1 + k * 7 % 5) for k in range(count, count + size)])
        count += size
    lists = Lists(parts)
    source = PartByPart(Lengths(), lists)  # type: ignore[arg-type]
    found = [[d.title for d in one] for one in source.epoch(epoch, batch, 1)]
    assert sorted(title for one in found for title in one) == list(range(count)) == list(range(len(source)))
    assert len(found) == source.batches(batch)
    assert sorted(lists.read_parts) == list(range(len(sizes)))
    again = [[d.title for d in one] for one in source.epoch(epoch, batch, 1)]
    assert again == found
    # One part after the other: no batch has documents of two.
    part_of = {d.title: k for k, part in enumerate(parts) for d in part}
    assert all(len({part_of[title] for title in one}) == 1 for one in found)
    if len(parts) == 1:
        memory = InMemory(Lengths(), parts[0])  # type: ignore[arg-type]
        assert [[d.title for d in one] for one in memory.epoch(epoch, batch, 1)] == found
        assert memory.batches(batch) == source.batches(batch)


def test_epochs_have_orders_of_their_own() -> None:
    lists = Lists([[Sized(k, 1)] for k in range(40)])
    source = PartByPart(Lengths(), lists)  # type: ignore[arg-type]
    orders = [tuple(one[0].title for one in source.epoch(n, 1, seed)) for n, seed in ((0, 1), (1, 1), (0, 2))]
    assert len(set(orders)) == 3


@pytest.mark.parametrize("settings", [{"lowercase": True, "min_count": 2}, {"lowercase": False, "min_count": 1}])
def test_the_vocabulary_is_that_of_the_documents_in_memory(folder: Path, settings: dict[str, Any]) -> None:
    corpus = PreparedCorpus.open(folder / "corpus")
    shards = ShardCorpus.of(Shards.open(folder / "shards"), corpus)
    assert count_words(shards.train, **settings) == count_words(corpus.train, **settings)
    assert list(shards.train) == list(corpus.train)
    assert list(shards.texts) == [*corpus.train, *corpus.dev, *corpus.test]


def test_one_shard_trains_as_the_documents_in_memory(folder: Path, tmp_path: Path) -> None:
    train(folder, tmp_path / "shard", "one")
    corpus = PreparedCorpus.open(folder / "corpus")
    train_backbone(corpus, "bilstm", SETTINGS, tmp_path / "whole", seed=3, device="cpu", progress=False)
    ours, theirs = files(tmp_path / "shard"), files(tmp_path / "whole")
    assert ours.keys() == theirs.keys()
    different = [name for name in ours if ours[name] != theirs[name]]
    assert different == ["logits.safetensors"]  # of dev and test alone: training logits go to shards
    record, other = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("shard", "whole"))
    assert (record["dev_f1"], record["threshold"]) == (other["dev_f1"], other["threshold"])
    assert record["shards_digest"] == Shards.open(folder / "one").digest
    assert record["data_digest"] == other["data_digest"]
    assert record["params_digest"] != other["params_digest"]


def test_several_shards_take_the_steps_of_their_batches(folder: Path, tmp_path: Path) -> None:
    train(folder, tmp_path / "run")
    with (tmp_path / "run" / "history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    steps = 4 * 3 + 1  # of 5, 5, 5, 5 and 2 documents, two a batch
    assert [int(float(row["step"])) for row in rows] == [steps, 2 * steps, 3 * steps]
    assert json.loads((tmp_path / "run" / "vocabulary.json").read_text())["words"]


def test_a_killed_training_goes_on_to_the_same_bytes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(folder, tmp_path / "whole")
    train_epoch, epochs = loop.train_epoch, []

    def die_in_the_third(model: Any, optimizer: Any, documents: Any, state: Any, **rest: Any) -> float:
        epochs.append(state.epoch)
        if len(epochs) == 3:
            for place, _ in enumerate(documents.epoch(state.epoch, 2, 3)):
                if place == 5:
                    raise KeyboardInterrupt
        return train_epoch(model, optimizer, documents, state, **rest)

    monkeypatch.setattr(loop, "train_epoch", die_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        train(folder, tmp_path / "killed")
    train(folder, tmp_path / "killed")
    assert epochs == [0, 1, 2, 2]
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


def test_checkpoints_on_other_shards_are_not_taken_up(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_epoch, epochs = loop.train_epoch, []

    def die_in_the_second(model: Any, optimizer: Any, documents: Any, state: Any, **rest: Any) -> float:
        epochs.append(state.epoch)
        if len(epochs) == 2:
            raise KeyboardInterrupt
        return train_epoch(model, optimizer, documents, state, **rest)

    monkeypatch.setattr(loop, "train_epoch", die_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        train(folder, tmp_path / "run")
    train(folder, tmp_path / "run", "one")
    assert epochs == [0, 1, 0, 1, 2]


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


def test_what_cannot_be_is_refused(folder: Path, folds: list[Path], tmp_path: Path) -> None:
    shards = Shards.open(folder / "shards")
    with pytest.raises(InputError, match="atlop is not trained on shards"):
        train_on_shards(shards, folder / "corpus", "atlop", {}, tmp_path / "run", seed=1)
    with pytest.raises(InputError, match="5 shards can't make 6 folds"):
        train(folder, tmp_path / "run", leave_out=Fold(1, 6, 1))
    given = ["--shards", folder / "shards", "--dev", folder / "corpus", "--out", tmp_path / "run"]
    with pytest.raises(InputError, match=r"--leave-out.* is not a fold"):
        scale("train", "bilstm", *given, "--leave-out", "a/b")
    with pytest.raises(InputError, match="holds the shards that are read"):
        infer_shards(folds[0], shards, folder / "shards")
    with pytest.raises(InputError, match=r"--part.* is not a part"):
        scale("infer", folds[0], "--shards", folder / "shards", "--out", tmp_path / "x", "--part", "3/2")


def test_logits_of_documents_seen_in_training_come_with_a_warning(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    train(folder, tmp_path / "run", settings=SETTINGS | {"epochs": 1})
    infer_shards(tmp_path / "run", Shards.open(folder / "shards"), tmp_path / "out", device="cpu")
    assert "the backbone was trained on these shards" in caplog.text
