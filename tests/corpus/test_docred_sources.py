"""Fetching the partial DocRED and Re-DocRED, against a server on this machine with made-up files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_fetch import Server

from logire.corpus import fetch
from logire.corpus.docred_partial import REVISED, TRAIN, TRIPLES
from logire.corpus.fetch import (
    META,
    PARTIAL,
    REDOCRED,
    Source,
    content_digest,
    fetch_docred_partial,
    fetch_redocred,
    pinned_sources,
)
from logire.corpus.prepare import prepare_docred
from logire.corpus.prepared import PreparedCorpus, read_indices
from logire.ground.errors import InputError
from logire.ground.files import read_json


def made_up(title: str) -> list[dict[str, object]]:
    mention = {"name": "Zoë", "sent_id": 0, "pos": [0, 1], "type": "PER"}
    place = {"name": "Rome", "sent_id": 0, "pos": [2, 3], "type": "LOC"}
    labels = [{"r": "P19", "h": 0, "t": 1, "evidence": [0]}]
    sentence = ["Zoë", "of", "Rome", "."]
    return [{"title": title, "sents": [sentence], "vertexSet": [[mention], [place]], "labels": labels}]


VALUES = {name: made_up(name) for name in {*PARTIAL, *REDOCRED}}
SOURCES = {
    name: Source(f"someone/{name.partition('/')[2]}", 1, None if "train_revised" in name else content_digest(value))
    for name, value in VALUES.items()
}


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server({name.partition("/")[2]: json.dumps(value, indent=1).encode() for name, value in VALUES.items()})
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "RETRY_DELAYS", (0.0, 0.01))


def files_under(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_partial_files_arrive_in_two_folders_with_the_lists(tmp_path: Path, server: Server) -> None:
    steps: list[tuple[int, int]] = []
    fetch_docred_partial(
        tmp_path, base_url=server.url, sources=SOURCES, progress=lambda done, total: steps.append((done, total))
    )
    assert files_under(tmp_path) == sorted([*PARTIAL, *(f"docred/{name}" for name in META)])
    assert all(read_json(tmp_path / name) == VALUES[name] for name in PARTIAL)
    assert steps == [(done, 5) for done in range(1, 6)]


def test_what_is_there_is_not_asked_for_again(tmp_path: Path, server: Server) -> None:
    fetch_docred_partial(tmp_path, base_url=server.url, sources=SOURCES)
    (tmp_path / PARTIAL[1]).write_text("[]")  # damaged meanwhile
    server.asked.clear()
    fetch_docred_partial(tmp_path, base_url=server.url, sources=SOURCES)
    assert server.asked == {"jerex_dev_joint_300.json": 1}
    assert read_json(tmp_path / PARTIAL[1]) == VALUES[PARTIAL[1]]


def test_redocred_arrives_as_prepare_reads_it(tmp_path: Path, server: Server) -> None:
    fetch_redocred(tmp_path / "raw", base_url=server.url, sources=SOURCES)
    prepare_docred(tmp_path / "raw", tmp_path / "out")
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
def test_another_content_is_refused(tmp_path: Path, server: Server, change: bytes, problem: str) -> None:
    name = "dev_revised.json"
    server.files[name] = server.files[name].replace(b"Rome", b"Roma") if change == b"Rome" else change
    with pytest.raises(InputError, match=problem) as caught:
        fetch_redocred(tmp_path, base_url=server.url, sources=SOURCES)
    assert caught.value.file == f"{server.url}/someone/{name}"
    assert str(tmp_path / name) in str(caught.value)
    assert not (tmp_path / name).exists()
    assert server.asked[name] == 3


def test_a_file_of_unknown_content_is_counted(tmp_path: Path, server: Server) -> None:
    server.files["train_revised.json"] = b"[]"
    with pytest.raises(InputError, match=r"cannot be fetched: it holds 0 documents"):
        fetch_redocred(tmp_path, base_url=server.url, sources=SOURCES)


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


def test_the_pinned_sources() -> None:
    sources = pinned_sources()
    assert sources.keys() == {*PARTIAL, *REDOCRED}
    assert set(PARTIAL) == {f"{stem}.json" for stem in (*TRAIN, TRIPLES, *REVISED.values())}
    for source in sources.values():
        _, _, commit, *path = source.address.split("/")
        assert len(commit) == 40
        assert int(commit, 16)
        assert path
    assert [name for name, source in sources.items() if source.digest is None] == ["redocred/train_revised.json"]


@pytest.mark.real_data
def test_the_real_files_hold_what_is_pinned(real_data: Path) -> None:
    for name, source in pinned_sources().items():
        if source.digest is not None:
            value = read_json(real_data / f"{name}.gz")
            assert (len(value), content_digest(value)) == (source.documents, source.digest), name


@pytest.mark.real_data
def test_the_packaged_lists_are_docreds(real_data: Path, tmp_path: Path) -> None:
    fetch._write_meta(tmp_path)
    for name in META:
        assert read_json(tmp_path / name) == read_json(real_data / "docred" / name)
    assert len(read_indices(tmp_path / "rel2id.json")) == 97
