"""Raw annotations that can't be used: the message names file, document and field, and nothing is written."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from corpus_builders import annotation, write_lines

from logire.corpus import annotations
from logire.corpus.sources.dwie import SOURCE, Options
from logire.ground.errors import InputError

Record = dict[str, Any]


def good(title: str = "A") -> Record:
    return annotation(
        title, "<1:Ann> of <2:Ulm>.", {1: ["type::person"], 2: ["type::location"]}, [(1, "citizen_of", 2)]
    )


def change(record: Record, *path: str | int, value: Any) -> Record:
    """Set one field deep inside a record."""
    place: Any = record
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return record


def prepare(folder: Path, raw: Path) -> None:
    """Prepare a corpus of the documents A, B and C; nothing must be left behind where that fails."""
    split = folder / "split.json"
    split.write_text(json.dumps({"train": ["A"], "dev": ["B"], "test": ["C"]}), encoding="utf-8")
    before = {path for path in folder.rglob("*") if path != split}
    try:
        SOURCE.prepare(raw, folder / "out", Options(split=str(split)))
    except InputError:
        assert {path for path in folder.rglob("*") if path != split} == before
        raise


def test_a_good_corpus_is_prepared(tmp_path: Path) -> None:
    prepare(tmp_path, write_lines(tmp_path / "raw.jsonl", good("A"), good("B"), good("C")))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "corpus.json",
        "dev.json",
        "ner2id.json",
        "rel2id.json",
        "statistics.json",
        "test.json",
        "train.json",
    ]


@pytest.mark.parametrize(
    ("path", "value", "field", "problem"),
    [
        (("mentions", 1, "end"), 99, "mentions[1].begin", "[7, 99) lies outside its text of 11 characters"),
        (("mentions", 1, "begin"), -1, "mentions[1].begin", "lies outside its text"),
        (("mentions", 1, "end"), 7, "mentions[1].begin", "lies outside its text"),
        (("mentions", 1, "end"), "10", "mentions[1].end", "expected `int`, got `str`"),
        (("mentions", 1), {"begin": 3, "end": 4, "concept": 2}, "mentions[1].begin", "no token overlaps [3, 4)"),
        (("mentions", 1, "text"), "Bonn", "mentions[1].text", "the text at [7, 10) is not the mention's"),
        (("mentions", 0, "concept"), 8, "mentions[0].concept", "concept 8 does not exist"),
        (("relations", 0, "o"), 8, "relations[0].o", "relation to concept 8, which does not exist"),
        (("relations", 0, "s"), 9, "relations[0].s", "relation to concept 9, which does not exist"),
        (("relations", 0, "p"), "eats", "relations[0].p", "unknown relation 'eats'"),
        (("concepts", 1, "concept"), 1, "concepts", "a concept number occurs twice"),
        (("concepts", 1, "concept"), None, "concepts[1].concept", "expected `int`, got `null`"),
        (("concepts", 1, "tags"), 3, "concepts[1].tags", "expected `array`, got `int`"),
        (("mentions",), [], "mentions", "no concept of this document has a mention"),
        (("mentions",), None, "mentions", "expected `array`, got `null`"),
        (("mentions", 1, "begin"), True, "mentions[1].begin", "expected `int`, got `bool`"),
        (("content",), "x" * 1_000_001, "content", "1,000,001 characters, at most 1,000,000 fit"),
        (("content",), None, "content", "expected `str`, got `null`"),
        (("relations",), {}, "relations", "expected `array`, got `object`"),
        (("relations", 0), "x", "relations[0]", "expected `object`, got `str`"),
    ],
)
def test_a_bad_field_is_named(
    tmp_path: Path, path: tuple[str | int, ...], value: Any, field: str, problem: str
) -> None:
    raw = write_lines(tmp_path / "raw.jsonl", good("A"), change(good("B"), *path, value=value), good("C"))
    with pytest.raises(InputError) as caught:
        prepare(tmp_path, raw)
    error = caught.value
    assert (error.file, error.document, error.field) == (f"{raw}:2", "B", field)
    assert problem in str(error)


def test_what_fits_exactly_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each text has 11 characters and 2 entities."""
    raw = write_lines(tmp_path / "raw.jsonl", good("A"), good("B"), good("C"))
    monkeypatch.setattr(annotations, "MOST_CHARACTERS", 11)
    monkeypatch.setattr(annotations, "MOST_ENTITIES", 2)
    prepare(tmp_path, raw)
    monkeypatch.setattr(annotations, "MOST_ENTITIES", 1)
    with pytest.raises(InputError, match="field concepts: 2 entities, at most 1 fit"):
        prepare(tmp_path, raw)


def duplicate(folder: Path) -> Path:
    return write_lines(folder / "raw.jsonl", good("A"), good("B"), good("A"))


def without_id(folder: Path) -> Path:
    return write_lines(folder / "raw.jsonl", good("A"), {"content": ""})


def missing(folder: Path) -> Path:
    return write_lines(folder / "raw.jsonl", good("A"), good("C"))


def nothing_there(folder: Path) -> Path:
    return folder / "nowhere.jsonl"


def empty_file(folder: Path) -> Path:
    return write_lines(folder / "raw.jsonl")


def empty_folder(folder: Path) -> Path:
    (folder / "raw").mkdir()
    return folder / "raw"


def broken_line(folder: Path) -> Path:
    raw = write_lines(folder / "raw.jsonl", good("A"))
    raw.write_text(raw.read_text(encoding="utf-8") + '{"id": "B", \n', encoding="utf-8")
    return raw


def broken_file(folder: Path) -> Path:
    raw = empty_folder(folder)
    (raw / "A.json").write_text(json.dumps(good("A")), encoding="utf-8")
    (raw / "B.json").write_bytes(b'{"id": "\xff"}')
    return raw


def a_list(folder: Path) -> Path:
    return write_lines(folder / "raw.jsonl", [good("A")])


def truncated(folder: Path) -> Path:
    raw = folder / "raw.jsonl.gz"
    lines = write_lines(folder / "raw.jsonl", *(good(title) for title in "ABC")).read_bytes()
    raw.write_bytes(gzip.compress(lines)[:-20])
    return raw


def flipped(folder: Path) -> Path:
    raw = truncated(folder)
    data = bytearray(gzip.compress((folder / "raw.jsonl").read_bytes()))
    data[40:60] = bytes(20)
    raw.write_bytes(data)
    return raw


def not_gzip(folder: Path) -> Path:
    raw = folder / "raw.jsonl.gz"
    raw.write_text("{}", encoding="utf-8")
    return raw


@pytest.mark.parametrize(
    ("make", "where", "problem"),
    [
        (duplicate, "raw.jsonl:3, document A, field id", "this document occurs twice"),
        (without_id, "raw.jsonl:2, field id", "is missing"),
        (missing, "raw.jsonl", "1 documents of the split are not there, among them B"),
        (nothing_there, "nowhere.jsonl", "does not exist"),
        (empty_file, "raw.jsonl", "is empty"),
        (empty_folder, "raw", "holds no *.json annotation file"),
        (broken_line, "raw.jsonl:2", "broken JSON"),
        (broken_file, "raw/B.json", "broken JSON"),
        (a_list, "raw.jsonl:1", "expected `object`, got `array`"),
        (truncated, "raw.jsonl.gz", "is not a whole gzip file"),
        (flipped, "raw.jsonl.gz", "is not a whole gzip file"),
        (not_gzip, "raw.jsonl.gz", "is not a whole gzip file"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, make: Callable[[Path], Path], where: str, problem: str) -> None:
    raw = make(tmp_path)
    with pytest.raises(InputError) as caught:
        prepare(tmp_path, raw)
    assert f"file {tmp_path / where}" in str(caught.value)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("split", "field", "problem"),
    [
        ({"train": ["A"], "dev": ["B"]}, "test", "is missing"),
        ({"train": ["A"], "dev": ["B"], "test": ["A"]}, "test", "this document is also in train"),
        ({"train": ["A", "A"], "dev": ["B"], "test": ["C"]}, "train", "this document is also in train"),
        ([["A"]], None, "expected `object`, got `array`"),
    ],
)
def test_a_bad_split_is_named(tmp_path: Path, split: Any, field: str | None, problem: str) -> None:
    raw = write_lines(tmp_path / "raw.jsonl", *(good(title) for title in "ABC"))
    path = tmp_path / "split.json"
    path.write_text(json.dumps(split), encoding="utf-8")
    with pytest.raises(InputError, match=problem) as caught:
        SOURCE.prepare(raw, tmp_path / "out", Options(split=str(path)))
    assert (caught.value.file, caught.value.field) == (str(path), field)
    assert not (tmp_path / "out").exists()


def test_an_empty_split_is_refused_and_what_was_there_stays(tmp_path: Path) -> None:
    raw = write_lines(tmp_path / "raw.jsonl", *(good(title) for title in "ABC"))
    prepare(tmp_path, raw)
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    split = tmp_path / "other.json"
    split.write_text(json.dumps({"train": ["A", "B"], "dev": [], "test": ["C"]}), encoding="utf-8")
    with pytest.raises(InputError, match="the dev split has no document"):
        SOURCE.prepare(raw, tmp_path / "out", Options(split=str(split)))
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_out_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    raw = write_lines(tmp_path / "raw.jsonl", *(good(title) for title in "ABC"))
    with pytest.raises(InputError, match="cannot be written") as caught:
        prepare(tmp_path, raw)
    assert caught.value.file == str(tmp_path / "out")
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"
