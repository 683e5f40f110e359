"""One way to write a table: CSV with the numbers in full; Markdown, LaTeX and HTML to read.

LaTeX and HTML come from pandas' Styler. It takes the rows as a frame whose index is their position, so that equal names
may stand in several rows; the first column's cells are set as the rows' headings.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import accumulate, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logire.ground.files import write_text
from logire.ground.numbers import signed
from logire.reporting.latex import latex_escape
from logire.reporting.sources import LISTED, Source, write_sources

MISSING = "–"
"""What stands in a cell that has no value."""
NO_TEST = "one seed: no test"
"""What stands in place of a p value that one seed cannot have."""

if TYPE_CHECKING:
    from jinja2 import Template
    from pandas.io.formats.style import Styler

Value = str | int | float | bool | None
Record = Mapping[str, Value]

_WRAPPED = r">{\raggedright\arraybackslash}p{0.5\linewidth}"
_TO_WIDTH = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
_TO_HEIGHT = r"\resizebox*{!}{\ifdim\totalheight>0.8\textheight 0.8\textheight\else\totalheight\fi}{%"
_TALL = 40
"""Rows that fit on a page as they are."""
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
"""Where Markdown reads a tag; other signs of "less than" are text to it."""


@dataclass(frozen=True)
class Column:
    """A column's heading; neighbours with the same ``group`` stand under it.

    Attributes:
        left: whether its cells are set to the left.
        wraps: LaTeX: whether its cells have lines of half the page's width, for long texts.
    """

    name: str
    group: str = ""
    left: bool = False
    wraps: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell's text, underlined where it is significant."""

    text: str
    underline: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        title: its name, such as ``Table 2``.
        caption: what it shows, how the numbers came about.
        columns: C headings.
        blocks: groups of rows of C cells; a rule is drawn between groups.
        records: the same numbers in full, one mapping a CSV row.
        sources: the files it was made from.
        wide: LaTeX: over both columns of a page that has two.
    """

    title: str
    caption: str
    columns: Sequence[Column]
    blocks: Sequence[Sequence[Sequence[Cell]]]
    records: Sequence[Record]
    sources: Sequence[Source]
    wide: bool = False

    def write(self, stem: Path) -> None:
        """Write ``stem.csv``, ``stem.md``, ``stem.tex``, ``stem.html`` and ``stem.sources.json``, each atomically."""
        footer = sources_line(self.sources, stem)
        forms = {
            "csv": records_text(self.records),
            "md": _markdown(self, footer),
            "tex": _latex(self, footer),
            "html": _html(self, footer),
        }
        for ending, text in forms.items():
            write_text(stem.with_name(f"{stem.name}.{ending}"), text)
        write_sources(stem, self.sources, list(forms))

    @property
    def rows(self) -> list[Sequence[Cell]]:
        """The rows of all blocks."""
        return [row for block in self.blocks for row in block]

    @property
    def starts(self) -> list[int]:
        """The positions of the rows that begin a block, apart from the first."""
        return list(accumulate(len(block) for block in self.blocks))[:-1]


def score(mean: float | None, sd: float | None = None, gain: float | None = None) -> str:
    """``52.89 ± 0.47 (+1.20)``; without a deviation or a gain, the rest."""
    if mean is None:
        return MISSING
    return f"{mean:.2f}{'' if sd is None else f' ± {sd:.2f}'}{'' if gain is None else f' ({signed(gain)})'}"


def p_value(p: float | None) -> str:
    """``0.018``, ``< 0.001``."""
    return NO_TEST if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def seeds_phrase(counts: Iterable[int]) -> str:
    """How many seeds stand behind each number, for a caption."""
    low, high = min(counts := set(counts)), max(counts)
    return f"{low} seed{'s' if low > 1 else ''}" if low == high else f"{low} to {high} seeds"


def sources_line(sources: Sequence[Source], stem: Path) -> str:
    """The line under a table: the data's digest, how many files of how many runs, where they are listed."""
    facts = [source.facts for source in sources]
    data = sorted({str(fact["data_digest"])[:12] for fact in facts if fact.get("data_digest")})
    runs = {(fact["backbone"], fact["method"], fact.get("variant"), fact["seed"]) for fact in facts if "seed" in fact}
    files = {source.file for source in sources}
    made = [f"{len(files)} file{'s' if len(files) > 1 else ''}"]
    made += [f"{len(runs)} run{'s' if len(runs) > 1 else ''}"] if runs else []
    start = f"Data {', '.join(data)}; made" if data else "Made"
    return f"{start} from {' of '.join(made)}, listed by SHA-256 in {stem.name}{LISTED}."


def records_text(records: Sequence[Record]) -> str:
    """Records as CSV: numbers in full precision, a field empty where a record has no value."""
    buffer = io.StringIO()
    fields = dict.fromkeys(field for record in records for field in record)
    writer = csv.DictWriter(buffer, list(fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return buffer.getvalue()


def _markdown(table: Table, footer: str) -> str:
    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |"

    def plain(text: str) -> str:
        return " ".join(_TAG.sub("&lt;", text).split("\n"))

    def heading(text: str) -> str:
        return plain(text).replace("|", "\\|")

    def show(cell: Cell) -> str:
        text = heading(cell.text.replace("<", "&lt;")).replace("~", "\\~")
        return f"<u>{text}</u>" if cell.underline else text

    return "\n".join(
        [
            f"**{plain(table.title)}.** {plain(table.caption)}",
            "",
            line(heading(f"{column.group} {column.name}".strip()) for column in table.columns),
            line(":--" if column.left else "--:" for column in table.columns),
            *(line(show(cell) for cell in row) for block in table.blocks for row in block),
            "",
            f"<sub>{footer}</sub>",
            "",
        ]
    )


def _styler(table: Table, show: Callable[[Any], str], underline: str, heading: str, between: str) -> Styler:
    """The table's cells as a Styler.

    Args:
        show: escapes a text.
        underline: the style of an underlined cell.
        heading: what the first column is called, escaped.
        between: what stands before the first cell of a block, after another block.
    """
    import jinja2  # noqa: F401 (pandas' own words where it is missing are no ModuleNotFoundError)
    import pandas as pd

    others = table.columns[1:]
    columns: pd.Index[Any] = pd.Index([column.name for column in others], name=heading)
    if any(column.group for column in others):
        groups = [column.group for column in others]
        columns = pd.MultiIndex.from_arrays([groups, columns], names=[None, heading])
    frame = pd.DataFrame([[cell.text for cell in row[1:]] for row in table.rows], columns=columns, dtype=object)
    styles = pd.DataFrame(
        [[underline if cell.underline else "" for cell in row[1:]] for row in table.rows], columns=columns, dtype=object
    )
    names: dict[Any, str] = {
        i: f"{between if i in table.starts else ''}{show(row[0].text)}" for i, row in enumerate(table.rows)
    }
    return (
        frame.style.apply(lambda _: styles, axis=None)
        .format(show)
        .format_index(names.__getitem__)
        .format_index(show, axis="columns")
    )


@cache
def _page() -> Template:
    from jinja2 import Environment

    environment = Environment(autoescape=True, keep_trailing_newline=True)
    return environment.from_string((Path(__file__).parent / "data" / "table.html").read_text(encoding="utf-8"))


def _html(table: Table, footer: str) -> str:
    """A page of its own: nothing is loaded from anywhere.

    Cells wrap, what is still too wide scrolls, and on a narrow screen each row is a list.
    """
    from markupsafe import Markup

    styler = _styler(table, _html_escape, "text-decoration: underline", _html_escape(table.columns[0].name), "")
    styler.cell_ids = False  # type: ignore[attr-defined]
    left = {f".col{i}": "text-align: left" for i, column in enumerate(table.columns[1:]) if column.left}
    rules = {f"tbody tr:nth-child({i + 1}) > *": "border-top: 1px solid" for i in table.starts}
    styles: Any = [{"selector": selector, "props": props} for selector, props in (left | rules).items()]
    styler.set_table_styles(styles)
    return _page().render(
        title=table.title,
        caption=table.caption,
        labels=[_css_string(f"{column.group} {column.name}".strip()) for column in table.columns[1:]],
        table=Markup(styler.to_html(table_uuid="table").rstrip()),
        footer=footer,
    )


def _html_escape(text: str) -> str:
    """Text for HTML; a mean and its deviation stay on one line."""
    return escape(text).replace(" ± ", "&nbsp;±&nbsp;")


def _css_string(text: str) -> str:
    """Text for a string in a style sheet, with every character escaped that could mean something there."""
    return "".join(character if character.isalnum() else f"\\{ord(character):06x}" for character in text)


def _latex(table: Table, footer: str) -> str:
    """A float that fits the page, or its column: what is too wide or too tall is shrunk."""
    environment = "table*" if table.wide else "table"
    packages = ["booktabs", "graphicx", *(["array"] if any(column.wraps for column in table.columns) else [])]
    styler = _styler(table, latex_escape, "underline:--rwrap;", _latex_heading(table.columns), "\\midrule\n")
    tabular = styler.to_latex(
        hrules=True,
        multicol_align="c",
        column_format="".join(_WRAPPED if column.wraps else "l" if column.left else "r" for column in table.columns),
    ).split("\n")[:-1]
    shrunk = [_TO_WIDTH, *([_TO_HEIGHT] if len(table.rows) > _TALL else [])]
    return "\n".join(
        [
            f"% needs {', '.join(packages)}",
            rf"\begin{{{environment}}}",
            r"\centering",
            rf"\caption{{{latex_escape(table.caption)}}}",
            rf"\label{{tab:{re.sub(r'[^a-z0-9]+', '', table.title.lower())}}}",
            *shrunk,
            *tabular,
            "}" * len(shrunk),
            rf"\par\smallskip{{\footnotesize {latex_escape(footer)}}}",
            rf"\end{{{environment}}}",
            "",
        ]
    )


def _latex_heading(columns: Sequence[Column]) -> str:
    """The first column's name, after a rule under each group of columns: it begins the line below the groups."""
    rules, start = "", 1
    for name, members in groupby(column.group for column in columns):
        end = start + len(list(members)) - 1
        rules += rf"\cmidrule(lr){{{start}-{end}}}" if name else ""
        start = end + 1
    return rules + ("\n" if rules else "") + latex_escape(columns[0].name)
