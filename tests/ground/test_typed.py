"""Typed reading of JSON: broken files and wrong values are named, whatever is in them."""

from __future__ import annotations

import gzip
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from logire.ground.errors import InputError
from logire.ground.files import read_json
from logire.ground.typed import decode, read_typed


class Item(Struct):
    title: str
    index: int = 0
    score: float = 0.0
    inner: list[dict[str, int]] = []


DEEP = b"[" * 100_000 + b"]" * 100_000
LONG = b"9" * 5_000


def refused(data: bytes, *, title: str | None = "title", kind: Any = list[Item]) -> InputError:
    with pytest.raises(InputError) as caught:
        decode(data, kind, file="f.json", title=title)
    assert caught.value.file == "f.json"
    return caught.value


def test_plain_and_zipped_files_are_read(tmp_path: Path) -> None:
    value = [Item("A", 3, 0.5, [{"x": 1}])]
    data = b'[{"title": "A", "index": 3, "score": 0.5, "inner": [{"x": 1}], "more": null}]'
    (tmp_path / "a.json").write_bytes(data)
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(data))
    assert read_typed(tmp_path / "a.json", list[Item]) == read_typed(tmp_path / "a.json.gz", list[Item]) == value


@pytest.mark.parametrize(
    ("item", "document", "field"),
    [
        (b'{"title": "B", "index": true}', "B", "index"),
        (b'{"title": "B", "index": 3.0}', "B", "index"),
        (b'{"title": "B", "index": "3"}', "B", "index"),
        (b'{"title": "B", "index": ' + LONG + b"}", "B", "index"),
        (b'{"title": "B", "score": 1e400}', "B", "score"),
        (b'{"title": "B", "inner": [{}, {"a": null}]}', "B", "inner[1][...]"),
        (b'{"index": 3}', "number 1", "title"),
        (b'{"title": ""}', None, None),
        (b'{"title": 3}', "number 1", "title"),
        (b"null", "number 1", None),
        (b"[1]", "number 1", None),
    ],
)
def test_a_wrong_value_is_named_by_document_and_field(item: bytes, document: str | None, field: str | None) -> None:
    data = b'[{"title": "A"}, ' + item + b"]"
    if document is None:
        assert decode(data, list[Item], file="f", title="title")[1].title == ""
        return
    error = refused(data)
    assert (error.document, error.field) == (document, field)
    index = refused(data, title=None)
    assert (index.document, index.field) == (None, f"[1].{field}" if field else "[1]")


def test_a_document_alone(tmp_path: Path) -> None:
    error = refused(b'{"title": "A", "index": null}', kind=Item)
    assert (error.document, error.field, error.problem) == ("A", "index", "expected `int`, got `null`")
    error = refused(b'{"index": 3}', kind=Item)
    assert (error.document, error.field, error.problem) == (None, "title", "is missing")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b'[\n{"title": "A",\n]', "broken JSON at line 3, column 1: "),
        (b'[{"title": "A"}', "broken JSON: "),
        (b"", "broken JSON"),
        (b"[] []", "broken JSON at line 1, column 5: trailing characters"),
        (b'[{"title": NaN}]', "broken JSON at line 1"),
        (b'[{"title": "\\ud800", "index": 3}]', "surrogate"),
        (b'[{"title": "\xff"}]', "not UTF-8"),
        (b'[{"title": "A", "more": ' + DEEP + b"}]", "nested too deeply"),
        (b'[{"title": "A", "index": ' + DEEP + b"}]", "expected `int`, got `array`"),
        (DEEP, "expected `object`, got `array`"),
        (b"null", "expected `array`, got `null`"),
        (b"{}", "expected `array`, got `object`"),
    ],
)
def test_a_broken_file_is_named(data: bytes, problem: str) -> None:
    assert problem in str(refused(data))


@given(st.binary(max_size=40) | st.recursive(st.none() | st.floats() | st.text(max_size=3), st.lists).map(json.dumps))
def test_anything_else_is_an_input_error(data: bytes | str) -> None:
    with suppress(InputError):
        decode(data.encode() if isinstance(data, str) else data, list[Item], file="f.json", title="title")


@pytest.mark.parametrize("read", [read_json, lambda path: read_typed(path, list[Item])])
def test_what_is_not_a_readable_file(tmp_path: Path, read: Any) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "deep").write_bytes(DEEP)
    (tmp_path / "latin").write_bytes(b'["\xff"]')
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"[]")[:-3])
    (tmp_path / "text.gz").write_bytes(b"[]")
    names = ["pipe", "loop", "dangling", "deep", "latin", "cut.gz", "text.gz", "nowhere", "."]
    for name in names:
        with pytest.raises(InputError) as caught:
            read(tmp_path / name)
        assert caught.value.file == str(tmp_path / name)


def test_a_number_of_thousands_of_digits(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(LONG)
    with pytest.raises(InputError, match="cannot be decoded"):
        read_json(tmp_path / "long")
