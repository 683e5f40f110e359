"""Cutting a corpus and its dumps: the documents of the dense dump, in its order, whatever they were cut from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from corpus_builders import SCHEMA, document, random_logits

from logire.corpus import compact
from logire.corpus.document import FloatArray
from logire.corpus.dump import read_dump, write_compact, write_dump
from logire.corpus.prepared import PreparedCorpus, write_prepared
from logire.corpus.sharding import shard_dumps
from logire.corpus.shards import SPLIT, Shards
from logire.ground.errors import InputError

TRAIN = [document(f"T{k}", 2 + k % 3, [(0, "citizen_of", 1)]) for k in range(7)]
DOCUMENTS = {"train": TRAIN, "dev": [document("V/1", 2, [(0, "citizen_of", 1)])], "test": [document("X", 3)]}
LOGITS = random_logits(DOCUMENTS, mean=-8, deviation=6)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sharding") / "corpus"
    write_prepared(folder, DOCUMENTS, SCHEMA, name="tiny", synthetic=True)
    return folder


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    write_dump(tmp_path / "logits.safetensors", LOGITS)
    return tmp_path / "logits.safetensors"


def dumped(path: Path, *titles: str, **other: FloatArray) -> Path:
    """A dump of these training documents, and of other logits under their titles."""
    write_dump(path, {"train": {title: LOGITS["train"][title] for title in titles} | other})
    return path


def same(shards: Shards, dump: Path, corpus: Path, split: str = "train") -> None:
    found = [scored for number in range(len(shards)) for scored in shards.read(number)]
    for ours, theirs in zip(found, read_dump(dump, PreparedCorpus.open(corpus), split), strict=True):
        assert ours.document == theirs.document
        np.testing.assert_array_equal(ours.logits, theirs.logits)
        np.testing.assert_array_equal(ours.labels, theirs.labels)


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_streamed_documents_are_those_of_the_dump(corpus: Path, dump: Path, tmp_path: Path, size: int) -> None:
    found = shard_dumps(corpus, [dump], tmp_path / "shards", size=size, full=True)
    assert [entry.documents for entry in found.entries] == [min(size, 7 - first) for first in range(0, 7, size)]
    same(found, dump, corpus)


def test_compact_shards_are_those_of_the_compact_dump(corpus: Path, dump: Path, tmp_path: Path) -> None:
    write_compact(tmp_path / "small", dump, floor=compact.FLOOR)
    same(shard_dumps(corpus, [dump], tmp_path / "a", size=3), tmp_path / "small", corpus)
    same(shard_dumps(corpus, [tmp_path / "small"], tmp_path / "b", size=3, full=True), tmp_path / "small", corpus)


def test_two_dumps_give_the_corpus_in_its_order(corpus: Path, dump: Path, tmp_path: Path) -> None:
    folds = [dumped(tmp_path / f"{k}.safetensors", *(f"T{d}" for d in range(k, 7, 2))) for k in range(2)]
    same(shard_dumps(corpus, folds, tmp_path / "shards", size=4, full=True), dump, corpus)


def test_another_split_is_cut_into_shards_to_learn_from(corpus: Path, dump: Path, tmp_path: Path) -> None:
    found = shard_dumps(corpus, [dump], tmp_path / "shards", size=4, split="dev", full=True)
    same(found, dump, corpus, "dev")
    assert SPLIT == "train"


def test_it_reports_each_shard(corpus: Path, dump: Path, tmp_path: Path) -> None:
    said: list[tuple[str, int, int]] = []
    shard_dumps(
        corpus, [dump], tmp_path / "s", size=3, report=lambda what, done, total: said.append((what, done, total))
    )
    assert said == [("shard", 0, 3), ("shard", 1, 3), ("shard", 2, 3)]


def test_a_document_in_no_dump_and_one_in_two(corpus: Path, tmp_path: Path) -> None:
    one = dumped(tmp_path / "one", "T0", "T1", "T3", "T4", "T5", "T6")
    with pytest.raises(InputError, match="1 of 7 documents are in no dump") as caught:
        shard_dumps(corpus, [one], tmp_path / "shards", size=3)
    assert (caught.value.file, caught.value.document) == (str(one), "T2")
    two = dumped(tmp_path / "two", "T2", "T4")
    with pytest.raises(InputError) as caught:
        shard_dumps(corpus, [one, two], tmp_path / "shards", size=3)
    assert (caught.value.file, caught.value.document) == (str(two), "T4")
    assert f"is in {one} too" in caught.value.problem
    assert not (tmp_path / "shards").exists()


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (np.full((2, 2, 2), np.inf, np.float32), "is inf"),
        (np.full((2, 2, 2), np.nan, np.float32), "is nan"),
        (np.zeros((2, 2, 3), np.float32), "logits of shape"),
        (np.zeros((2, 3, 2), np.float32), "logits of shape"),
        (np.zeros((3, 3, 2), np.float32), "logits of shape"),
    ],
)
def test_wrong_logits_are_refused_before_the_compact_form_hides_them(
    corpus: Path, tmp_path: Path, given: FloatArray, problem: str, full: bool
) -> None:
    file = dumped(tmp_path / "dump", *(f"T{d}" for d in range(7) if d != 3), T3=given)
    with pytest.raises(InputError) as caught:
        shard_dumps(corpus, [file], tmp_path / "shards", size=2, full=full)
    assert (caught.value.file, caught.value.document, caught.value.field) == (str(file), "T3", "logits")
    assert problem in caught.value.problem
    assert [path.name for path in tmp_path.iterdir()] == ["dump"]


def test_a_dump_that_is_missing_or_damaged(corpus: Path, dump: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        shard_dumps(corpus, [tmp_path / "none"], tmp_path / "shards", size=3)
    assert caught.value.file == str(tmp_path / "none")
    dump.write_bytes(dump.read_bytes()[:-20])
    with pytest.raises(InputError, match="is damaged") as caught:
        shard_dumps(corpus, [dump], tmp_path / "shards", size=3)
    assert caught.value.file == str(dump)
