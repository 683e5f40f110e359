"""Downloading, against a server on this machine."""

from __future__ import annotations

import hashlib
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from file_server import FileServer

from logire.ground.download import RETRIES, Limits, download
from logire.ground.errors import InputError

BODY = b"some bytes, and a few more of them"
DIGEST = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def server() -> Iterator[FileServer]:
    made = FileServer({"file.bin": BODY})
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pooch.core.time", SimpleNamespace(sleep=lambda seconds: None))


def bring(server: FileServer, folder: Path, **options: Any) -> Path:
    return download(f"{server.url}/file.bin", folder / "a" / "file.bin", **{"sha256": DIGEST} | options)


def refused(server: FileServer, folder: Path, **options: Any) -> InputError:
    """The error of a download that fails; it leaves nothing behind."""
    with pytest.raises(InputError) as caught:
        bring(server, folder, **options)
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    return caught.value


def test_a_file_arrives_with_the_permissions_of_an_ordinary_one(
    server: FileServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO):
        path = bring(server, tmp_path)
    assert path == tmp_path / "a" / "file.bin"
    assert path.read_bytes() == BODY
    (tmp_path / "ordinary").touch()
    assert path.stat().st_mode == (tmp_path / "ordinary").stat().st_mode
    assert [file.name for file in path.parent.iterdir()] == ["file.bin"]
    assert (caplog.text, *capsys.readouterr()) == ("", "", "")


def test_what_is_there_and_whole_is_not_asked_for_again(server: FileServer, tmp_path: Path) -> None:
    path = bring(server, tmp_path)
    bring(server, tmp_path)
    assert server.asked["file.bin"] == 1
    path.write_bytes(BODY[:-1])  # damaged meanwhile
    assert bring(server, tmp_path).read_bytes() == BODY
    assert server.asked["file.bin"] == 2
    path.write_bytes(b"mine")
    assert bring(server, tmp_path, sha256=None).read_bytes() == b"mine"  # nothing is known of its bytes
    assert server.asked["file.bin"] == 2


def test_a_check_of_ones_own(server: FileServer, tmp_path: Path) -> None:
    def trouble(path: Path) -> str | None:
        return None if path.read_bytes() == BODY else "it holds something else"

    path = bring(server, tmp_path, sha256=None, trouble=trouble)
    path.write_bytes(b"mine")
    assert bring(server, tmp_path, sha256=None, trouble=trouble).read_bytes() == BODY
    path.unlink()
    server.files["file.bin"] = b"theirs"
    assert "it holds something else" in str(refused(server, tmp_path, sha256=None, trouble=trouble))
    assert server.asked["file.bin"] == 2 + 1 + RETRIES


@pytest.mark.parametrize("faults", [["truncate"], ["503", "drop"], ["429"], ["408", "truncate", "500"]])
def test_passing_troubles_are_overcome(server: FileServer, tmp_path: Path, faults: list[str]) -> None:
    server.faults["file.bin"] = list(faults)
    assert bring(server, tmp_path).read_bytes() == BODY
    assert server.asked["file.bin"] == len(faults) + 1


@pytest.mark.parametrize(
    ("fault", "problem"),
    [("truncate", "the connection ended after 27 of 34 bytes"), ("drop", "after 0 of 34"), ("503", "HTTP 503")],
)
def test_lasting_trouble_ends_after_the_last_attempt(
    server: FileServer, tmp_path: Path, fault: str, problem: str
) -> None:
    server.faults["file.bin"] = [fault] * 9
    error = refused(server, tmp_path, field="vectors", document="D", remedy="do it by hand")
    assert (error.file, error.field, error.document) == (f"{server.url}/file.bin", "vectors", "D")
    assert problem in str(error)
    assert "do it by hand" in str(error)
    assert server.asked["file.bin"] == 1 + RETRIES


def test_a_missing_file_is_not_asked_for_again(server: FileServer, tmp_path: Path) -> None:
    del server.files["file.bin"]
    assert "cannot be downloaded: HTTP 404 Not Found" in str(refused(server, tmp_path))
    assert server.asked["file.bin"] == 1


def test_other_bytes_are_refused(server: FileServer, tmp_path: Path) -> None:
    server.files["file.bin"] = BODY.upper()
    assert DIGEST in str(refused(server, tmp_path))


@pytest.mark.parametrize("fault", ["", "endless"])
def test_a_file_that_is_too_large(server: FileServer, tmp_path: Path, fault: str) -> None:
    server.faults["file.bin"] = [fault]
    error = refused(server, tmp_path, limits=Limits(size=len(BODY) - 1))
    assert "it is larger than 33 bytes" in str(error)
    assert server.asked["file.bin"] == 1
    assert bring(server, tmp_path, limits=Limits(size=len(BODY))).read_bytes() == BODY


def test_a_file_that_takes_too_long(server: FileServer, tmp_path: Path) -> None:
    server.faults["file.bin"] = ["drip"]
    assert "it did not arrive within 0.2 seconds" in str(refused(server, tmp_path, limits=Limits(seconds=0.2)))
    assert server.asked["file.bin"] == 1


@pytest.mark.parametrize("scheme", ["file", "ftp"])
def test_only_the_web_is_asked(server: FileServer, tmp_path: Path, scheme: str) -> None:
    secret = tmp_path.parent / f"{tmp_path.name}-secret"
    secret.write_bytes(BODY)
    with pytest.raises(InputError, match="is not an address that can be downloaded from"):
        download(f"{scheme}://{secret}", tmp_path / "out", sha256=DIGEST)
    server.faults["file.bin"] = [f"{scheme}://{secret}"] * 9
    refused(server, tmp_path)
    assert server.asked["file.bin"] == 1
    secret.unlink()


@pytest.mark.parametrize(
    "address", ["nowhere", "http://", "https:/one", "data:,x", "http://a b", "http://[::1", "//host"]
)
def test_what_is_not_an_address(tmp_path: Path, address: str) -> None:
    with pytest.raises(InputError, match="give one that begins with http:// or https://"):
        download(address, tmp_path / "new" / "out")
    assert not list(tmp_path.iterdir())


def test_a_redirect_on_the_web_is_followed(server: FileServer, tmp_path: Path) -> None:
    server.faults["file.bin"] = [f"{server.url}/file.bin?again"]
    server.files["file.bin?again"] = BODY
    assert bring(server, tmp_path).read_bytes() == BODY


def test_no_server_at_all(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(InputError, match=r"cannot be downloaded: .*refused") as caught:
        download(f"http://127.0.0.1:{port}/x", tmp_path / "x")
    assert str(caught.value).count("what to do") == 1


def test_a_place_that_cannot_be_written(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file, not a folder")
    with pytest.raises(InputError, match="cannot be written") as caught:
        bring(server, tmp_path)
    assert caught.value.file == str(tmp_path / "a" / "file.bin")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    for name in ("folder", "fifo"):
        with pytest.raises(InputError, match="is not a file"):
            download(f"{server.url}/file.bin", tmp_path / name)
