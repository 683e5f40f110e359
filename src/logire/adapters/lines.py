"""Records from a file of JSON: one a line, or a list of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from logire.adapters.registry import Source
from logire.ground.errors import InputError
from logire.ground.files import read_bytes
from logire.ground.typed import decode

T = TypeVar("T")

_REMEDY = "docs/adapters.md shows what a record of each format holds"
_NOT_JSON = re.compile(rb"[:\[,]\s*(-?Infinity|NaN)\b")


def records(source: Source, kind: type[T], *, title: str) -> Iterator[tuple[int, T]]:
    """The records of a file, each with its number from 0.

    Args:
        title: the key of a record that names its document, for error messages.

    Raises:
        InputError: the file cannot be read, holds no record, broken JSON, or a record of another form; a line is named
            by its number, a document by its title.
    """
    count = 0
    for count, (line, data) in enumerate(_split(source), 1):
        try:
            record = decode(data, kind, file=source.path, title=title, remedy=_REMEDY)
        except InputError as error:
            raise _located(error, line, data) from error
        yield count - 1, record
    if not count:
        raise InputError("holds no document", file=source.path, remedy="run the tool again: it wrote nothing")


def _split(source: Source) -> Iterator[tuple[int, bytes]]:
    """The line number (None in a list) and the JSON of each record."""
    data = read_bytes(source.path).removeprefix(b"\xef\xbb\xbf")
    if data.lstrip().startswith(b"["):
        try:
            listed = decode(data, list[msgspec.Raw], file=source.path)
        except InputError as error:
            raise _located(error, None, data) from error
        yield from ((number, bytes(one)) for number, one in enumerate(listed, 1))
        return
    yield from ((number, line) for number, line in enumerate(data.splitlines(), 1) if line.strip())


def _located(error: InputError, line: int | None, data: bytes) -> InputError:
    """The error with the number of its record, where it does not name the document."""
    found = _NOT_JSON.search(data)
    problem, remedy = error.problem, error.remedy
    if found and problem.startswith("broken JSON"):
        problem = f"{found[1].decode()} is not a number of JSON"
        remedy = "leave out facts without a finite score; json.dumps(..., allow_nan=False) shows where they come from"
    elif problem.startswith("broken JSON"):
        problem = re.sub(r"broken JSON at line \d+, column", "broken JSON at column", problem) if line else problem
        remedy = "one JSON object a line, or one list of objects; the file may have been cut off"
    document = error.document
    if line is not None and document is None:
        return InputError(problem, file=error.file, document=f"number {line}", field=error.field, remedy=remedy)
    return InputError(problem, file=error.file, document=document, field=error.field, remedy=remedy)
