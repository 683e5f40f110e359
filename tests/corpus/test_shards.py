"""Shards: what is written is read again; every defect is named; nothing half-written stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus_builders import SCHEMA, document, random_logits
from hypothesis import given
from hypothesis import strategies as st

from logire.corpus import compact
from logire.corpus.document import Document, FloatArray, Schema
from logire.corpus.dump import NEVER, ScoredDocument, write_dump
from logire.corpus.shards import INDEX, SPLIT, Shards, cut, write_shards
from logire.ground.digests import file_digest
from logire.ground.errors import InputError

DOCUMENTS = [
    document("A", 3, [(0, "citizen_of", 1)]),
    document("B/1", 2, [(1, "in0", 0)]),
    document("C", 1),
    document("D", 4, [(2, "in0", 1), (0, "citizen_of", 3)]),
    document("Ä", 2),
]
LOGITS = random_logits({"train": DOCUMENTS}, mean=-8, deviation=6)["train"]
PAIRS = [(d, LOGITS[d.title]) for d in DOCUMENTS]

Pair = tuple[Document, FloatArray]


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """A, B/1 in shard 00000; C, D in 00001; Ä in 00002."""
    write_shards(tmp_path / "shards", SCHEMA, cut(PAIRS, 2))
    return tmp_path / "shards"


def everything(shards: Shards) -> list[ScoredDocument]:
    return [found for number in range(len(shards)) for found in shards.read(number)]


def index(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    return found


def write_index(folder: Path, entries: Any) -> None:
    (folder / INDEX).write_text(json.dumps(entries), encoding="utf-8")


def accept(folder: Path, number: int) -> None:
    """Let the index name the files of a shard as they are now."""
    entries = index(folder)
    name = entries[number]["name"]
    entries[number]["texts"] = file_digest(folder / f"{name}.json")
    entries[number]["logits"] = file_digest(folder / f"{name}.safetensors")
    write_index(folder, entries)


def problem_of(folder: Path, number: int) -> InputError:
    with pytest.raises(InputError) as caught:
        Shards.open(folder).read(number)
    return caught.value


def test_full_shards_give_back_every_logit(tmp_path: Path) -> None:
    found = write_shards(tmp_path / "shards", SCHEMA, cut(PAIRS, 2), floor=None)
    assert (len(found), found.schema, [entry.documents for entry in found.entries]) == (3, SCHEMA, [2, 2, 1])
    for (ours, logits), theirs in zip(PAIRS, everything(found), strict=True):
        assert theirs.document == ours
        apart = ~np.eye(len(logits), dtype=np.bool_)
        np.testing.assert_array_equal(theirs.logits[apart], logits[apart])
        assert (theirs.logits[~apart] == NEVER).all()
        np.testing.assert_array_equal(theirs.labels, SCHEMA.labels(ours))
        np.testing.assert_array_equal(theirs.types, SCHEMA.entity_types(ours))
        assert not theirs.in_train.any()


def test_compact_shards_give_back_what_the_compact_form_keeps(shards: Path) -> None:
    for (ours, logits), theirs in zip(PAIRS, everything(Shards.open(shards)), strict=True):
        assert theirs.document == ours
        apart = ~np.eye(len(logits), dtype=np.bool_)
        kept = compact.unpack(compact.pack(logits, compact.FLOOR))
        np.testing.assert_array_equal(theirs.logits[apart], kept[apart])
        high = (logits > compact.FLOOR) & apart[:, :, None]
        np.testing.assert_array_equal(theirs.logits[high], logits[high].astype(np.float16).astype(np.float32))


def test_the_folder_is_as_the_module_says(shards: Path) -> None:
    names = [f"0000{k}.{kind}" for k in range(3) for kind in ("json", "safetensors")]
    assert sorted(file.name for file in shards.iterdir()) == sorted([*names, "ner2id.json", "rel2id.json", INDEX])
    for entry in index(shards):
        assert entry["texts"] == file_digest(shards / f"{entry['name']}.json")
        assert entry["logits"] == file_digest(shards / f"{entry['name']}.safetensors")


def test_the_same_documents_give_the_same_bytes(shards: Path, tmp_path: Path) -> None:
    write_shards(tmp_path / "again", SCHEMA, cut(PAIRS, 2))
    for file in shards.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


@given(st.integers(0, 12), st.integers(1, 5))
def test_a_cut_keeps_all_in_order_and_every_part_but_the_last_is_full(count: int, size: int) -> None:
    pairs = [(document(str(k), 1), np.zeros((1, 1, 2), np.float32)) for k in range(count)]
    parts = list(cut(iter(pairs), size))
    assert [d.title for part in parts for d, _ in part] == [d.title for d, _ in pairs]
    assert all(len(part) == size for part in parts[:-1])
    assert all(1 <= len(part) <= size for part in parts)


def test_one_shard_is_asked_for_at_a_time(tmp_path: Path) -> None:
    """The second shard is made only after the first one's files are there."""

    def made() -> Iterator[list[Pair]]:
        yield PAIRS[:2]
        [hidden] = tmp_path.glob(".shards.*.part")
        assert {file.name for file in hidden.iterdir()} == {"00000.json", "00000.safetensors"}
        yield PAIRS[2:]

    assert len(write_shards(tmp_path / "shards", SCHEMA, made())) == 2


def test_nothing_stays_of_shards_that_could_not_be_made(tmp_path: Path) -> None:
    def broken() -> Iterator[list[Pair]]:
        yield PAIRS[:2]
        raise OSError("the source is gone")

    with pytest.raises(OSError, match="the source is gone"):
        write_shards(tmp_path / "shards", SCHEMA, broken())
    assert list(tmp_path.iterdir()) == []


def test_former_shards_stay_whole_where_new_ones_fail_and_go_where_they_do_not(shards: Path) -> None:
    before = {file.name: file.read_bytes() for file in shards.iterdir()}
    with pytest.raises(InputError, match="holds no document"):
        write_shards(shards, SCHEMA, [PAIRS[2:4], []])
    assert before == {file.name: file.read_bytes() for file in shards.iterdir()}
    (shards / "notes.txt").write_text("kept", encoding="utf-8")
    write_shards(shards, SCHEMA, cut(PAIRS, 3))
    assert [d.title for d in everything(Shards.open(shards))] == [d.title for d in DOCUMENTS]
    left = {"00000.json", "00000.safetensors", "00001.json", "00001.safetensors"}
    assert {file.name for file in shards.iterdir()} == left | {"rel2id.json", "ner2id.json", INDEX, "notes.txt"}


def test_no_shard_and_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no document to write"):
        write_shards(tmp_path / "shards", SCHEMA, [])
    with pytest.raises(InputError, match="shard 00001 holds no document"):
        write_shards(tmp_path / "shards", SCHEMA, [PAIRS[:1], []])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("parts", [[PAIRS[:2], PAIRS[1:]], [[*PAIRS[:2], PAIRS[1]]]])
def test_a_title_in_two_places_is_refused_where_it_is_written(tmp_path: Path, parts: list[list[Pair]]) -> None:
    with pytest.raises(InputError, match=f"in shard 00000 and in shard 0000{len(parts) - 1}") as caught:
        write_shards(tmp_path / "shards", SCHEMA, parts)
    assert (caught.value.document, caught.value.field) == ("B/1", "title")
    assert list(tmp_path.iterdir()) == []


def test_a_title_in_two_shards_is_refused_where_it_is_read(shards: Path) -> None:
    texts = json.loads((shards / "00001.json").read_text(encoding="utf-8"))
    texts[0]["title"] = "B/1"
    (shards / "00001.json").write_text(json.dumps(texts), encoding="utf-8")
    write_dump(shards / "00001.safetensors", {SPLIT: {"B/1": LOGITS["C"], "D": LOGITS["D"]}})
    accept(shards, 1)
    found = Shards.open(shards)
    for _ in range(2):
        assert len(found.read(0)) == 2, "the same shard may be read again"
    with pytest.raises(InputError, match="is in shard 00000 too") as caught:
        found.read(1)
    assert (caught.value.file, caught.value.document) == (str(shards / "00001.json"), "B/1")


@pytest.mark.parametrize("kind", ["json", "safetensors"])
def test_a_file_of_a_shard_that_is_missing_truncated_or_another_shards(shards: Path, kind: str) -> None:
    file, other = (shards / f"0000{k}.{kind}" for k in (1, 0))
    whole = file.read_bytes()
    for content in (whole[:-1], whole[:40], b"", other.read_bytes()):
        file.write_bytes(content)
        error = problem_of(shards, 1)
        assert (error.file, error.remedy) == (
            str(file),
            "make the folder with `logire scale split`, `documents` or `infer`",
        )
        assert f"is not the file that {INDEX} names" in error.problem
        assert len(Shards.open(shards).read(0)) == 2, "the others can be read"
    file.unlink()
    error = problem_of(shards, 1)
    assert (error.file, error.problem) == (str(file), "does not exist")


def test_a_shard_of_other_relations_or_types(shards: Path) -> None:
    (shards / "rel2id.json").write_text(json.dumps({"Na": 0, "citizen_of": 1}), encoding="utf-8")
    error = problem_of(shards, 0)
    assert (error.file, error.document) == (str(shards / "00000.json"), "B/1")
    assert error.field == "labels[0].r"
    assert "unknown relation 'in0'" in error.problem
    relations = {"Na": 0, "citizen_of": 1, "in0": 2, "vs": 3}
    (shards / "rel2id.json").write_text(json.dumps(relations), encoding="utf-8")
    error = problem_of(shards, 0)
    assert (error.file, error.document) == (str(shards / "00000.safetensors"), "A")
    assert "logits of shape (3, 3, 2)" in error.problem
    (shards / "rel2id.json").write_text(json.dumps({"Na": 0, "citizen_of": 1, "in0": 2}), encoding="utf-8")
    (shards / "ner2id.json").write_text(json.dumps({"type::person": 0}), encoding="utf-8")
    error = problem_of(shards, 0)
    assert (error.document, error.field) == ("A", "vertexSet[1][0].type")


def test_logits_of_other_documents(shards: Path) -> None:
    write_dump(shards / "00000.safetensors", {SPLIT: {"A": LOGITS["A"]}})
    accept(shards, 0)
    error = problem_of(shards, 0)
    assert (error.file, error.document) == (str(shards / "00000.safetensors"), "B/1")


def test_another_number_of_documents_than_the_index_says(shards: Path) -> None:
    entries = index(shards)
    entries[1]["documents"] = 3
    write_index(shards, entries)
    error = problem_of(shards, 1)
    assert error.field == "documents"
    assert "holds 2 documents, shards.json says 3" in error.problem


def test_a_shard_listed_twice(shards: Path) -> None:
    entries = index(shards)
    for again, field in ((entries[0], "name"), (entries[0] | {"name": "00007"}, "texts")):
        write_index(shards, [*entries, again])
        with pytest.raises(InputError, match="has the very documents of shard 00000") as caught:
            Shards.open(shards)
        assert (caught.value.file, caught.value.field) == (str(shards / INDEX), field)


@pytest.mark.parametrize(
    ("change", "field", "problem"),
    [
        ({"documents": 0}, "[1].documents", "expected `int` >= 1"),
        ({"documents": "2"}, "[1].documents", "expected `int`"),
        ({"name": "../0000"}, "[1].name", "matching regex"),
        ({"more": 1}, "[1]", "unknown field"),
        ({"logits": 3}, "[1].logits", "expected `str | null`"),
    ],
)
def test_a_damaged_index_names_its_field(shards: Path, change: dict[str, Any], field: str, problem: str) -> None:
    entries = index(shards)
    entries[1] |= change
    write_index(shards, entries)
    with pytest.raises(InputError) as caught:
        Shards.open(shards)
    assert (caught.value.file, caught.value.field) == (str(shards / INDEX), field)
    assert problem in caught.value.problem


def test_no_index_a_broken_one_and_an_empty_one(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        Shards.open(tmp_path / "none")
    assert caught.value.file == str(tmp_path / "none" / INDEX)
    (shards / INDEX).write_bytes((shards / INDEX).read_bytes()[:-9])
    with pytest.raises(InputError, match="broken JSON"):
        Shards.open(shards)
    write_index(shards, [])
    with pytest.raises(InputError, match="names no shard"):
        Shards.open(shards)


def test_relations_keep_their_order(tmp_path: Path) -> None:
    turned = Schema(SCHEMA.relations[::-1], SCHEMA.types[::-1])
    assert write_shards(tmp_path / "shards", turned, cut(PAIRS, 2)).schema == turned
