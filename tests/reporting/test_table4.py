"""Table 4 of a small corpus with DocRED's relations."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from reporting_builders import document, prepared

from logire.corpus.prepared import PreparedCorpus
from logire.ground.errors import InputError
from logire.reporting.report import make_report

RELATIONS = ("P22", "P40", "P150", "P131")


def corpus(tmp_path: Path, **changes: object):
    splits = {
        "train": [document("t", 3, [(0, "P22", 1), (1, "P40", 0), (1, "P22", 2), (0, "P150", 2)])],
        "dev": [document("d", 3, [(0, "P150", 1), (1, "P131", 0)])],
        "test": [document("e", 3, [])],
    }
    return prepared(tmp_path / "documents", splits, **{"relations": RELATIONS, "name": "docred", **changes})


def make(documents: PreparedCorpus, out: Path, **options: Any) -> None:
    make_report([], out, only=["table4"], documents=[documents.path], **options)


def test_rates_by_split(tmp_path: Path) -> None:
    make(corpus(tmp_path), tmp_path)
    text = (tmp_path / "tables" / "table4.md").read_text()
    header = "| Implication rule | Train bodies | Train error rate | Dev bodies | Dev error rate | paper |"
    assert header in text  # the unlabelled test split is left out
    assert "| father⁻¹(h, t) → child(h, t) | 2 | 50.00% | 0 | – | 10.26% |" in text
    assert "| P150⁻¹(h, t) → P131(h, t) | 1 | 100.00% | 1 | 0.00% | 19.71% |" in text
    assert "100.00% (train), 100.00% (dev)" in text
    assert "The paper (Table 4, page 1245) gives a share of 12.96%" in text
    rows = list(csv.DictReader((tmp_path / "tables" / "table4.csv").read_text().splitlines()))
    assert len(rows) == 4
    assert (rows[0]["rule"], rows[0]["bodies"], rows[0]["heads"], rows[0]["error_rate"]) == (
        "P40 <- ~P22",
        "2",
        "1",
        "50.0",
    )


def test_the_papers_rates_stand_beside_a_part_of_docred_too(tmp_path: Path) -> None:
    make(corpus(tmp_path, name="docred-partial"), tmp_path)
    text = (tmp_path / "tables" / "table4.md").read_text()
    assert "| P150⁻¹(h, t) → P131(h, t) | 1 | 100.00% | 1 | 0.00% | 19.71% |" in text
    assert "only some of DocRED's documents" in text


@pytest.mark.parametrize("changes", [{"name": "redocred"}, {"synthetic": True}])
def test_the_papers_rates_stand_beside_docred_only(tmp_path: Path, changes: dict[str, object]) -> None:
    make(corpus(tmp_path, **changes), tmp_path)
    text = (tmp_path / "tables" / "table4.md").read_text()
    assert "paper |" not in text
    assert "12.96" not in text
    assert ("SYNTHETIC" in text) == ("synthetic" in changes)


def test_other_rules(tmp_path: Path) -> None:
    rules = tmp_path / "rules.txt"
    rules.write_text("P131 <- ~P150\nP99 <- P22\n")
    make(corpus(tmp_path), tmp_path, rules=rules)
    lines = (tmp_path / "tables" / "table4.md").read_text().splitlines()
    assert [line for line in lines if line.startswith("| P")] == [
        "| P150⁻¹(h, t) → P131(h, t) | 1 | 100.00% | 1 | 0.00% |"
    ]


def test_refusals(tmp_path: Path) -> None:
    splits = {split: [document(split, 2, [])] for split in ("train", "dev", "test")}
    with pytest.raises(InputError, match="none of the rules"):
        make(prepared(tmp_path / "a", splits, relations=("in0",), name="dwie"), tmp_path)
    with pytest.raises(InputError, match="no split of this corpus is labelled"):
        make(prepared(tmp_path / "b", splits, relations=RELATIONS, name="docred"), tmp_path)
