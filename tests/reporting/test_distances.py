"""The figure of gains by distance: its numbers, a panel for each backbone, equal bytes, refusals."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from reporting_builders import made, write_metrics, write_runs

from logire.ground.errors import InputError
from logire.reporting.material import Material
from logire.reporting.ours.distances import distances
from logire.reporting.style import figure_style


def runs(folder: Path, backbones: tuple[str, ...]) -> list[Path]:
    return [file for i, name in enumerate(backbones) for file in write_runs(folder, [2.0, 4.0 + i], backbone=name)]


def test_numbers(tmp_path: Path) -> None:
    made("distances", runs(tmp_path, ("bilstm", "cnn")), tmp_path)
    rows = list(csv.DictReader((tmp_path / "figures" / "distances.csv").read_text().splitlines()))
    assert len(rows) == 2 * 2 * 4  # backbones, methods, groups
    gains = {
        (r["backbone"], r["from"]): (float(r["gain"]), float(r["gain_sd"])) for r in rows if r["method"] == "logire"
    }
    assert gains["bilstm", "400"] == (pytest.approx(3.0), pytest.approx(2**0.5))
    assert gains["cnn", "400"] == (pytest.approx(3.5), pytest.approx(3 / 2**0.5))
    assert (tmp_path / "figures" / "distances.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_panel_for_each_backbone(tmp_path: Path, count: int) -> None:
    names = ("cnn", "lstm", "bilstm", "context_aware")[:count]
    files = runs(tmp_path, names)
    figure = distances(Material(tuple(sorted({file.parent for file in files})))).draw()
    assert isinstance(figure, Figure)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    titles = ("CNN", "LSTM", "BiLSTM", "Context-Aware")[:count]
    assert [axes.get_title() for axes in shown] == [f"{title}, 2 seeds" for title in titles]
    assert [patch.get_height() for patch in shown[0].patches] == [pytest.approx(3.0)] * 4


def test_a_group_with_fewer_than_20_facts_is_hollow_and_says_how_many(tmp_path: Path) -> None:
    """The builders' groups have 10 facts each; then the first has 20."""
    files = runs(tmp_path, ("cnn",))
    folders = tuple(sorted({file.parent for file in files}))
    white = (1.0, 1.0, 1.0, 1.0)
    figure = distances(Material(folders)).draw()
    assert [bar.get_facecolor() for bar in figure.axes[0].patches] == [white] * 4
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()][-1] == "≥ 400\n10 facts"
    assert "hollow: fewer than 20 facts" in figure.get_suptitle().replace("\N{NO-BREAK SPACE}", " ")
    for file in files:
        metrics = json.loads(file.read_text())
        metrics["by_distance"][0]["gold"] = 20
        file.write_text(json.dumps(metrics))
    figure = distances(Material(folders)).draw()
    assert [bar.get_facecolor() == white for bar in figure.axes[0].patches] == [False, True, True, True]
    assert next(label.get_text() for label in figure.axes[0].get_xticklabels()) == "0–99"


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no runs were given"):
        made("distances", [], tmp_path)
    files = runs(tmp_path, ("bilstm", "cnn"))
    write_metrics(tmp_path, "cnn", "logire", by_distance=[])
    with pytest.raises(InputError, match="distance groups"):
        made("distances", files, tmp_path)


@pytest.mark.parametrize("count", [1, 6])
def test_the_title_fits_the_figure(tmp_path: Path, count: int) -> None:
    """The warning of a synthetic corpus is never cut off."""
    names = ("cnn", "lstm", "bilstm", "context_aware", "gain", "atlop")[:count]
    files = runs(tmp_path, names)
    with figure_style():
        figure = distances(Material(tuple(sorted({file.parent for file in files})))).draw()
        figure.canvas.draw()
        [title] = [text for text in figure.texts if "SYNTHETIC" in text.get_text()]
        box = title.get_window_extent()
    assert 0 <= box.x0 < box.x1 <= figure.bbox.width
