"""``logire adapt``: what it says, what it writes, what it refuses; and a new format is one module."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from adapter_builders import docred, given_documents, glirel_record, write_jsonl

from logire.adapters.registry import formats
from logire.cli.app import run
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.stored import StoredDump

NAMES = ["glirel", "gliner", "atlop", "triples", "spacy"]


def test_the_formats_are_found() -> None:
    assert [form.name for form in formats()] == NAMES
    assert len({form.order for form in formats()}) == len(NAMES)


def test_it_says_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_jsonl(tmp_path / "g.jsonl", glirel_record())
    assert run(["adapt", "glirel", str(source), str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == (
        "test: 1 documents, 3 entities, no labelled facts\n"
        "  2 of 12 candidates have a score; the others get -10\n"
        "  entities that were put together by their name alone: 1\n"
        "  pairs of mentions of one entity, left out: 1\n"
        "  scores of a relation that is left out: 1\n"
    )
    files = {"adapted.json", "logits.safetensors", "ner2id.json", "rel2id.json", "test.json"}
    assert {file.name for file in (tmp_path / "out").iterdir()} == files
    assert json.loads((tmp_path / "out" / "rel2id.json").read_text()) == {"Na": 0, "knows": 1, "lives in": 2}
    before = {file: (tmp_path / "out" / file).read_bytes() for file in files}
    assert run(["adapt", "glirel", str(source), str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "out" / "adapted.json").read_text())
    assert before == {file: (tmp_path / "out" / file).read_bytes() for file in files}  # same run, same bytes


def test_a_folder_has_a_file_for_each_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    for split in ("train", "dev", "test"):
        write_jsonl(tmp_path / "in" / f"{split}.jsonl", glirel_record(title=split))
    assert run(["adapt", "glirel", str(tmp_path / "in"), str(tmp_path / "out"), "--leave-out", "knows"]) == 0
    for split in ("train", "dev", "test"):
        assert StoredDump(tmp_path / "out" / "logits.safetensors").titles(split) == [split]
    capsys.readouterr()
    one = ["adapt", "glirel", str(tmp_path / "in" / "dev.jsonl"), str(tmp_path / "out"), "--split", "dev"]
    assert run(one) == 1
    assert "holds the split train, whose logits this would remove" in capsys.readouterr().err
    assert run(["prepare", "docred", "--raw", str(tmp_path / "out"), "--out", str(tmp_path / "documents")]) == 0
    assert PreparedCorpus(tmp_path / "documents").schema.relations == ("lives in", "no relation")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["rebel", "{in}", "{out}"],
            "unknown format 'rebel'\n  what to do: one of glirel, gliner, atlop, triples, spacy",
        ),
        (["glirel", "none.jsonl", "{out}"], "file none.jsonl: does not exist"),
        (["glirel", "{folder}", "{out}"], "no split's file is there"),
        (["glirel", "{in}", "{out}", "--floor", "1"], "floor"),
        (["glirel", "{in}", "{out}", "--documents", "none.json"], "file none.json: does not exist"),
        (["glirel", "{in}", "{out}", "--relations", "{rel}"], "unknown relation 'knows'"),
        (["atlop", "{in}", "{out}"], "field --documents: is missing"),
    ],
)
def test_what_cannot_be_done_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    (tmp_path / "folder").mkdir()
    given_documents(tmp_path / "d", docred("A", ["x"]))
    places = {
        "in": write_jsonl(tmp_path / "g.jsonl", glirel_record()),
        "out": tmp_path / "out",
        "folder": tmp_path / "folder",
        "rel": tmp_path / "d" / "rel2id.json",
    }
    assert run(["adapt", *(word.format(**places) for word in words)]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
