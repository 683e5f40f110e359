"""Table 1 from the statistics of prepared corpora."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from logire.ground.errors import InputError
from logire.ground.files import write_json
from logire.reporting.report import make_report


def make(folders: list[Path], out: Path, name: str = "table1") -> None:
    make_report([], out, only=[name], documents=folders)


def statistics(folder: Path, name: str, *, synthetic: bool, facts: int | None) -> Path:
    keys = "documents entities mentions distinct_facts tokens longest_document most_entities"
    numbers = dict.fromkeys(keys.split(), 7)
    splits = {"train": {**numbers, "facts": 12}, "test": {**numbers, "facts": facts}}
    write_json(folder / "statistics.json", {"corpus": name, "synthetic": synthetic, "relations": 65, "splits": splits})
    return folder


def test_two_corpora(tmp_path: Path) -> None:
    files = [
        statistics(tmp_path / "a", "docred", synthetic=False, facts=None),
        statistics(tmp_path / "b", "embedded", synthetic=True, facts=5),
    ]
    make(files, tmp_path / "out")
    text = (tmp_path / "out" / "tables" / "table1.md").read_text()
    assert "| DocRED | train | 7 | 65 | 7 | 12 | 7 |" in text
    assert "| DocRED | test | 7 | 65 | 7 | – | 7 |" in text
    assert "| Embedded | test | 7 | 65 | 7 | 5 | 7 |" in text
    assert "Embedded is a SYNTHETIC corpus: not comparable with the paper." in text
    rows = list(csv.DictReader((tmp_path / "out" / "tables" / "table1.csv").read_text().splitlines()))
    assert [(r["corpus"], r["split"], r["facts"]) for r in rows] == [
        ("docred", "train", "12"),
        ("docred", "test", ""),
        ("embedded", "train", "12"),
        ("embedded", "test", "5"),
    ]


def test_a_real_corpus_bears_no_warning(tmp_path: Path) -> None:
    make([statistics(tmp_path / "a", "dwie", synthetic=False, facts=3)], tmp_path)
    written = [file.read_text() for file in (tmp_path / "tables").glob("table1.*")]
    assert len(written) == 5
    assert "SYNTHETIC" not in "".join(written)


def test_refusals(tmp_path: Path) -> None:
    file = statistics(tmp_path / "a", "dwie", synthetic=False, facts=3)
    with pytest.raises(InputError, match="no corpus was given"):
        make([], tmp_path)
    with pytest.raises(InputError, match="given twice"):
        make([file, file], tmp_path)
    write_json(file / "statistics.json", {"corpus": "dwie"})
    with pytest.raises(InputError, match="is missing"):
        make([file], tmp_path)
    assert not (tmp_path / "tables").exists()


def test_the_papers_statistics_stand_beside_its_own_corpora_only(tmp_path: Path) -> None:
    file = statistics(tmp_path / "a", "docred", synthetic=False, facts=None)
    make([file], tmp_path, "table1_paper")
    text = (tmp_path / "tables" / "table1_paper.md").read_text()
    assert "| DocRED | train | 3053 | 7 | -3046 | 96 | 65 | -31 | 59493 | 7 | -59486 | 38180 | 12 | -38168 |" in text
    assert "| DocRED | test | 1000 | 7 | -993 | 96 | 65 | -31 | 19539 | 7 | -19532 | – | – | – |" in text
    for name, synthetic in (("docred-partial", False), ("docred", True)):
        file = statistics(tmp_path / "b", name, synthetic=synthetic, facts=3)
        with pytest.raises(InputError, match="the paper has no figures for"):
            make([file], tmp_path / "other", "table1_paper")
        assert not (tmp_path / "other").exists()
