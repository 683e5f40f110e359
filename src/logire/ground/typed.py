"""Reading JSON into typed values: the types say what a file must hold, and an error names the field that does not."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from logire.ground.errors import InputError
from logire.ground.files import read_bytes

T = TypeVar("T")

Whole = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
"""A number that counts or points at something; one of thousands of digits is refused where it stands."""

FILE_NAME = r"^[^\x00]+$"
FileName = Annotated[str, msgspec.Meta(pattern=FILE_NAME)]
"""A path; one with a null character is refused where it stands."""

_MISSING = re.compile(r"Object missing required field `(.*)`")
_BYTE = re.compile(r" ?\(byte (\d+)\)")


def read_typed(path: str | Path, kind: type[T], *, title: str | None = None, remedy: str | None = None) -> T:
    """Read a JSON file, plain or gzipped (``.gz``), into a value of ``kind``.

    Args:
        kind: a class that msgspec decodes into: a ``Struct``, ``list[...]``, ``dict[str, int]``, ...
        title: see :func:`decode`.

    Raises:
        InputError: what :func:`logire.ground.files.read_bytes` and :func:`decode` raise.
    """
    return decode(read_bytes(path, remedy=remedy), kind, file=path, title=title, remedy=remedy)


def decode(data: bytes, kind: type[T], *, file: str | Path, title: str | None = None, remedy: str | None = None) -> T:
    """Decode JSON into a value of ``kind``, without conversions: ``true`` is not a number, ``3.0`` is not an index.

    Args:
        file: where the JSON comes from, for error messages.
        title: the key under which a document's name is found, where the value is a document or a list of them. An error
            then names the document (by its position if it has no name), and the field as seen from the document.

    Raises:
        InputError: broken JSON, with the line; or a value of another type, with its document and field.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        problem, path = _problem(error)
        document, path = (None, path) if title is None else _document(data, path, title)
        raise InputError(
            problem, file=file, document=document, field=path.removeprefix(".") or None, remedy=remedy
        ) from error
    except msgspec.DecodeError as error:
        raise InputError(f"broken JSON{_place(data, str(error))}", file=file, remedy=remedy) from error
    except UnicodeDecodeError as error:
        raise InputError(f"broken JSON: it is not UTF-8 ({error.reason})", file=file, remedy=remedy) from error
    except RecursionError as error:
        raise InputError("is nested too deeply", file=file, remedy=remedy) from error


def convert(
    value: Any,
    kind: type[T],
    *,
    document: str | None = None,
    file: str | Path | None = None,
    remedy: str | None = None,
) -> T:
    """A value of ``kind`` from one in memory, as :func:`decode` would make it.

    Args:
        document: the title of the document that the value is from.
        file: the file that it is from.

    Raises:
        InputError: a part of it has another type, with its field.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        problem, path = _problem(error)
        field = path.removeprefix(".") or None
        raise InputError(problem, file=file, document=document, field=field, remedy=remedy) from error


def _problem(error: msgspec.ValidationError) -> tuple[str, str]:
    """What is wrong, and the path to where, such as ``.sents[0]``."""
    problem, _, path = str(error).replace("Expected", "expected", 1).partition(" - at `$")
    path = path.removesuffix("`")
    missing = _MISSING.fullmatch(problem)
    return ("is missing", f"{path}.{missing[1]}") if missing else (problem, path)


def _document(data: bytes, path: str, title: str) -> tuple[str | None, str]:
    """The title of the document that a path leads into, and the path from there."""
    item = re.match(r"\[(\d+)\]", path)
    titled = msgspec.defstruct("Titled", [(title, str)])
    name: str | None = None
    # What else is in the file may be broken: then the document goes by its number.
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if item:
            data = msgspec.json.decode(data, type=list[msgspec.Raw])[int(item[1])]
        name = getattr(msgspec.json.decode(data, type=titled), title)
    return (name or f"number {item[1]}", path[item.end() :]) if item else (name or None, path)


def _place(data: bytes, message: str) -> str:
    """`` at line 3, column 7: invalid character``, from msgspec's message with the number of the byte."""
    byte = _BYTE.search(message)
    problem = _BYTE.sub("", message).removeprefix("JSON is malformed: ")
    if not byte:
        return f": {problem}"
    before = data[: int(byte[1])]
    return f" at line {before.count(10) + 1}, column {len(before) - before.rfind(10)}: {problem}"
