"""Table 2 as a picture: each seed, the mean, and the paper's figure on the paper's corpus alone."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from reporting_builders import made, write_runs

from logire.reporting.material import Material
from logire.reporting.ours.overview import overview

REFERENCE = Path(__file__).parents[2] / "reference" / "dwie"


def numbers(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "figures" / "overview.csv").read_text().splitlines()))


def test_every_seed_with_its_mean(tmp_path: Path) -> None:
    files = [
        file for i, name in enumerate(("bilstm", "cnn")) for file in write_runs(tmp_path, [2.0, 4.0 + i], backbone=name)
    ]
    made("overview", files, tmp_path)
    rows = numbers(tmp_path)
    assert [(r["backbone"], r["method"], r["seed"]) for r in rows] == [
        (b, m, s) for b in ("cnn", "bilstm") for m in ("backbone", "logire") for s in ("0", "1")
    ]
    for b in ("cnn", "bilstm"):
        gains = [
            float(rule["f1"]) - float(alone["f1"])
            for alone, rule in zip(
                [r for r in rows if (r["backbone"], r["method"]) == (b, "backbone")],
                [r for r in rows if (r["backbone"], r["method"]) == (b, "logire")],
                strict=True,
            )
        ]
        assert gains == pytest.approx([2.0, 5.0 if b == "cnn" else 4.0])
    for row in rows:
        same = [float(r["f1"]) for r in rows if (r["backbone"], r["method"]) == (row["backbone"], row["method"])]
        assert float(row["mean"]) == pytest.approx(sum(same) / 2)
        assert row["paper"] == ""  # not the paper's corpus


def test_the_papers_figures_stand_beside_ours_on_its_corpus() -> None:
    drawing = overview(Material((REFERENCE,)))
    paper = {(r["backbone"], r["method"]): r["paper"] for r in drawing.records}
    assert paper["cnn", "backbone"] == 46.14
    assert paper["atlop", "logire"] == 71.78
    assert paper["atlop", "logire_plus"] is None
    [axes] = drawing.draw().axes
    assert axes.get_yticklabels()[0].get_text() == "CNN"
    hollow = [line for line in axes.lines if str(line.get_label()).startswith("the paper's")]
    assert sorted(x for line in hollow for x in line.get_xdata()) == sorted({v for v in paper.values() if v})


def test_no_marker_of_an_only_backbone_is_cut(tmp_path: Path) -> None:
    files = write_runs(tmp_path, [2.0, 4.0], backbone="cnn")
    [axes] = overview(Material(tuple(sorted({file.parent for file in files})))).draw().axes
    bottom, top = axes.get_ylim()
    places = [y for line in axes.lines for y in line.get_ydata()]
    assert len(set(places)) == 2
    assert top + 0.2 < min(places) < max(places) < bottom - 0.2
