"""Variants that every backbone has: rows of Table 2, and of the table of variants."""

from __future__ import annotations

from pathlib import Path

import pytest
from reporting_builders import made, row, rows, write_variant

from logire.ground.errors import InputError


def two_backbones(folder: Path) -> list[Path]:
    """Two backbones with LogiRE, each with a variant of three seeds; another variant on one of them."""
    files = []
    for backbone, base in (("bilstm", 50.0), ("lstm", 40.0)):
        scores = {seed: base + seed for seed in (1, 2, 3)}
        own = folder / backbone
        files += write_variant(own, "backbone", scores, backbone=backbone)
        files += write_variant(own, "logire", {s: f1 + 1.0 for s, f1 in scores.items()}, backbone=backbone)
        files += write_variant(own, "logire", {s: f1 + 2.0 for s, f1 in scores.items()}, "no_chains", backbone=backbone)
    return [*files, *write_variant(folder, "logire", {1: 60.0}, "alone")]


def test_a_variant_on_every_backbone_is_a_row(tmp_path: Path) -> None:
    made("table2", two_backbones(tmp_path), tmp_path)
    text = (tmp_path / "tables" / "table2.md").read_text()
    assert [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| ")][2:] == [
        "| LSTM",
        "| LSTM + LogiRE",
        "| LSTM + LogiRE, no chains",
        "| BiLSTM",
        "| BiLSTM + LogiRE",
        "| BiLSTM + LogiRE, no chains",
    ]
    assert "Rows with a name after the method differ from it in some settings." in text
    file = tmp_path / "tables" / "table2.csv"
    found = row(file, backbone="lstm", method="logire", variant="no_chains", split="test", metric="f1")
    assert (float(found["mean"]), float(found["gain"])) == (pytest.approx(44.0), pytest.approx(2.0))
    assert found["bootstrap_low"] != ""
    # Tests of both methods and both headline metrics are one family: Holm multiplies the smallest p by their number.
    tests = [float(r["p"]) for r in rows(file) if r["p"] and r["metric"] in ("f1", "ign_f1")]
    assert len(tests) == 2 * 2 * 2


def test_a_variant_on_every_backbone_has_the_backbones_seeds(tmp_path: Path) -> None:
    files = [*two_backbones(tmp_path), *write_variant(tmp_path / "lstm", "backbone", {4: 44.0}, backbone="lstm")]
    files += write_variant(tmp_path / "lstm", "logire", {4: 45.0}, backbone="lstm")
    with pytest.raises(InputError, match="lstm: seed 4 has metrics of backbone, but none of no_chains"):
        made("table2", files, tmp_path)


def test_the_table_of_variants_takes_those_on_every_backbone_too(tmp_path: Path) -> None:
    made("variants", two_backbones(tmp_path), tmp_path)
    text = (tmp_path / "tables" / "variants.md").read_text()
    assert "Variants of LogiRE on BiLSTM" in text
    assert "| no chains | 3 | 55.00" in text
    assert "| alone | 1 | 61.00 |" in text
