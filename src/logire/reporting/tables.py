"""One way to write a table: CSV with the numbers in full; Markdown, LaTeX and HTML to read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path

from logire.ground.files import write_text
from logire.reporting.sources import Source, write_sources

MISSING = "–"
"""What stands in a cell that has no value."""

Value = str | int | float | bool | None
Record = Mapping[str, Value]

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "⁻¹": "$^{-1}$",
    "±": r"$\pm$",
    "∧": r"$\wedge$",
    "→": r"$\rightarrow$",
    "←": r"$\leftarrow$",
    "−": "$-$",
    "≥": r"$\geq$",
    "<": "$<$",
    ">": "$>$",
    "–": "--",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
_LATEX_PATTERN = re.compile("|".join(re.escape(key) for key in sorted(_LATEX, key=len, reverse=True)))


@dataclass(frozen=True)
class Column:
    """A column's heading; neighbours with the same ``group`` stand under it. ``left`` is how its cells are set."""

    name: str
    group: str = ""
    left: bool = False


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
        wide: LaTeX: over both columns of the page, shrunk to its width.
    """

    title: str
    caption: str
    columns: Sequence[Column]
    blocks: Sequence[Sequence[Sequence[Cell]]]
    records: Sequence[Record]
    sources: Sequence[Source]
    wide: bool = False


def write_table(stem: Path, table: Table) -> None:
    """Write ``stem.csv``, ``stem.md``, ``stem.tex``, ``stem.html`` and ``stem.sources.json``, each atomically."""
    footer = write_csv(stem, table.records, table.sources)
    write_text(stem.with_name(f"{stem.name}.md"), _markdown(table, footer))
    write_text(stem.with_name(f"{stem.name}.tex"), _latex(table, footer))
    write_text(stem.with_name(f"{stem.name}.html"), _html(table, footer))


def write_csv(stem: Path, records: Sequence[Record], sources: Sequence[Source]) -> str:
    """Write ``stem.csv`` and ``stem.sources.json``.

    Numbers are in full precision; a field is empty where a record has no value.

    Returns:
        The line about the sources, see :func:`logire.reporting.sources.write_sources`.
    """
    footer = write_sources(stem, sources)
    buffer = io.StringIO()
    fields = dict.fromkeys(field for record in records for field in record)
    writer = csv.DictWriter(buffer, list(fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    write_text(stem.with_name(f"{stem.name}.csv"), buffer.getvalue())
    return footer


def _markdown(table: Table, footer: str) -> str:
    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |"

    def show(cell: Cell) -> str:
        text = cell.text.replace("|", "\\|").replace("<", "&lt;").replace("~", "\\~")
        return f"<u>{text}</u>" if cell.underline else text

    return "\n".join(
        [
            f"**{table.title}.** {table.caption}",
            "",
            line(f"{column.group} {column.name}".strip() for column in table.columns),
            line(":--" if column.left else "--:" for column in table.columns),
            *(line(show(cell) for cell in row) for block in table.blocks for row in block),
            "",
            f"<sub>{footer}</sub>",
            "",
        ]
    )


_HTML_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5em; color: #1a1a1a; background: #fff }
p { max-width: 75em }
.wide { overflow-x: auto }
table { border-collapse: collapse; border-top: 2px solid; border-bottom: 2px solid; font-variant-numeric: tabular-nums }
th, td { padding: .25em .7em; text-align: right; white-space: nowrap; font-weight: normal }
thead th { font-weight: 600; vertical-align: bottom }
thead th[colspan] { text-align: center; border-bottom: 1px solid #999 }
.left { text-align: left }
tbody { border-top: 1px solid }
footer { font-size: 13px; color: #555; margin-top: .8em }
""".strip()


def _html(table: Table, footer: str) -> str:
    """A page of its own: nothing is loaded from anywhere."""
    groups = [(name, len(list(members))) for name, members in groupby(column.group for column in table.columns)]
    head = []
    if any(name for name, _ in groups):
        cells = (
            f'<th colspan="{n}" scope="colgroup">{escape(name)}</th>' if name else "<td></td>" * n for name, n in groups
        )
        head.append(f"<tr>{''.join(cells)}</tr>")
    sides = [' class="left"' if column.left else "" for column in table.columns]
    named = [
        f'<th scope="col"{side}>{escape(column.name)}</th>' for column, side in zip(table.columns, sides, strict=True)
    ]
    head.append(f"<tr>{''.join(named)}</tr>")

    def line(row: Sequence[Cell]) -> str:
        texts = [f"<u>{escape(cell.text)}</u>" if cell.underline else escape(cell.text) for cell in row]
        first = f'<th scope="row"{sides[0]}>{texts[0]}</th>'
        return f"<tr>{first}{''.join(f'<td{s}>{t}</td>' for s, t in zip(sides[1:], texts[1:], strict=True))}</tr>"

    return "\n".join(
        [
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(table.title)}</title>',
            f"<style>\n{_HTML_STYLE}\n</style></head><body>",
            f"<p><strong>{escape(table.title)}.</strong> {escape(table.caption)}</p>",
            f'<div class="wide" role="region" aria-label="{escape(table.title)}" tabindex="0"><table>',
            f"<thead>{''.join(head)}</thead>",
            *("<tbody>\n" + "\n".join(line(row) for row in block) + "\n</tbody>" for block in table.blocks),
            "</table></div>",
            f"<footer>{escape(footer)}</footer></body></html>",
            "",
        ]
    )


def _latex(table: Table, footer: str) -> str:
    environment = "table*" if table.wide else "table"
    tabular = [
        rf"\begin{{tabular}}{{{''.join('l' if column.left else 'r' for column in table.columns)}}}",
        r"\toprule",
        *_latex_header(table.columns),
    ]
    for block in table.blocks:
        tabular += [r"\midrule", *(_latex_row(_latex_cell(cell) for cell in row) for row in block)]
    tabular += [r"\bottomrule", r"\end{tabular}"]
    if table.wide:
        tabular = [r"\resizebox{\textwidth}{!}{%", *tabular, "}"]
    return "\n".join(
        [
            "% needs booktabs and graphicx" if table.wide else "% needs booktabs",
            rf"\begin{{{environment}}}",
            r"\centering",
            rf"\caption{{{latex_escape(table.caption)}}}",
            rf"\label{{tab:{re.sub(r'[^a-z0-9]+', '', table.title.lower())}}}",
            *tabular,
            rf"\par\smallskip{{\footnotesize {latex_escape(footer)}}}",
            rf"\end{{{environment}}}",
            "",
        ]
    )


def _latex_header(columns: Sequence[Column]) -> list[str]:
    lines = []
    if any(column.group for column in columns):
        groups = [(name, len(list(members))) for name, members in groupby(column.group for column in columns)]
        lines.append(
            _latex_row(
                rf"\multicolumn{{{n}}}{{c}}{{{latex_escape(name)}}}" if name else " & " * (n - 1) for name, n in groups
            )
        )
        start = 1
        for name, n in groups:
            if name:
                lines.append(rf"\cmidrule(lr){{{start}-{start + n - 1}}}")
            start += n
    return [*lines, _latex_row(latex_escape(column.name) for column in columns)]


def _latex_row(cells: Iterable[str]) -> str:
    return rf"{' & '.join(cells)} \\"


def _latex_cell(cell: Cell) -> str:
    text = latex_escape(cell.text)
    return rf"\underline{{{text}}}" if cell.underline else text


def latex_escape(text: str) -> str:
    """Plain text for LaTeX: its special characters, and the few symbols our tables use."""
    return _LATEX_PATTERN.sub(lambda match: _LATEX[match.group()], text)
