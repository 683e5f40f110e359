"""The table of variants: values, common seeds, order, captions, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from reporting_builders import made, row, rows, write_metrics, write_variant
from scipy import stats

from logire.ground.errors import InputError

BACKBONE = {1: 50.0, 2: 51.0, 3: 52.0, 4: 53.0, 5: 54.0}
LOGIRE = {1: 52.0, 2: 54.0, 3: 53.0, 4: 55.0, 5: 56.0}
PLUS = {seed: score + 3.0 for seed, score in BACKBONE.items()}
NO_POSITIONS = {1: 51.0, 2: 52.0, 3: 52.0}


def files(folder: Path) -> list[Path]:
    """Five seeds of the methods, three of the variants; a variant comes first, the backbone last."""
    return [
        *write_variant(folder, "logire_plus", {1: 52.5, 2: 53.5, 3: 54.5}, "not_tied", logic=80.0),
        *write_variant(folder, "logire", LOGIRE, logic=70.0),
        *write_variant(folder, "logire", NO_POSITIONS, "no_positions", logic=65.0),
        *write_variant(folder, "logire_plus", PLUS, logic=80.0),
        *write_variant(folder, "logire", {1: 52.0, 2: 54.0, 3: 53.0}, "a_last_one", logic=70.0),
        *write_variant(folder, "backbone", BACKBONE),
    ]


def table_rows(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if line.startswith("| ")]


def test_the_table(tmp_path: Path) -> None:
    made("variants", files(tmp_path), tmp_path)
    # "no positions" against LogiRE, seeds 1 to 3: -1, -2, -1; against the backbone: +1, +1, 0.
    p = stats.ttest_1samp([-1.0, -2.0, -1.0], 0.0).pvalue
    assert table_rows(tmp_path / "tables" / "variants.md") == [
        "| Variant | seeds | Dev F1 | Dev gain | Test F1 | Test gain | Test logic "
        "| Against own settings test F1 | Against own settings p |",
        "| :-- | --: | --: | --: | --: | --: | --: | --: | --: |",
        "| BiLSTM | 5 | 53.00 ± 1.58 | – | 52.00 ± 1.58 | – | 63.00 ± 1.58 | – | – |",
        "| LogiRE | 5 | 55.00 ± 1.58 | +2.00 | 54.00 ± 1.58 | +2.00 ± 0.71 | 73.00 ± 1.58 | – | – |",
        "| no positions | 3 | 52.67 ± 0.58 | +0.67 | 51.67 ± 0.58 | +0.67 ± 0.58 | 67.00 ± 1.00 "
        f"| -1.33 ± 0.58 | {p:.3f} |",
        "| a last one | 3 | 54.00 ± 1.00 | +2.00 | 53.00 ± 1.00 | +2.00 ± 1.00 | 72.00 ± 1.00 | +0.00 ± 0.00 | 1.000 |",
        "| LogiRE+ | 5 | 56.00 ± 1.58 | +3.00 | 55.00 ± 1.58 | +3.00 ± 0.00 | 83.00 ± 1.58 | – | – |",
        "| not tied | 3 | 54.50 ± 1.00 | +2.50 | 53.50 ± 1.00 | +2.50 ± 0.00 | 82.00 ± 1.00 "
        "| -0.50 ± 0.00 | &lt; 0.001 |",
    ]
    assert (tmp_path / "tables" / "variants.html").read_text().count(
        "border-top: 1px solid;"
    ) == 2  # a rule before LogiRE, before LogiRE+
    for ending in ("csv", "tex", "sources.json"):
        assert (tmp_path / "tables" / f"variants.{ending}").exists()


def test_the_caption(tmp_path: Path) -> None:
    made("variants", files(tmp_path), tmp_path)
    text = (tmp_path / "tables" / "variants.md").read_text()
    assert "SYNTHETIC corpus: not comparable with the paper" in text
    assert "Variants of LogiRE and LogiRE+ on BiLSTM, Embedded: mean ± standard deviation over 3 to 5 seeds." in text
    assert "not corrected for the number of variants" in text
    assert "to be compared by gain and difference" in text
    assert "chosen by F1 on dev" in text
    assert "made from 48 files of 24 runs" in text  # a variant is a run of its own


def test_numbers_in_full(tmp_path: Path) -> None:
    made("variants", files(tmp_path), tmp_path)
    file = tmp_path / "tables" / "variants.csv"
    found = row(file, method="logire", variant="no_positions", split="test", metric="f1")
    assert (found["backbone"], found["seeds"], found["common_seeds"]) == ("bilstm", "3", "3")
    assert float(found["mean"]) == pytest.approx(155 / 3)
    assert float(found["gain"]) == pytest.approx(2 / 3)
    assert float(found["gain_sd"]) == pytest.approx(3**-0.5)
    assert float(found["difference"]) == pytest.approx(-4 / 3)
    # t = (4/3) / (sqrt(1/3) / sqrt(3)) = 4 with two degrees of freedom.
    assert float(found["p"]) == pytest.approx(2 * stats.t.sf(4.0, 2))
    assert float(found["effect_size"]) == pytest.approx(-(4 / 3) * 3**0.5)
    dev = row(file, method="logire", variant="no_positions", split="dev", metric="f1")
    assert float(dev["difference"]) == pytest.approx(-4 / 3)
    assert dev["p"] == ""  # only test F1 is tested
    own = row(file, method="logire", variant="", split="test", metric="f1")
    assert (own["seeds"], own["gain"], own["difference"], own["p"]) == ("5", "2.0", "", "")
    base = row(file, method="backbone", split="test", metric="logic")
    assert (base["mean"], base["gain"]) == ("63.0", "")
    assert len(rows(file)) == 6 * 2 * 6
    facts = json.loads((tmp_path / "tables" / "variants.sources.json").read_text())["sources"]
    assert {source.get("variant") for source in facts} == {None, "no_positions", "a_last_one", "not_tied"}


def test_only_common_seeds_are_compared(tmp_path: Path) -> None:
    given = [
        *write_variant(tmp_path, "backbone", BACKBONE),
        *write_variant(tmp_path, "logire", {1: 51.0, 2: 55.0}),
        *write_variant(tmp_path, "logire", {2: 54.0, 3: 60.0}, "other"),
        *write_variant(tmp_path, "logire", {4: 54.0}, "elsewhere"),
        *write_variant(tmp_path, "logire_plus", {1: 54.0}, "alone", logic=None),
    ]
    made("variants", given, tmp_path)
    lines = {line.split(" | ")[0]: line for line in table_rows(tmp_path / "tables" / "variants.md")}
    assert lines["| other"].endswith("| -1.00 | one seed: no test |")  # seed 2 alone: 54 - 55
    assert lines["| elsewhere"].endswith("| +1.00 | 64.00 | – | – |")  # no seed in common
    assert lines["| alone"].endswith("| 1 | 55.00 | +4.00 | 54.00 | +4.00 | – | – | – |")  # no runs of LogiRE+ itself
    assert "over 1 to 5 seeds" in (tmp_path / "tables" / "variants.md").read_text()


def test_one_seed(tmp_path: Path) -> None:
    given = [
        file
        for method, variant in (("backbone", None), ("logire", None), ("logire", "v"))
        for file in write_variant(tmp_path, method, {1: 50.0}, variant)
    ]
    made("variants", given, tmp_path)
    text = (tmp_path / "tables" / "variants.md").read_text()
    assert "Embedded: 1 seed." in text
    assert "One seed: no test of significance." in text
    assert "LogiRE+ on" not in text
    assert "| v | 1 | 51.00 | +0.00 | 50.00 | +0.00 | 61.00 | +0.00 | one seed: no test |" in text


def test_files_of_a_method_may_come_in_any_order(tmp_path: Path) -> None:
    given = files(tmp_path)
    one = made("variants", given, tmp_path / "a")
    other = made("variants", [*given[::-1][2::2], *given[::-1][:2]][::-1], tmp_path / "b")
    assert one.with_suffix(".csv").read_bytes() == other.with_suffix(".csv").read_bytes()


class TestRefusals:
    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no runs were given"):
            made("variants", [], tmp_path)

    def test_no_backbone(self, tmp_path: Path) -> None:
        given = write_variant(tmp_path, "logire", {1: 50.0})
        with pytest.raises(InputError, match="no metrics of bilstm alone") as caught:
            made("variants", given, tmp_path)
        assert (caught.value.file, caught.value.field) == (str(given[1]), "run.method")
        assert "the backbone's own metrics" in str(caught.value.remedy)

    def test_a_seed_that_the_backbone_lacks(self, tmp_path: Path) -> None:
        given = write_variant(tmp_path, "backbone", {1: 50.0})
        wrong = write_variant(tmp_path, "logire", {1: 50.0, 7: 50.0}, "no_positions")
        with pytest.raises(InputError, match="no positions has seed 7, but BiLSTM alone does not") as caught:
            made("variants", [*given, *wrong], tmp_path)
        assert (caught.value.file, caught.value.field) == (str(wrong[2].parent / "run.json"), "run.seed")
        assert caught.value.remedy

    def test_the_same_run_twice(self, tmp_path: Path) -> None:
        given = files(tmp_path)
        again = write_variant(tmp_path / "again", "logire", {1: 52.0}, "no_positions")
        with pytest.raises(InputError, match="the same run as") as caught:
            made("variants", [*given, *again], tmp_path)
        assert (caught.value.file, caught.value.field) == (str(again[0].parent / "run.json"), "run")
        assert caught.value.remedy

    def test_two_backbones(self, tmp_path: Path) -> None:
        given = write_variant(tmp_path / "a", "logire", {1: 50.0}, "no_positions")
        given += write_variant(tmp_path / "b", "logire", {1: 50.0}, "newton", backbone="atlop")
        with pytest.raises(InputError, match="a variant on atlop, but") as caught:
            made("variants", given, tmp_path)
        assert (caught.value.file, caught.value.field) == (str(given[2].parent / "run.json"), "run.backbone")
        assert caught.value.remedy

    def test_two_corpora(self, tmp_path: Path) -> None:
        given = write_variant(tmp_path, "backbone", {1: 50.0})
        with pytest.raises(InputError, match="one report for each corpus"):
            made("variants", [*given, write_metrics(tmp_path, corpus="dwie", synthetic=False)], tmp_path)

    def test_one_split_only(self, tmp_path: Path) -> None:
        given = files(tmp_path)
        given[0].unlink()
        with pytest.raises(InputError, match="not tied, seed 1 has metrics of the test split only"):
            made("variants", given, tmp_path)

    def test_a_split_of_training(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="dev or the test split"):
            made("variants", [write_metrics(tmp_path, split="train")], tmp_path)
        assert not (tmp_path / "tables").exists()

    def test_no_variant(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="none of the runs is a variant"):
            made("variants", write_variant(tmp_path, "backbone", {1: 50.0}), tmp_path)
