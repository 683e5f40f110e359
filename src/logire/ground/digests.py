"""Digests of files, folders and values: how results name what they were made from."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from logire.ground.errors import InputError
from logire.ground.files import check_file


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes.

    Raises:
        InputError: the file can't be read.
    """
    check_file(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from error


def files_digest(folder: Path, names: Iterable[str]) -> str:
    """One SHA-256 over files of a folder: their names and their bytes.

    Raises:
        InputError: a file can't be read.
    """
    return content_digest({name: file_digest(folder / name) for name in names})


def tree_digest(path: Path) -> str:
    """The digest of a file, or of all files below a folder."""
    if not path.is_dir():
        return file_digest(path)
    return files_digest(path, (file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()))


def content_digest(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form: keys sorted, no white space, ASCII.

    Unlike the digest of a file's bytes it does not depend on how the file was laid out or compressed.
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def relative_path(path: Path, folder: Path) -> str:
    """How to get from ``folder`` to ``path``; what is written into results, so that they can move together."""
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
