"""A small world of files that a user may give, each case a copy of it with one thing wrong, and one command.

A case passes where the command ends with exit code 1 and one message that has the expected words, or, where the input
is sound, with exit code 0. Everything runs in this process: a case takes some hundredths of a second.
"""

from __future__ import annotations

import gzip
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from logire.cli import app

Damage = Callable[[Path], None]
"""Changes one thing in a copy of the world."""


class World:
    """A copy of the world, and commands run in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys

    def run(self, command: str) -> tuple[int, str]:
        """The exit code of a command, words with blanks between, and what it printed as errors."""
        self.capsys.readouterr()
        code = app.run(command.split())
        return code, self.capsys.readouterr().err

    def check(self, command: str, words: Sequence[str]) -> None:
        """Run a command that must fail with these words and leave nothing half-written; without words, succeed."""
        before = set(self.folder.rglob("*"))
        code, said = self.run(command)
        if not words:
            assert code == 0, f"refused: {said}"
            return
        assert code != app.UNFORESEEN, f"an error that nobody foresaw: {said}"
        assert code == 1, f"accepted ({code}): {said}"
        assert said.startswith("logire: ") or "\nlogire: " in said
        missing = [word for word in words if word not in said]
        assert not missing, f"{missing} not in: {said}"
        left = {path.name for path in set(self.folder.rglob("*")) - before if path.name.endswith(".part")}
        assert not left, f"left behind: {left}"


@pytest.fixture
def quiet() -> Iterator[None]:
    """No handler of an earlier call of the command line writes to a stream that is closed by now."""
    log = logging.getLogger("logire")
    log.handlers.clear()
    yield
    log.handlers.clear()


def damaged(path: str, *keys: str | int, value: Any) -> Damage:
    """Sets one value deep inside a JSON file."""

    def damage(world: Path) -> None:
        content = json.loads((world / path).read_bytes())
        if keys:
            place = content
            for key in keys[:-1]:
                place = place[key]
            place[keys[-1]] = value
        else:
            content = value
        (world / path).write_text(json.dumps(content), encoding="utf-8")

    return damage


def without(path: str, *keys: str | int) -> Damage:
    """Removes one value deep inside a JSON file."""

    def damage(world: Path) -> None:
        content = json.loads((world / path).read_bytes())
        place = content
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]
        (world / path).write_text(json.dumps(content), encoding="utf-8")

    return damage


def holding(path: str, data: bytes) -> Damage:
    """Gives a file other bytes."""
    return lambda world: write(world / path, data)


def write(path: Path, data: bytes) -> None:
    """Write a file anew, whatever was there."""
    clear(path)
    path.write_bytes(data)


def replaced(path: str, old: bytes, new: bytes) -> Damage:
    """Gives a file its own bytes with one piece replaced, which must be there."""

    def damage(world: Path) -> None:
        data = (world / path).read_bytes()
        assert old in data
        (world / path).write_bytes(data.replace(old, new, 1))

    return damage


def flipped(path: str, place: float) -> Damage:
    """Flips the lowest bit of one byte, at a share of the file's length."""

    def damage(world: Path) -> None:
        data = bytearray((world / path).read_bytes())
        data[int(place * (len(data) - 1))] ^= 1
        (world / path).write_bytes(data)

    return damage


def cut(path: str, share: float) -> Damage:
    """Cuts a file off."""

    def damage(world: Path) -> None:
        data = (world / path).read_bytes()
        (world / path).write_bytes(data[: int(share * len(data))])

    return damage


def clear(path: Path) -> None:
    """Remove what is at a path."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


ODD_FILES: dict[str, Callable[[Path], None]] = {
    "missing": lambda path: None,
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a link to nothing": lambda path: path.symlink_to(path.parent / "nowhere"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "empty": Path.touch,
}
"""What stands where a file was expected."""

BROKEN_JSON: dict[str, bytes] = {
    "empty": b"",
    "blanks": b"  \n ",
    "null": b"null",
    "a number": b"7",
    "a text": b'"x"',
    "a list of a number": b"[1]",
    "an empty object": b"{}",
    "an empty list": b"[]",
    "cut off": b'[{"title": "D',
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a long number": b"[" + b"9" * 5_000 + b"]",
    "too large a number": b"[1e400]",
    "NaN": b"[NaN]",
    "a lone surrogate": b'["\\ud800"]',
    "not UTF-8": b'["\xff"]',
    "UTF-16": '[{"title": "D"}]'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf[]",
    "gzip": gzip.compress(b"[]"),
    "two values": b"[] []",
    "a pickle": b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00K\x01.",
}
"""Bytes that no JSON file of ours has."""
