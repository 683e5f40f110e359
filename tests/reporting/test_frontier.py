"""The frontier of F1 against logic: which runs are drawn, over which seeds, refusals."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from reporting_builders import made, write_variant

from logire.ground.errors import InputError
from logire.ground.files import read_json, write_json
from logire.reporting.material import Material
from logire.reporting.ours.frontier import frontier

FOLDS = [{"file": "1of2", "digest": "a"}, {"file": "2of2", "digest": "b"}]


def settings(closure: float | list[float] = 0.0, length: int = 2, **changes: Any) -> dict[str, Any]:
    strengths = closure if isinstance(closure, list) else [closure]
    return {"tied": True, "closure": strengths, "closure_length": length, "closure_support": 10, **changes}


def plus(
    folder: Path,
    f1: dict[int, float],
    variant: str | None = None,
    *,
    logic: float = 80.0,
    folds: list[dict[str, str]] = FOLDS,
    **knob: Any,
) -> list[Path]:
    """LogiRE+ or a variant of it, on out-of-fold logits."""
    chosen = settings(**knob)
    return write_variant(folder, "logire_plus", f1, variant, logic=logic, settings=chosen, out_of_fold=folds)


def files(folder: Path) -> list[Path]:
    """LogiRE+ has the knob off; two of its four variants differ in the knob alone."""
    return [
        *write_variant(folder, "backbone", {1: 50.0, 2: 52.0, 3: 99.0}),
        *write_variant(folder, "logire", {1: 53.0, 2: 54.0, 3: 99.0}, logic=70.0),
        *write_variant(folder, "logire", {1: 1.0}, "no_positions"),
        *plus(folder, {1: 54.0, 2: 56.0, 3: 99.0}),
        *plus(folder, {1: 52.0, 2: 53.0}, "closure_100", logic=95.0, closure=1.0),
        *plus(folder, {1: 54.0, 2: 55.0}, "closure_50", logic=90.0, closure=0.5),
        *plus(folder, {1: 2.0}, "untied", closure=0.95, tied=False),
        *plus(folder, {1: 3.0}, "in_sample", folds=[]),
    ]


def rows(file: Path, **wanted: str) -> list[dict[str, str]]:
    found = csv.DictReader(file.read_text().splitlines())
    return [row for row in found if all(row[key] == value for key, value in wanted.items())]


def test_numbers(tmp_path: Path) -> None:
    made("frontier", files(tmp_path), tmp_path)
    found = rows(tmp_path / "figures" / "frontier.csv", split="test")
    # Seeds 1 and 2, which all points have; dev F1 is one point higher.
    assert [(r["method"], r["variant"], r["closure"], r["f1"], r["logic"], r["seeds"]) for r in found] == [
        ("backbone", "", "", "51.0", "61.5", "2"),
        ("logire", "", "", "53.5", "71.5", "2"),
        ("logire_plus", "", "off", "55.0", "81.5", "2"),
        ("logire_plus", "closure_50", "0.5", "54.5", "91.5", "2"),
        ("logire_plus", "closure_100", "1", "52.5", "96.5", "2"),
    ]
    assert float(found[0]["f1_sd"]) == pytest.approx(2**0.5)
    assert float(found[0]["logic_sd"]) == pytest.approx(0.5**0.5)
    assert [r["closure_length"] for r in found] == ["", "", "", "2", "2"]
    assert [float(r["f1"]) for r in rows(tmp_path / "figures" / "frontier.csv", split="dev")] == [
        52.0,
        54.5,
        56.0,
        55.5,
        53.5,
    ]
    assert (tmp_path / "figures" / "frontier.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "figures" / "frontier.pdf").read_bytes().startswith(b"%PDF")
    sources = json.loads((tmp_path / "figures" / "frontier.sources.json").read_text())["sources"]
    assert {s.get("variant") for s in sources} == {None, "closure_50", "closure_100"}
    assert len(sources) == 5 * 2 * 2


def test_the_methods_own_knob_need_not_be_off(tmp_path: Path) -> None:
    given = write_variant(tmp_path, "backbone", {1: 50.0})
    given += plus(tmp_path, {1: 54.0}, closure=[0.5, 0.0, 1.0])
    given += plus(tmp_path, {1: 55.0}, "knob_off", length=3)
    given += plus(tmp_path, {1: 53.0}, "longer", closure=1.0, length=3)
    made("frontier", given, tmp_path)
    found = rows(tmp_path / "figures" / "frontier.csv", split="test", method="logire_plus")
    # A length means nothing where the knob is off.
    assert [(r["variant"], r["closure"], r["closure_length"], r["f1_sd"]) for r in found] == [
        ("knob_off", "off", "", ""),
        ("longer", "1", "3", ""),
        ("", "chosen", "2", ""),
    ]


def test_labels_stand_clear_of_the_points_and_of_each_other(tmp_path: Path) -> None:
    given = files(tmp_path)
    given += plus(tmp_path, {1: 54.1, 2: 55.1}, "closure_55", logic=90.1, closure=0.55)
    given += plus(tmp_path, {1: 54.0, 2: 55.2}, "closure_60", logic=90.2, closure=0.6)
    drawn = frontier(Material(tuple(dict.fromkeys(file.parent for file in given)))).draw()
    drawn.draw_without_rendering()
    for axes in drawn.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        assert sorted(text.get_text() for text in axes.texts) == ["0.5", "0.55", "0.6", "1", "off"]
        assert not [1 for i, one in enumerate(boxes) for other in boxes[:i] if one.overlaps(other)]
        lines = [line for line in axes.lines if line.get_marker() in ("o", "s", "^", "D")]
        at = [axes.transData.transform(point) for line in lines for point in line.get_xydata()]
        assert len(at) == 7
        assert not [1 for box in boxes for x, y in at if box.contains(x, y)]
        assert all(axes.get_window_extent().contains(*corner) for box in boxes for corner in box.corners())


def test_no_axis_of_scores_goes_below_zero(tmp_path: Path) -> None:
    """Test F1 of 0 and 50, test logic of 1.5 and 81.5: a seventh more room on each side would begin at -7 and -10."""
    given = [*write_variant(tmp_path, "backbone", {1: 0.0}, logic=0.0), *plus(tmp_path, {1: 50.0})]
    _, axes = frontier(Material(tuple(dict.fromkeys(file.parent for file in given)))).draw().axes
    assert axes.get_title() == "test"
    assert (axes.get_xlim()[0], axes.get_ylim()[0]) == (0.0, 0.0)
    assert axes.get_ylim()[1] > 50


def test_no_variant_of_the_knob(tmp_path: Path) -> None:
    given = [*write_variant(tmp_path, "backbone", {1: 50.0, 2: 51.0}), *plus(tmp_path, {1: 54.0, 2: 54.5})]
    made("frontier", given, tmp_path)
    assert len(rows(tmp_path / "figures" / "frontier.csv")) == 4


def test_equal_bytes_in_any_order(tmp_path: Path) -> None:
    given = files(tmp_path)
    made("frontier", given, tmp_path / "a")
    made("frontier", given[::-1], tmp_path / "b")
    for kind in ("png", "pdf", "csv"):
        digests = {
            hashlib.sha256((tmp_path / out / "figures" / f"frontier.{kind}").read_bytes()).hexdigest() for out in "ab"
        }
        assert len(digests) == 1, kind


class TestRefusals:
    def test_no_backbone(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no metrics of bilstm alone"):
            made("frontier", plus(tmp_path, {1: 54.0}), tmp_path)

    def test_no_logire_plus(self, tmp_path: Path) -> None:
        given = write_variant(tmp_path, "backbone", {1: 50.0})
        for more in ([], plus(tmp_path, {1: 54.0}, "closure_50", closure=0.5)):
            with pytest.raises(InputError, match=r"no metrics of LogiRE\+ with its own settings"):
                made("frontier", [*given, *more], tmp_path)

    @pytest.mark.parametrize("changed", [{"settings": {}}, {"settings": {"closure": None}}])
    def test_no_settings(self, tmp_path: Path, changed: Any) -> None:
        given = [*write_variant(tmp_path, "backbone", {1: 50.0}), *plus(tmp_path, {1: 54.0})]
        file = given[2].parent / "run.json"
        write_json(file, read_json(file) | changed)
        with pytest.raises(InputError, match="is missing") as caught:
            made("frontier", given, tmp_path)
        assert caught.value.file == str(file)
        assert str(caught.value.field).startswith("settings.closure")
        assert "logire fit" in str(caught.value.remedy)

    def test_other_settings_in_another_seed(self, tmp_path: Path) -> None:
        given = files(tmp_path)
        (file,) = (tmp_path / "closure_50" / "seed2").rglob("run.json")
        write_json(file, read_json(file) | {"settings": settings(0.6)})
        with pytest.raises(InputError, match="other settings than in") as caught:
            made("frontier", given, tmp_path)
        assert (caught.value.file, caught.value.field) == (str(file), "settings")

    def test_one_knob_value_under_two_names(self, tmp_path: Path) -> None:
        given = [*files(tmp_path), *plus(tmp_path, {1: 54.0}, "again", closure=0.5)]
        with pytest.raises(InputError, match=r"the same settings as .*closure_50") as caught:
            made("frontier", given, tmp_path)
        assert caught.value.field == "settings.closure"

    def test_no_common_seed(self, tmp_path: Path) -> None:
        given = [*files(tmp_path), *plus(tmp_path, {3: 54.0}, "closure_25", closure=0.25)]
        with pytest.raises(InputError, match="no seed is common to BiLSTM, LogiRE, "):
            made("frontier", given, tmp_path)

    def test_no_logic_score(self, tmp_path: Path) -> None:
        given = [*write_variant(tmp_path, "backbone", {1: 50.0}, logic=None), *plus(tmp_path, {1: 54.0})]
        with pytest.raises(InputError, match="no logic score") as caught:
            made("frontier", given, tmp_path)
        assert (caught.value.file, caught.value.field) == (str(given[0]), "logic")
        assert not (tmp_path / "figures").exists()
