"""Table 1 from the statistics of prepared corpora."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from logire.ground.errors import InputError
from logire.ground.files import write_json
from logire.reporting.table1 import table1


def statistics(file: Path, name: str, *, synthetic: bool, facts: int | None) -> Path:
    keys = "documents entities mentions distinct_facts tokens longest_document most_entities"
    numbers = dict.fromkeys(keys.split(), 7)
    splits = {"train": {**numbers, "facts": 12}, "test": {**numbers, "facts": facts}}
    write_json(file, {"corpus": name, "synthetic": synthetic, "relations": 65, "splits": splits})
    return file


def test_two_corpora(tmp_path: Path) -> None:
    files = [
        statistics(tmp_path / "a.json", "docred", synthetic=False, facts=None),
        statistics(tmp_path / "b.json", "embedded", synthetic=True, facts=5),
    ]
    table1(files, tmp_path / "out" / "table1")
    text = (tmp_path / "out" / "table1.md").read_text()
    assert "| DocRED | train | 7 | 65 | 7 | 12 | 7 |" in text
    assert "| DocRED | test | 7 | 65 | 7 | – | 7 |" in text
    assert "| Embedded | test | 7 | 65 | 7 | 5 | 7 |" in text
    assert "Embedded is a SYNTHETIC corpus: not comparable with the paper." in text
    rows = list(csv.DictReader((tmp_path / "out" / "table1.csv").read_text().splitlines()))
    assert [(r["corpus"], r["split"], r["facts"]) for r in rows] == [
        ("docred", "train", "12"),
        ("docred", "test", ""),
        ("embedded", "train", "12"),
        ("embedded", "test", "5"),
    ]


def test_a_real_corpus_bears_no_warning(tmp_path: Path) -> None:
    table1([statistics(tmp_path / "a.json", "dwie", synthetic=False, facts=3)], tmp_path / "table1")
    assert "SYNTHETIC" not in "".join(f.read_text() for f in tmp_path.glob("table1.*"))


def test_refusals(tmp_path: Path) -> None:
    file = statistics(tmp_path / "a.json", "dwie", synthetic=False, facts=3)
    with pytest.raises(InputError, match="no input file"):
        table1([], tmp_path / "t")
    with pytest.raises(InputError, match="given twice"):
        table1([file, file], tmp_path / "t")
    write_json(file, {"corpus": "dwie"})
    with pytest.raises(InputError, match="no statistics file"):
        table1([file], tmp_path / "t")
    assert not list(tmp_path.glob("t.*"))


def test_the_papers_statistics_stand_beside_its_own_corpora_only(tmp_path: Path) -> None:
    file = statistics(tmp_path / "a.json", "docred", synthetic=False, facts=None)
    table1([file], tmp_path / "table1")
    text = (tmp_path / "table1_paper.md").read_text()
    assert "| DocRED | train | 3053 | 7 | -3046 | 96 | 65 | -31 | 59493 | 7 | -59486 | 38180 | 12 | -38168 |" in text
    assert "| DocRED | test | 1000 | 7 | -993 | 96 | 65 | -31 | 19539 | 7 | -19532 | – | – | – |" in text
    for name, synthetic in (("docred-partial", False), ("docred", True)):
        file = statistics(tmp_path / "b.json", name, synthetic=synthetic, facts=3)
        table1([file], tmp_path / "other")
        assert not list(tmp_path.glob("other_paper*"))
