"""Figure 3: counting entity pairs by distance."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from reporting_builders import document, prepared

from logire.corpus.prepared import PreparedCorpus
from logire.ground.errors import InputError
from logire.reporting.report import make_report


def make(corpora: list[PreparedCorpus], out: Path) -> None:
    make_report([], out, only=["figure3"], documents=[corpus.path for corpus in corpora])


def test_numbers_and_equal_bytes(tmp_path: Path) -> None:
    # Three entities 60 tokens apart: distances 60, 60 and 121; two entities 600 apart.
    splits = {
        "train": [document("t", 3, [], gap=60)],
        "dev": [document("d", 2, [], gap=600)],
        "test": [document("e", 1, [])],
    }
    corpora = [
        prepared(tmp_path / "a", splits, relations=("r",), name="dwie"),
        prepared(tmp_path / "b", splits, relations=("r",), name="embedded", synthetic=True),
    ]
    for out in ("one", "two"):
        make(corpora, tmp_path / out)
    rows = [
        r
        for r in csv.DictReader((tmp_path / "one" / "figures" / "figure3.csv").read_text().splitlines())
        if r["corpus"] == "dwie"
    ]
    assert {(r["from"], r["to"]): r["pairs"] for r in rows if r["pairs"] != "0"} == {
        ("50", "100"): "2",
        ("100", "150"): "1",
        ("500", ""): "1",
    }
    assert [float(r["percent_up_to_here"]) for r in rows[:3]] == [0.0, 50.0, 75.0]
    for kind in ("png", "pdf", "csv"):
        one, two = (tmp_path / out / "figures" / f"figure3.{kind}" for out in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_refusals(tmp_path: Path) -> None:
    splits = {split: [document(split, 1, [])] for split in ("train", "dev", "test")}
    lonely = prepared(tmp_path / "a", splits, relations=("r",))
    with pytest.raises(InputError, match="no documents were given"):
        make([], tmp_path)
    with pytest.raises(InputError, match="two entities"):
        make([lonely], tmp_path)
    with pytest.raises(InputError, match="given twice"):
        make([lonely, lonely], tmp_path)
