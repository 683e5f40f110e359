"""Figure 4: its numbers, equal bytes on every run, refusals."""

from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from reporting_builders import made, write_metrics, write_runs

from logire.ground.errors import InputError
from logire.reporting.material import Material
from logire.reporting.paper.figure4 import figure4


def test_numbers(tmp_path: Path) -> None:
    made("figure4", write_runs(tmp_path, [2.0, 4.0]), tmp_path)
    rows = list(csv.DictReader((tmp_path / "figures" / "figure4.csv").read_text().splitlines()))
    assert len(rows) == 2 * 2 * 4
    (last,) = [r for r in rows if (r["method"], r["metric"], r["from"]) == ("logire", "f1", "400")]
    # F1 of the fourth group is 30 below the run's: 22 and 25, the backbone's 20 and 21.
    assert (last["to"], last["pairs"], last["gold"], last["seeds"]) == ("", "4000", "10", "2")
    assert float(last["mean"]) == pytest.approx(23.5)
    assert float(last["gain"]) == pytest.approx(3.0)
    assert float(last["sd"]) == pytest.approx(4.5**0.5)
    assert float(last["gain_sd"]) == pytest.approx(2**0.5)
    assert (tmp_path / "figures" / "figure4.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "figures" / "figure4.pdf").read_bytes().startswith(b"%PDF")


def drawn(files: list[Path]) -> Figure:
    return figure4(Material(tuple(sorted({file.parent for file in files})))).draw()


def with_facts(
    folder: Path, facts: tuple[int, int], f1: tuple[float, float] = (50.0, 30.0), seeds: int = 1
) -> list[Path]:
    """Runs of two distance groups with so many labelled facts; F1 by group, LogiRE's 2 points higher."""
    files = []
    for method, more in (("backbone", 0.0), ("logire", 2.0)):
        for seed in range(seeds):
            groups = [
                {"from": 100 * g, "to": [100, None][g], "pairs": 9, "gold": facts[g], "f1": value, "ign_f1": value}
                for g, value in enumerate(score + more + 8 * seed for score in f1)
            ]
            files += [
                write_metrics(folder, method=method, seed=seed, split=split, by_distance=groups)
                for split in ("dev", "test")
            ]
    return files


def test_a_group_with_fewer_than_20_facts_is_hollow_and_says_how_many(tmp_path: Path) -> None:
    figure = drawn(with_facts(tmp_path, (20, 19)))
    for axes in figure.axes:
        bars = [(round(bar.get_x() + bar.get_width() / 2), bar.get_facecolor()) for bar in axes.patches]
        assert {group for group, colour in bars if colour == (1.0, 1.0, 1.0, 1.0)} == {1}
        assert len({colour for group, colour in bars if group == 0}) == len(bars) // 2, "a colour for each method"
    ticks = [label.get_text() for label in figure.axes[2].get_xticklabels()]
    assert ticks == ["0–99\n9 pairs\n20 facts", "≥ 100\n9 pairs\n19 facts"]
    assert "hollow: fewer than 20 facts" in figure.get_suptitle().replace("\N{NO-BREAK SPACE}", " ")
    assert "hollow" not in drawn(with_facts(tmp_path / "many", (20, 20))).get_suptitle()


def test_the_axis_of_f1_never_goes_below_zero_and_that_of_gains_may(tmp_path: Path) -> None:
    """F1 of 1 and 9: mean 5, deviation 5.66, so that the error bar reaches to -0.66."""
    figure = drawn(with_facts(tmp_path, (50, 50), f1=(40.0, 1.0), seeds=2))
    assert [axes.get_ylim()[0] for axes in figure.axes[:2]] == [0.0, 0.0]
    assert figure.axes[0].get_ylim()[1] > 46, "the higher bar is not cut off"
    worse = drawn(write_runs(tmp_path / "worse", [-2.0, -3.0]))
    assert worse.axes[2].get_ylim()[0] < -2.5


def test_equal_bytes_in_every_process(tmp_path: Path) -> None:
    files = write_runs(tmp_path, [2.0, 4.0])
    made("figure4", files, tmp_path / "a")
    code = (
        "import sys; from pathlib import Path; from logire.reporting.report import make_report; "
        "make_report([Path(f) for f in sys.argv[2:]], Path(sys.argv[1]), only=['figure4'])"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "b"), *sorted({str(file.parent) for file in files}, reverse=True)],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "3"},
    )
    for kind in ("png", "pdf", "csv"):
        digests = {
            hashlib.sha256((tmp_path / out / "figures" / f"figure4.{kind}").read_bytes()).hexdigest() for out in "ab"
        }
        assert len(digests) == 1, kind


def test_one_seed_and_three_methods(tmp_path: Path) -> None:
    files = [*write_runs(tmp_path, [-2.0])]
    files += [write_metrics(tmp_path, method="logire_plus", split=split, f1=55.0) for split in ("dev", "test")]
    made("figure4", files, tmp_path)
    rows = list(csv.DictReader((tmp_path / "figures" / "figure4.csv").read_text().splitlines()))
    assert {r["method"] for r in rows} == {"backbone", "logire", "logire_plus"}
    assert {r["sd"] for r in rows} == {""}


def test_refusals(tmp_path: Path) -> None:
    files = write_runs(tmp_path, [1.0])
    with pytest.raises(InputError, match="no runs were given"):
        made("figure4", [], tmp_path)
    with pytest.raises(InputError, match="no metrics of 'atlop'"):
        made("figure4", files, tmp_path, backbone="atlop")
    with pytest.raises(InputError, match="seed 3"):
        made(
            "figure4", [*files, *(write_metrics(tmp_path, seed=3, split=split) for split in ("dev", "test"))], tmp_path
        )
    write_metrics(tmp_path, method="logire", by_distance=[])
    with pytest.raises(InputError, match="distance groups"):
        made("figure4", files, tmp_path)
    assert not (tmp_path / "figures").exists()


def test_runs_without_the_test_split(tmp_path: Path) -> None:
    files = [write_metrics(tmp_path, method=method, split="dev") for method in ("backbone", "logire")]
    with pytest.raises(InputError, match="no metrics of 'bilstm' of the test split"):
        made("figure4", files, tmp_path)
