"""Backbones train on shards as on documents in memory; a killed run goes on to the same bytes."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from shard_training_builders import SETTINGS, files, prepare, scale, train

from logire.backbones import train_backbone
from logire.backbones.training.sharded import train_on_shards
from logire.backbones.words.vocabulary import count_words
from logire.corpus.folds import Fold
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.shardcorpus import ShardCorpus
from logire.corpus.shards import Shards
from logire.ground.errors import InputError

Dies = Callable[..., list[int]]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("shards"))


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


def test_a_killed_training_goes_on_to_the_same_bytes(folder: Path, tmp_path: Path, dies_in_epoch: Dies) -> None:
    train(folder, tmp_path / "whole")
    epochs = dies_in_epoch(3, after=5)
    with pytest.raises(KeyboardInterrupt):
        train(folder, tmp_path / "killed")
    train(folder, tmp_path / "killed")
    assert epochs == [0, 1, 2, 2]
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


def test_checkpoints_on_other_shards_are_not_taken_up(folder: Path, tmp_path: Path, dies_in_epoch: Dies) -> None:
    epochs = dies_in_epoch(2)
    with pytest.raises(KeyboardInterrupt):
        train(folder, tmp_path / "run")
    train(folder, tmp_path / "run", "one")
    assert epochs == [0, 1, 0, 1, 2]


def test_what_cannot_be_is_refused(folder: Path, tmp_path: Path) -> None:
    shards = Shards.open(folder / "shards")
    with pytest.raises(InputError, match="atlop is not trained on shards"):
        train_on_shards(shards, folder / "corpus", "atlop", {}, tmp_path / "run", seed=1)
    with pytest.raises(InputError, match="5 shards can't make 6 folds"):
        train(folder, tmp_path / "run", leave_out=Fold(1, 6, 1))
    given = ["--shards", folder / "shards", "--dev", folder / "corpus", "--out", tmp_path / "run"]
    with pytest.raises(InputError, match=r"--leave-out.* is not a fold"):
        scale("train", "bilstm", *given, "--leave-out", "a/b")
