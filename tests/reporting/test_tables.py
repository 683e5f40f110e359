"""The forms of a table."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from pathlib import Path

import pytest

from logire.ground.errors import InputError
from logire.reporting.sources import Source, write_sources
from logire.reporting.tables import Cell, Column, Table, latex_escape, write_csv, write_table

TABLE = Table(
    title="Table 9",
    caption="100% of a_b",
    columns=[Column("Model", left=True), Column("F1", group="Dev"), Column("logic", group="Dev"), Column("n")],
    blocks=[[[Cell("a|b"), Cell("1 ± 2", underline=True), Cell("–"), Cell("3")]], [[Cell("c")] + 3 * [Cell("0")]]],
    records=[{"model": "a|b", "f1": 1 / 3, "logic": None}, {"model": "c", "f1": 0.0, "n": 3}],
    sources=[Source(Path(__file__))],
)
FOOTER = "Made from 1 file, listed by SHA-256 in {}.sources.json."


def test_markdown(tmp_path: Path) -> None:
    write_table(tmp_path / "t.9", TABLE)
    assert (tmp_path / "t.9.md").read_text() == (
        "**Table 9.** 100% of a_b\n\n"
        "| Model | Dev F1 | Dev logic | n |\n"
        "| :-- | --: | --: | --: |\n"
        "| a\\|b | <u>1 ± 2</u> | – | 3 |\n"
        "| c | 0 | 0 | 0 |\n\n"
        f"<sub>{FOOTER.format('t.9')}</sub>\n"
    )


def test_html(tmp_path: Path) -> None:
    write_table(tmp_path / "t", TABLE)
    text = (tmp_path / "t.html").read_text()
    body = text[text.index("<thead>") : text.index("</table>")]
    assert body == (
        '<thead><tr><td></td><th colspan="2" scope="colgroup">Dev</th><td></td></tr>'
        '<tr><th scope="col" class="left">Model</th><th scope="col">F1</th><th scope="col">logic</th>'
        '<th scope="col">n</th></tr></thead>\n'
        '<tbody>\n<tr><th scope="row" class="left">a|b</th><td><u>1 ± 2</u></td><td>–</td><td>3</td></tr>\n</tbody>\n'
        '<tbody>\n<tr><th scope="row" class="left">c</th><td>0</td><td>0</td><td>0</td></tr>\n</tbody>\n'
    )
    assert "<p><strong>Table 9.</strong> 100% of a_b</p>" in text
    assert FOOTER.format("t") in text
    assert not re.search(r"https?:|src=|url\(", text), "a page of its own: nothing is loaded from anywhere"


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
        rf"\par\smallskip{{\footnotesize {FOOTER.format('t')}}}",
        r"\end{table}",
    ]


def test_csv_keeps_every_digit(tmp_path: Path) -> None:
    write_csv(tmp_path / "t", TABLE.records, TABLE.sources)
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


def test_the_sources_stand_beside_and_in_the_footer(tmp_path: Path) -> None:
    files = [tmp_path / "runs" / name for name in "ab"]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text(file.name)
    run = {"backbone": "cnn", "method": "backbone", "seed": 1, "data_digest": "0123456789abcdef"}
    footer = write_sources(tmp_path / "tables" / "t", [Source(file, run) for file in files])
    assert footer == "Data 0123456789ab; made from 2 files of 1 run, listed by SHA-256 in t.sources.json."
    listed = json.loads((tmp_path / "tables" / "t.sources.json").read_text())["sources"]
    assert listed[0] == {"file": "../runs/a", "sha256": hashlib.sha256(b"a").hexdigest(), **run}
    before = (tmp_path / "tables" / "t.sources.json").read_bytes()
    write_sources(tmp_path / "tables" / "t", [Source(file, run) for file in files[::-1]])
    assert (tmp_path / "tables" / "t.sources.json").read_bytes() == before
    assert write_sources(tmp_path / "u", [Source(files[0])]).startswith("Made from 1 file, listed")


def test_missing_inputs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no input file"):
        write_sources(tmp_path / "t", [])
    with pytest.raises(InputError, match=r"gone\.json"):
        write_sources(tmp_path / "t", [Source(tmp_path / "gone.json")])
