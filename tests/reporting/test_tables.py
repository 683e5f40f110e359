"""The forms of a table."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from chromium import PROGRAM, chromium
from reporting_builders import made, write_runs

from logire.ground.errors import InputError
from logire.reporting.latex import latex_escape
from logire.reporting.sources import Source, write_sources
from logire.reporting.tables import Cell, Column, Table, records_text, sources_line

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
    TABLE.write(tmp_path / "t.9")
    assert (tmp_path / "t.9.md").read_text() == (
        "**Table 9.** 100% of a_b\n\n"
        "| Model | Dev F1 | Dev logic | n |\n"
        "| :-- | --: | --: | --: |\n"
        "| a\\|b | <u>1 ± 2</u> | – | 3 |\n"
        "| c | 0 | 0 | 0 |\n\n"
        f"<sub>{FOOTER.format('t.9')}</sub>\n"
    )


class Reader(HTMLParser):
    """The rows of a page's table, each cell with its tag, and every tag and attribute of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[tuple[str, str]]] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self._open = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._open = tag in ("th", "td")
        if tag == "tr":
            self.rows.append([])
        elif self._open:
            self.rows[-1].append((tag, ""))

    def handle_data(self, data: str) -> None:
        if self._open:
            tag, text = self.rows[-1][-1]
            self.rows[-1][-1] = tag, text + data

    def handle_endtag(self, tag: str) -> None:
        self._open = False


def test_html(tmp_path: Path) -> None:
    TABLE.write(tmp_path / "t")
    text = (tmp_path / "t.html").read_text()
    assert Reader(text).rows == [
        [("th", "\xa0"), ("th", "Dev"), ("th", "")],
        [("th", "Model"), ("th", "F1"), ("th", "logic"), ("th", "n")],
        [("th", "a|b"), ("td", "1\xa0±\xa02"), ("td", "–"), ("td", "3")],
        [("th", "c"), ("td", "0"), ("td", "0"), ("td", "0")],
    ]
    assert '<th class="col_heading level0 col0" colspan="2">Dev</th>' in text
    assert "#T_table_row0_col0 {\n  text-decoration: underline;" in text
    assert "tbody tr:nth-child(2) > * {\n  border-top: 1px solid;" in text  # a rule before the second block
    assert "<p><strong>Table 9.</strong> 100% of a_b</p>" in text
    assert FOOTER.format("t") in text
    assert not re.search(r"https?:|src=|url\(", text), "a page of its own: nothing is loaded from anywhere"
    TABLE.write(tmp_path / "again" / "t")
    assert (tmp_path / "again" / "t.html").read_text() == text


def test_nothing_in_a_table_becomes_markup(tmp_path: Path) -> None:
    evil = "</style><script>alert(1)</script>\"'}{*&"
    cells = [Cell(evil), Cell(evil, underline=True), Cell(evil)]
    columns = [Column(evil, left=True), Column(evil, group=evil), Column("n", group=evil, left=True)]
    Table(evil, evil, columns, [[cells]], [{"a": evil}], TABLE.sources).write(tmp_path / "t")
    text = (tmp_path / "t.html").read_text()
    page = Reader(text)
    assert "script" not in page.tags
    assert not {name for name in page.attributes if name.startswith("on")}
    assert text.count("</style>") == 2  # the page's own and the Styler's
    assert [cell for _, cell in page.rows[-1]] == [evil] * 3
    assert "alert(1)" not in text[text.index("<style>") : text.index("</style>")]
    markdown = (tmp_path / "t.md").read_text()
    assert markdown.count("&lt;script>") == 9  # title, caption, four in the headings, three cells
    assert not re.search(r"<(?!u>|/u>|sub>|/sub>)", markdown)


def test_a_name_of_two_lines_stays_in_its_row(tmp_path: Path) -> None:
    """Neither a line feed nor a separator that only Python takes for one begins a row or drops one."""
    name = "one\ntwo\u2028three\x85|four"
    columns = [Column(name, left=True), Column("n")]
    Table("T", name, columns, [[[Cell(name), Cell("1")]]], [{"a": name}], TABLE.sources).write(tmp_path / "t")
    text = (tmp_path / "t.md").read_text()
    shown = "one two\u2028three\x85"
    assert text.startswith(
        f"**T.** {shown}|four\n\n| {shown}\\|four | n |\n| :-- | --: |\n| {shown}\\|four | 1 |\n\n<sub>"
    )
    assert "one\ntwo\u2028three\x85|four & 1" in (tmp_path / "t.tex").read_text()


@pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed")
@pytest.mark.parametrize("width", [1280, 390])
def test_no_column_is_cut_off(tmp_path: Path, width: int) -> None:
    """A table as wide as Table 2: every cell lies inside the page, or its container scrolls to it."""
    made("table2", write_runs(tmp_path, [2.0, 2.1, 1.9]), tmp_path)
    with chromium(tmp_path / "profile") as page:
        page.screen(width, 900)
        page.open(tmp_path / "tables" / "table2.html")
        assert page.run("document.documentElement.scrollWidth <= window.innerWidth")
        outside = """[...document.querySelectorAll("td, tbody th")].filter((cell) => {
            const box = cell.getBoundingClientRect(), all = cell.closest(".wide");
            return box.width && (box.left < 0 || box.right > all.getBoundingClientRect().left + all.scrollWidth
                || cell.scrollWidth > Math.ceil(box.width));
        }).length"""
        assert page.run(outside) == 0
        shown = "[...document.querySelectorAll('tbody tr:nth-child(2) td')].filter((c) => c.getClientRects().length)"
        assert page.run(f"{shown}.length") == 8
        if width < 800:
            label = "getComputedStyle(document.querySelector('tbody td'), '::before').content"
            assert page.run(label) == '"Dev ign F1"'


def test_latex(tmp_path: Path) -> None:
    TABLE.write(tmp_path / "t")
    assert (tmp_path / "t.tex").read_text().splitlines() == [
        "% needs booktabs, graphicx",
        r"\begin{table}",
        r"\centering",
        r"\caption{100\% of a\_b}",
        r"\label{tab:table9}",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
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
        "}",
        rf"\par\smallskip{{\footnotesize {FOOTER.format('t')}}}",
        r"\end{table}",
    ]


def test_csv_keeps_every_digit(tmp_path: Path) -> None:
    TABLE.write(tmp_path / "t")
    text = (tmp_path / "t.csv").read_text()
    assert text == records_text(TABLE.records)
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
    sources = [Source(file, run) for file in files]
    write_sources(tmp_path / "tables" / "t", sources)
    footer = sources_line(sources, tmp_path / "tables" / "t")
    assert footer == "Data 0123456789ab; made from 2 files of 1 run, listed by SHA-256 in t.sources.json."
    listed = json.loads((tmp_path / "tables" / "t.sources.json").read_text())["sources"]
    assert listed[0] == {"file": "../runs/a", "sha256": hashlib.sha256(b"a").hexdigest(), **run}
    before = (tmp_path / "tables" / "t.sources.json").read_bytes()
    write_sources(tmp_path / "tables" / "t", sources[::-1])
    assert (tmp_path / "tables" / "t.sources.json").read_bytes() == before
    assert sources_line([Source(files[0])], tmp_path / "u").startswith("Made from 1 file, listed")


def test_missing_inputs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no input file"):
        write_sources(tmp_path / "t", [])
    with pytest.raises(InputError, match=r"gone\.json"):
        write_sources(tmp_path / "t", [Source(tmp_path / "gone.json")])
