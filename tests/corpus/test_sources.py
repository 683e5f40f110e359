"""The registry of corpus sources, and the commands that follow from it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from logire.cli import data
from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.corpus.sources import registry
from logire.corpus.sources.registry import Source, command_options, find, sources
from logire.ground.errors import InputError

NAMES = [
    *("dwie", "docred", "redocred", "docred-partial", "redocred-partial", "redocred-resplit", "docred-audit"),
    *("embedded", "embedded-docred"),
]
TITLES = {
    "dwie": "DWIE",
    "docred": "DocRED",
    "redocred": "Re-DocRED",
    "docred-partial": "DocRED (part)",
    "redocred-partial": "Re-DocRED (part)",
    "redocred-resplit": "Re-DocRED (resplit)",
    "docred-audit": "DocRED (labelled twice)",
    "embedded": "Embedded",
    "embedded-docred": "Embedded, DocRED's form",
}


def test_every_source_in_its_order() -> None:
    assert [source.name for source in sources()] == NAMES
    assert len({source.order for source in sources()}) == len(NAMES)
    assert {source.name for source in sources() if source.form == "dwie"} == {"dwie", "embedded"}
    assert {source.name for source in sources() if source.synthetic} == {"embedded", "embedded-docred"}
    assert {source.name for source in sources() if source.papers} == {"dwie", "docred"}
    assert {source.name: source.fetched for source in sources() if source.fetched} == {
        "dwie": "data/dwie/annos_with_content.jsonl.gz",
        "redocred": "data/redocred",
        "docred-partial": "data/docred-partial",
        "redocred-partial": "data/docred-partial",
        "redocred-resplit": "data/docred-partial",
        "docred-audit": "data/docred-partial",
    }
    assert find("embedded").module == "logire.corpus.sources.embedded"


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.name)
def test_a_source_says_all_that_others_need(source: Source) -> None:
    assert source.titles
    assert source.help.endswith(".")
    assert all(field.description for field in source.Options.model_fields.values())
    assert source.Options() == source.Options()  # every option has a default
    assert (source.fetched is None) == (source.fetch is None)
    assert source.raw or not source.needs_raw


def test_titles() -> None:
    assert {name: title for source in sources() for name, title in source.titles.items()} == TITLES


def test_an_unknown_source() -> None:
    with pytest.raises(InputError, match="unknown corpus source 'webnlg'") as caught:
        find("webnlg")
    assert "dwie, docred" in str(caught.value)


def test_reading_the_registry_imports_nothing_heavy() -> None:
    code = "import sys; from logire.corpus.sources.registry import sources; sources(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "spacy", "pandas", "pooch", "scipy"} & set(done.stdout.split())


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        ("dwie", {}, ""),
        ("dwie", {"sentences": True, "split": None}, "--sentences"),
        ("dwie", {"split": "a.json", "sentences": False}, "--no-sentences --split a.json"),
        ("docred", {"name": "mine"}, "--name mine"),
        ("embedded", {"seed": 3, "documents": [4, 2, 2]}, "--documents 4 2 2 --seed 3"),
        ("embedded-docred", {"deleted": 0.25, "documents": (4, 2, 2)}, "--documents 4 2 2 --deleted 0.25"),
        ("embedded-docred", {"deleted": 1}, "--deleted 1.0"),
        ("docred-partial", {}, ""),
        ("docred-audit", {"labels": "revised"}, "--labels revised"),
    ],
)
def test_options_as_words(source: str, options: dict[str, object], words: str) -> None:
    assert command_options(find(source), options) == words.split()


@pytest.mark.parametrize(
    ("source", "options", "field"),
    [
        ("embedded", {"documents": [0, 2, 2]}, "embedded.documents.0"),
        ("embedded", {"documents": [1_000_001, 2, 2]}, "embedded.documents.0"),
        ("embedded", {"documents": [4, 2]}, "embedded.documents.2"),
        ("embedded", {"documents": [4.0, 2, 2]}, "embedded.documents.0"),
        ("embedded", {"documents": ["4", 2, 2]}, "embedded.documents.0"),
        ("embedded", {"documents": [True, 2, 2]}, "embedded.documents.0"),
        ("embedded", {"seed": "x"}, "embedded.seed"),
        ("embedded-docred", {"deleted": 1.1}, "embedded-docred.deleted"),
        ("embedded-docred", {"deleted": float("nan")}, "embedded-docred.deleted"),
        ("docred", {"name": ""}, "docred.name"),
        ("docred-partial", {"seed": 3}, "docred-partial.seed"),
        ("docred-audit", {"labels": "both"}, "docred-audit.labels"),
    ],
)
def test_wrong_options_are_named(source: str, options: dict[str, object], field: str) -> None:
    with pytest.raises(InputError) as caught:
        command_options(find(source), options)
    assert caught.value.field == field


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.name)
def test_every_source_has_its_command(source: Source) -> None:
    shown = CliRunner().invoke(data.prepare, [source.name, "--help"], env={"COLUMNS": "200"}).output
    for name, field in source.Options.model_fields.items():
        assert registry.option_name(name) in shown
        assert field.description is not None
        assert field.description.split(";")[0] in " ".join(shown.split())
    assert ("--raw" in shown) == (source.raw is not None)
    without_raw = CliRunner().invoke(data.prepare, [source.name, "--out", "nowhere"]) if source.needs_raw else None
    assert without_raw is None or without_raw.exit_code == 2


def test_the_commands_take_the_words(tmp_path: Path) -> None:
    options = {"documents": [4, 2, 3], "seed": 5}
    words = command_options(find("embedded"), options | {"sentences": True})
    raw = str(tmp_path / "raw.jsonl")
    done = CliRunner().invoke(data.prepare, ["embedded", "--out", str(tmp_path / "a"), "--raw", raw, *words])
    assert (done.exit_code, done.output.count("documents")) == (0, 3), done.output
    words = command_options(find("embedded-docred"), options | {"deleted": 0.5})
    assert CliRunner().invoke(data.prepare, ["embedded-docred", "--out", str(tmp_path / "b"), *words]).exit_code == 0
    for name in "ab":
        corpus = PreparedCorpus.open(tmp_path / name)
        assert [len(corpus.documents(split)) for split in SPLITS] == [4, 2, 3]
        source = json.loads((tmp_path / name / "corpus.json").read_text(encoding="utf-8"))["source"]
        assert (source["seed"], source["documents"]) == (5, [4, 2, 3])
        assert len(corpus.train[0].sentences) > 1


def test_wrong_words_are_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(data.prepare, ["embedded", "--out", str(tmp_path / "a"), "--documents", "0", "1", "1"])
    assert isinstance(done.exception, InputError)
    assert done.exception.field == "embedded.documents.0"
    assert not (tmp_path / "a").exists()


def test_what_can_be_fetched() -> None:
    shown = CliRunner().invoke(data.fetch, ["--help"], env={"COLUMNS": "200"}).output
    assert [source.name for source in sources() if source.fetch and f" {source.name} " in shown] == [
        "dwie",
        "redocred",
        "docred-partial",
        "redocred-partial",
        "redocred-resplit",
        "docred-audit",
    ]
    assert " embedded " not in shown
