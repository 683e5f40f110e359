"""The table by relation."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from reporting_builders import made, write_metrics

from logire.ground.errors import InputError


def scored(gold: int, predicted: int, f1: float) -> dict[str, float]:
    return {"gold": gold, "predicted": predicted, "f1": f1}


def test_relations_by_frequency(tmp_path: Path) -> None:
    files = []
    for method, seed, f1 in (("backbone", 0, 40.0), ("backbone", 1, 42.0), ("logire", 0, 44.0), ("logire", 1, 44.0)):
        relations = {"rare": scored(1, 0, 0.0), "often": scored(9, 5, f1), "never": scored(0, 0, 0.0)}
        files.append(write_metrics(tmp_path, method=method, seed=seed, per_relation=relations))
    made("relations", files, tmp_path)
    text = (tmp_path / "tables" / "relations.md").read_text()
    assert [line for line in text.splitlines() if line.startswith("| ")][2:] == [
        "| often | 9 | 41.00 ± 1.41 | 44.00 ± 0.00 (+3.00) |",
        "| rare | 1 | 0.00 ± 0.00 | 0.00 ± 0.00 (+0.00) |",
    ]
    assert "SYNTHETIC" in text
    rows = list(csv.DictReader((tmp_path / "tables" / "relations.csv").read_text().splitlines()))
    assert [(r["relation"], r["method"], r["gain"]) for r in rows[:2]] == [
        ("often", "backbone", ""),
        ("often", "logire", "3.0"),
    ]


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no metrics of 'gain'"):
        made("relations", [write_metrics(tmp_path)], tmp_path, backbone="gain")
    with pytest.raises(InputError, match="none of logire"):
        made("relations", [write_metrics(tmp_path)], tmp_path, backbone="bilstm")
