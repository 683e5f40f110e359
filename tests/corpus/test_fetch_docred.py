"""Fetching the partial DocRED and Re-DocRED, against a server on this machine with made-up files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from file_server import FileServer
from hypothesis import given
from hypothesis import strategies as st

from logire.corpus.data import DATA
from logire.corpus.fetch import META, Release, pinned_releases
from logire.corpus.prepared import PreparedCorpus, read_indices
from logire.corpus.sources import redocred
from logire.corpus.sources.docred_partial import FILES as PARTIAL
from logire.corpus.sources.docred_partial import fetch_docred_partial
from logire.corpus.sources.redocred import FILES as REDOCRED
from logire.corpus.sources.redocred import fetch_redocred
from logire.ground.digests import content_digest
from logire.ground.download import RETRIES
from logire.ground.errors import InputError
from logire.ground.files import read_json


def made_up(title: str) -> list[dict[str, object]]:
    mention = {"name": "Zoë", "sent_id": 0, "pos": [0, 1], "type": "PER"}
    place = {"name": "Rome", "sent_id": 0, "pos": [2, 3], "type": "LOC"}
    labels = [{"r": "P19", "h": 0, "t": 1, "evidence": [0]}]
    sentence = ["Zoë", "of", "Rome", "."]
    return [{"title": title, "sents": [sentence], "vertexSet": [[mention], [place]], "labels": labels}]


VALUES = {name: made_up(name) for name in {*PARTIAL, *REDOCRED}}
RELEASES = {
    name: Release(f"someone/{name.partition('/')[2]}", 1, None if "train_revised" in name else content_digest(value))
    for name, value in VALUES.items()
}


@pytest.fixture
def server() -> Iterator[FileServer]:
    made = FileServer({name.partition("/")[2]: json.dumps(value, indent=1).encode() for name, value in VALUES.items()})
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pooch.core.time", SimpleNamespace(sleep=lambda seconds: None))


def files_under(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_partial_files_arrive_in_two_folders_with_the_lists(tmp_path: Path, server: FileServer) -> None:
    steps: list[tuple[int, int]] = []
    fetch_docred_partial(
        tmp_path, base_url=server.url, releases=RELEASES, progress=lambda done, total: steps.append((done, total))
    )
    assert files_under(tmp_path) == sorted([*PARTIAL, *(f"docred/{name}" for name in META)])
    assert all(read_json(tmp_path / name) == VALUES[name] for name in PARTIAL)
    assert steps == [(done, 5) for done in range(1, 6)]


def test_what_is_there_is_not_asked_for_again(tmp_path: Path, server: FileServer) -> None:
    fetch_docred_partial(tmp_path, base_url=server.url, releases=RELEASES)
    (tmp_path / PARTIAL[1]).write_text("[]")  # damaged meanwhile
    server.asked.clear()
    fetch_docred_partial(tmp_path, base_url=server.url, releases=RELEASES)
    assert server.asked == {"jerex_dev_joint_300.json": 1}
    assert read_json(tmp_path / PARTIAL[1]) == VALUES[PARTIAL[1]]


def test_redocred_arrives_as_prepare_reads_it(tmp_path: Path, server: FileServer) -> None:
    fetch_redocred(tmp_path / "raw", base_url=server.url, releases=RELEASES)
    redocred.SOURCE.prepare(tmp_path / "raw", tmp_path / "out", redocred.SOURCE.Options())
    corpus = PreparedCorpus.open(tmp_path / "out")
    assert [d.title for split in ("train", "dev", "test") for d in corpus.documents(split)] == list(REDOCRED)
    assert len(corpus.schema.relations) == 96


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (b"Rome", "the SHA-256 of its content is"),
        (b"", "is not JSON"),
        (b"[1, 2]", "it holds 2 documents, 1 were expected"),
        (b"3", "it holds 0 documents"),
    ],
)
def test_another_content_is_refused(tmp_path: Path, server: FileServer, change: bytes, problem: str) -> None:
    name = "dev_revised.json"
    server.files[name] = server.files[name].replace(b"Rome", b"Roma") if change == b"Rome" else change
    with pytest.raises(InputError, match=problem) as caught:
        fetch_redocred(tmp_path, base_url=server.url, releases=RELEASES)
    assert caught.value.file == f"{server.url}/someone/{name}"
    assert str(tmp_path / name) in str(caught.value)
    assert not (tmp_path / name).exists()
    assert server.asked[name] == 1 + RETRIES


def test_a_file_of_unknown_content_is_counted(tmp_path: Path, server: FileServer) -> None:
    server.files["train_revised.json"] = b"[]"
    with pytest.raises(InputError, match=r"cannot be downloaded: it holds 0 documents"):
        fetch_redocred(tmp_path, base_url=server.url, releases=RELEASES)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=3), values, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from([None, 2]))
def test_the_digest_does_not_depend_on_the_layout(value: object, indent: int | None) -> None:
    again = json.loads(json.dumps(value, indent=indent, ensure_ascii=indent is None))
    if isinstance(again, dict):
        again = dict(reversed(again.items()))
    assert content_digest(again) == content_digest(value)
    assert content_digest([value]) != content_digest(value)


def test_the_pinned_releases() -> None:
    releases = pinned_releases()
    assert releases.keys() == {*PARTIAL, *REDOCRED}
    for release in releases.values():
        _, _, commit, *path = release.address.split("/")
        assert len(commit) == 40
        assert int(commit, 16)
        assert path
    assert [name for name, release in releases.items() if release.content_sha256 is None] == [
        "redocred/train_revised.json"
    ]


@pytest.mark.real_data
def test_the_real_files_hold_what_is_pinned(real_data: Path) -> None:
    for name, release in pinned_releases().items():
        if release.content_sha256 is not None:
            value = read_json(real_data / f"{name}.gz")
            assert (len(value), content_digest(value)) == (release.documents, release.content_sha256), name


@pytest.mark.real_data
def test_the_packaged_lists_are_docreds(real_data: Path) -> None:
    for name in META:
        assert read_json(DATA / f"docred_{name}") == read_json(real_data / "docred" / name)
    assert len(read_indices(DATA / "docred_rel2id.json")) == 97
