"""The three forms of a table."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from logire.errors import InputError
from logire.reporting.tables import Cell, Column, Table, inputs_footer, latex_escape, write_csv, write_table

TABLE = Table(
    title="Table 9",
    caption="100% of a_b",
    columns=[Column("Model", left=True), Column("F1", group="Dev"), Column("logic", group="Dev"), Column("n")],
    blocks=[[[Cell("a|b"), Cell("1 ± 2", underline=True), Cell("–"), Cell("3")]], [[Cell("c")] + 3 * [Cell("0")]]],
    records=[{"model": "a|b", "f1": 1 / 3, "logic": None}, {"model": "c", "f1": 0.0, "n": 3}],
    footer="Made of #1.",
)


def test_markdown(tmp_path: Path) -> None:
    write_table(tmp_path / "t.9", TABLE)
    assert (tmp_path / "t.9.md").read_text() == (
        "**Table 9.** 100% of a_b\n\n"
        "| Model | Dev F1 | Dev logic | n |\n"
        "| :-- | --: | --: | --: |\n"
        "| a\\|b | <u>1 ± 2</u> | – | 3 |\n"
        "| c | 0 | 0 | 0 |\n\n"
        "<sub>Made of #1.</sub>\n"
    )


def test_latex(tmp_path: Path) -> None:
    write_table(tmp_path / "t", TABLE)
    assert (tmp_path / "t.tex").read_text().splitlines() == [
        "% needs booktabs",
        r"\begin{table}",
        r"\centering",
        r"\caption{100\% of a\_b}",
        r"\label{tab:table9}",
        r"\begin{tabular}{lrrr}",
        r"\toprule",
        r" & \multicolumn{2}{c}{Dev} &  \\",
        r"\cmidrule(lr){2-3}",
        r"Model & F1 & logic & n \\",
        r"\midrule",
        r"a|b & \underline{1 $\pm$ 2} & -- & 3 \\",
        r"\midrule",
        r"c & 0 & 0 & 0 \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\par\smallskip{\footnotesize Made of \#1.}",
        r"\end{table}",
    ]


def test_csv_keeps_every_digit(tmp_path: Path) -> None:
    write_csv(tmp_path / "t", TABLE.records)
    text = (tmp_path / "t.csv").read_text()
    assert text.startswith("model,f1,logic,n\n")
    rows = list(csv.DictReader(text.splitlines()))
    assert float(rows[0]["f1"]) == 1 / 3
    assert (rows[0]["logic"], rows[0]["n"], rows[1]["n"]) == ("", "", "3")


def test_latex_escape() -> None:
    assert latex_escape(r"50% & x_1 ~ {a}^\ #$") == (
        r"50\% \& x\_1 \textasciitilde{} \{a\}\textasciicircum{}\textbackslash{} \#\$"
    )
    assert latex_escape("in0⁻¹(h, z) ∧ r → s < 1") == r"in0$^{-1}$(h, z) $\wedge$ r $\rightarrow$ s $<$ 1"


def test_the_footer_depends_on_contents_alone(tmp_path: Path) -> None:
    files = [tmp_path / name for name in "ab"]
    for file in files:
        file.write_text(file.name)
    footer = inputs_footer(files)
    assert footer.startswith("Made from 2 files, SHA-256 ")
    assert inputs_footer(files[::-1]) == footer
    files[0].write_text("changed")
    assert inputs_footer(files) != footer


def test_missing_inputs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no input file"):
        inputs_footer([])
    with pytest.raises(InputError, match=r"gone\.json"):
        inputs_footer([tmp_path / "gone.json"])
