"""A stream of documents is what json.load gives, wherever chunks end; every defect is named; shards without logits."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logire.cli.app import app
from logire.corpus import stream
from logire.corpus.docred import as_record, read_docred
from logire.corpus.document import Document, Entity, Fact, Mention, Schema
from logire.corpus.shards import INDEX, Shards
from logire.corpus.stream import elements, stream_documents
from logire.ground.errors import InputError

SCHEMA = Schema(("knows", "leads"), ("PER", "ORG"))


def made(title: str) -> Document:
    people = (Entity((Mention("Ada", 0, 0, 1, "PER"),)), Entity((Mention("Lab", 0, 2, 3, "ORG"),)))
    return Document(title, (("Ada", 'leads "it"', "Lab"), ("a ] [ \\", "{")), people, (Fact(0, "leads", 1, (0,)),))


DOCUMENTS = [made(title) for title in ("A", "B]}", 'C"\\', "Ä\n", "E")]
RECORDS = [as_record(document) for document in DOCUMENTS]


def written(folder: Path, value: Any) -> Path:
    file = folder / "documents.json"
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    file.write_bytes(data)
    return file


def meta(folder: Path) -> Path:
    (folder / "rel2id.json").write_text(json.dumps({"Na": 0, "knows": 1, "leads": 2}))
    (folder / "ner2id.json").write_text(json.dumps({"PER": 0, "ORG": 1}))
    return folder


def problem_of(folder: Path, value: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        list(stream_documents([written(folder, value)], SCHEMA))
    return caught.value


TEXT = st.text(st.sampled_from('a"\\[]{},:\n é'), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(
    objects=st.lists(st.dictionaries(TEXT, VALUES, max_size=3), max_size=5),
    chunk=st.integers(1, 40),
    indent=st.sampled_from([None, 0, 3]),
    ascii_only=st.booleans(),
)
def test_elements_are_those_of_json(
    objects: list[dict[str, Any]], chunk: int, indent: int | None, ascii_only: bool
) -> None:
    with TemporaryDirectory() as folder:
        text = f" {json.dumps(objects, indent=indent, ensure_ascii=ascii_only)}\r\n\t"
        file = written(Path(folder), text.encode())
        found = list(elements(file, chunk=chunk))
    assert [json.loads(data) for _, data in found] == json.loads(text)
    for number, (name, data) in enumerate(found, start=1):
        start = int(name.removeprefix(f"number {number} (from byte ").removesuffix(")"))
        assert text.encode()[start : start + len(data)] == data


@given(size=st.integers(0, 200), chunk=st.integers(1, 40))
def test_a_list_that_is_cut_is_refused_wherever_it_ends(size: int, chunk: int) -> None:
    data = json.dumps(RECORDS).encode()
    with TemporaryDirectory() as folder:
        for cut in (size, len(data) - 1 - size):
            with pytest.raises(InputError, match=r"ends|begin"):
                list(elements(written(Path(folder), data[:cut]), chunk=chunk))


@pytest.mark.parametrize("suffix", ["json", "json.gz"])
def test_a_stream_reads_what_reading_at_once_does(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"documents.{suffix}"
    data = json.dumps(RECORDS, ensure_ascii=False).encode()
    file.write_bytes(gzip.compress(data) if suffix.endswith("gz") else data)
    found = list(stream_documents([file], SCHEMA))
    assert found == DOCUMENTS == read_docred(file)


def test_a_document_is_given_before_the_next_one_is_read(tmp_path: Path) -> None:
    given = stream_documents([written(tmp_path, json.dumps(RECORDS).encode()[:-3])], SCHEMA)
    assert [next(given).title for _ in RECORDS[:-1]] == [document.title for document in DOCUMENTS[:-1]]
    with pytest.raises(InputError, match="ends inside this document"):
        next(given)


def changed(number: int, **fields: Any) -> list[dict[str, Any]]:
    return [record | fields if k == number else record for k, record in enumerate(RECORDS)]


def without(number: int, field: str) -> list[dict[str, Any]]:
    return [{k: v for k, v in r.items() if k != field} if i == number else r for i, r in enumerate(RECORDS)]


@pytest.mark.parametrize(
    ("value", "document", "field", "problem"),
    [
        (without(1, "sents"), "B]}", "sents", "is missing"),
        (without(2, "title"), "number 3 (from byte ", "title", "is missing"),
        (changed(0, labels=[{"r": "leads", "h": 0, "t": 7}]), "A", "labels[0].t", "entity 7 does not exist"),
        (changed(0, labels=[{"r": "loves", "h": 0, "t": 1}]), "A", "labels[0].r", "unknown relation 'loves'"),
        (changed(4, vertexSet=[]), "E", "vertexSet", "expected `array` of length >= 1"),
        ([*RECORDS, RECORDS[1]], "B]}", "title", "this title occurs twice"),
        (json.dumps(RECORDS).encode()[:-1], None, None, "ends after 5 documents"),
        (json.dumps(RECORDS).encode()[:-20], "number 5 (from byte ", None, "ends inside this document"),
        (json.dumps(RECORDS[:1]).encode()[:-1] + b",", None, None, "ends after 1 documents"),
        (json.dumps(RECORDS).encode() + b"]", None, None, "broken JSON at byte "),
        (b'[{"title" 3}]', "number 1 (from byte 1)", None, "broken JSON at line 1, column 10"),
        (json.dumps(RECORDS[:1]).encode()[:-1] + b"; {}]", None, None, "`,` or `]` expected after 1 documents"),
        (json.dumps([*RECORDS, 3]).encode(), "number 6 (from byte ", None, "expected `object`"),
        (RECORDS[0], None, None, "does not begin with ["),
        (b"", None, None, "does not begin with ["),
        ([], None, None, "holds no document"),
    ],
)
def test_defects_are_named(tmp_path: Path, value: Any, document: str | None, field: str | None, problem: str) -> None:
    error = problem_of(tmp_path, value)
    assert problem in error.problem
    assert error.file == str(tmp_path / "documents.json")
    assert error.field == field
    assert (error.document or "").startswith(document or "")
    assert (error.document is None) == (document is None)


def test_a_string_that_nothing_closes_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LARGEST", 1000)
    with pytest.raises(InputError, match=r"number 1 .*has more than 1,000 bytes"):
        list(elements(written(tmp_path, b'[{"title": "' + b"x" * 5000), chunk=100))


def test_a_gzip_file_that_is_cut_is_named(tmp_path: Path) -> None:
    file = tmp_path / "documents.json.gz"
    file.write_bytes(gzip.compress(json.dumps(RECORDS).encode())[:-12])
    with pytest.raises(InputError, match="cannot be decoded"):
        list(stream_documents([file], SCHEMA))


def scale(*words: object) -> None:
    app(["scale", *map(str, words)], standalone_mode=False)


def test_the_command_writes_shards_without_logits(tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(json.dumps(RECORDS[:3]))
    second.write_text(json.dumps(RECORDS[3:]))
    scale("documents", first, second, "--meta", meta(tmp_path), "--out", tmp_path / "shards", "--size", 2)
    shards = Shards.open(tmp_path / "shards")
    assert [entry.logits for entry in shards.entries] == [None, None, None]
    assert shards.schema == SCHEMA
    assert [document for k in range(3) for document in shards.texts(k)] == DOCUMENTS
    for read in (shards.need_logits, lambda: shards.read(1)):
        with pytest.raises(InputError, match="has no logits") as caught:
            read()
        assert "logire scale infer" in str(caught.value.remedy)


def test_a_title_in_two_files_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(json.dumps(RECORDS[:3]))
    second.write_text(json.dumps(RECORDS[2:]))
    with pytest.raises(InputError, match=r"second\.json.*this title is in .*first\.json too"):
        scale("documents", first, second, "--meta", meta(tmp_path), "--out", tmp_path / "shards")
    assert not (tmp_path / "shards" / INDEX).exists()


def test_shards_without_logits_take_the_place_of_those_with(tmp_path: Path) -> None:
    out = tmp_path / "shards"
    out.mkdir()
    (out / "00000.safetensors").write_bytes(b"of another time")
    scale("documents", written(tmp_path, RECORDS), "--meta", meta(tmp_path), "--out", out)
    assert sorted(file.name for file in out.iterdir()) == ["00000.json", "ner2id.json", "rel2id.json", INDEX]


def test_a_shard_of_texts_that_changed_is_named(tmp_path: Path) -> None:
    scale("documents", written(tmp_path, RECORDS), "--meta", meta(tmp_path), "--out", tmp_path / "shards")
    file = tmp_path / "shards" / "00000.json"
    file.write_text(file.read_text().replace("Ada", "Eva", 1))
    with pytest.raises(InputError, match=r"is not the file that shards\.json names"):
        Shards.open(tmp_path / "shards").texts(0)
