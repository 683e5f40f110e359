"""Fetching DWIE, against a server on this machine with made-up records."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from file_server import FileServer

from logire.corpus.annotations import raw_annotations
from logire.corpus.sources.dwie import fetch_dwie, pinned_hashes
from logire.ground.download import RETRIES
from logire.ground.errors import InputError

RECORDS = {f"DW_{i}": {"id": f"DW_{i}", "content": f"Zoë was here, {i} times.", "concepts": []} for i in (3, 1, 2)}
FILES = {
    f"{title}.json": json.dumps(record, indent=4, ensure_ascii=False).encode() for title, record in RECORDS.items()
}
HASHES = {title: hashlib.sha256(FILES[f"{title}.json"]).hexdigest() for title in RECORDS}


@pytest.fixture
def server() -> Iterator[FileServer]:
    made = FileServer(dict(FILES))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pooch.core.time", SimpleNamespace(sleep=lambda seconds: None))


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for _, line in raw_annotations(path)]


def bring(server: FileServer, out: Path) -> None:
    fetch_dwie(out, base_url=server.url, hashes=HASHES, workers=2)


def test_all_files_become_one_sorted_and_the_same_each_time(tmp_path: Path, server: FileServer) -> None:
    steps: list[tuple[int, int]] = []
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        fetch_dwie(
            tmp_path / name,
            base_url=server.url,
            hashes=HASHES,
            progress=lambda done, total: steps.append((done, total)),
        )
    assert records(tmp_path / "a.jsonl.gz") == [RECORDS[title] for title in ("DW_1", "DW_2", "DW_3")]
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert steps == [(1, 3), (2, 3), (3, 3)] * 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl.gz", "b.jsonl.gz"]


@pytest.mark.parametrize("faults", [["truncate"], ["503", "drop"], ["429"], ["truncate", "truncate"]])
def test_passing_troubles_are_overcome(tmp_path: Path, server: FileServer, faults: list[str]) -> None:
    server.faults["DW_2.json"] = list(faults)
    bring(server, tmp_path / "raw.jsonl.gz")
    assert server.asked["DW_2.json"] == len(faults) + 1
    assert len(records(tmp_path / "raw.jsonl.gz")) == 3


def check_failure(server: FileServer, out: Path, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        bring(server, out)
    error, message = caught.value, str(caught.value)
    assert (error.file, error.document) == (f"{server.url}/DW_2.json", "DW_2")
    assert problem in message
    for hint in ("check the network", "already fetched are kept", "3 annotation files", "--raw PATH", "data.raw"):
        assert hint in message
    assert not out.exists()


def test_a_wrong_hash_is_refused(tmp_path: Path, server: FileServer) -> None:
    server.files["DW_2.json"] = server.files["DW_2.json"].replace(b"here", b"gone")
    check_failure(server, tmp_path / "raw.jsonl.gz", HASHES["DW_2"])
    assert not (tmp_path / "raw.jsonl.gz.parts" / "DW_2.json").exists()


def test_a_missing_file_is_not_asked_for_again(tmp_path: Path, server: FileServer) -> None:
    del server.files["DW_2.json"]
    check_failure(server, tmp_path / "raw.jsonl.gz", "cannot be downloaded: HTTP 404 Not Found")
    assert server.asked["DW_2.json"] == 1


@pytest.mark.parametrize("fault", ["truncate", "503", "drop"])
def test_lasting_trouble_ends_after_the_last_attempt(tmp_path: Path, server: FileServer, fault: str) -> None:
    server.faults["DW_2.json"] = [fault] * 9
    check_failure(server, tmp_path / "raw.jsonl.gz", "cannot be downloaded")
    assert server.asked["DW_2.json"] == 1 + RETRIES


def test_no_server_at_all(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(InputError, match=r"cannot be downloaded: .*refused") as caught:
        fetch_dwie(tmp_path / "raw.jsonl.gz", base_url=f"http://127.0.0.1:{port}", hashes=HASHES)
    assert str(caught.value).count("what to do") == 1
    assert not list(tmp_path.glob("*.gz"))


def test_an_address_that_is_not_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give one that begins with http:// or https://"):
        fetch_dwie(tmp_path / "raw.jsonl.gz", base_url="nowhere", hashes=HASHES)


def test_an_interrupted_fetch_goes_on_where_it_stopped(tmp_path: Path, server: FileServer) -> None:
    out = tmp_path / "raw.jsonl.gz"
    body = server.files.pop("DW_2.json")
    fetch_one_by_one = {title: HASHES[title] for title in ("DW_1", "DW_3", "DW_2")}
    with pytest.raises(InputError):
        fetch_dwie(out, base_url=server.url, hashes=fetch_one_by_one, workers=1)
    assert {path.name for path in (tmp_path / "raw.jsonl.gz.parts").iterdir()} == {"DW_1.json", "DW_3.json"}
    (tmp_path / "raw.jsonl.gz.parts" / "DW_3.json").write_bytes(b"{}")  # damaged meanwhile
    server.files["DW_2.json"] = body
    server.asked.clear()
    bring(server, out)
    assert server.asked == {"DW_2.json": 1, "DW_3.json": 1}
    assert len(records(out)) == 3
    assert not (tmp_path / "raw.jsonl.gz.parts").exists()


def test_the_pinned_hashes() -> None:
    hashes = pinned_hashes()
    assert len(hashes) == len(set(hashes.values())) == 802
    assert all(len(digest) == 64 and int(digest, 16) >= 0 for digest in hashes.values())


@pytest.mark.real_data
def test_the_real_records_are_those_pinned(real_data: Path) -> None:
    found = records(real_data / "dwie" / "annos_with_content.jsonl.gz")
    files = {r["id"]: json.dumps(r, indent=4, ensure_ascii=False).encode() for r in found}
    assert {title: hashlib.sha256(file).hexdigest() for title, file in files.items()} == pinned_hashes()
