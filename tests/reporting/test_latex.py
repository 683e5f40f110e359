"""Every table in LaTeX, in a paper of two columns."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from reporting_builders import document, made, prepared, write_runs

from logire.reporting.exhibits import exhibits
from logire.reporting.report import make_report
from logire.reporting.sources import Source
from logire.reporting.tables import Cell, Column, Table

REFERENCE = Path(__file__).parents[2] / "reference" / "dwie"
PROGRAM = next(filter(None, map(shutil.which, ("pdflatex", "lualatex"))), None)
PAPER = r"""\documentclass[a4paper,11pt,twocolumn]{article}
\usepackage[margin=2.5cm]{geometry}
\usepackage{booktabs,graphicx,array}
\begin{document}
%s
\clearpage
\end{document}
"""
TABLES = {exhibit.name for exhibit in exhibits() if "tex" in exhibit.endings}


def set_in(folder: Path, files: list[Path]) -> list[str]:
    """Set the tables in one paper; what does not fit, as LaTeX says it."""
    assert PROGRAM
    (folder / "paper.tex").write_text(PAPER % "\n".join(rf"\input{{{file}}}" for file in files))
    command = [PROGRAM, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    environment = os.environ | {"max_print_line": "1000"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-3000:]
    found = re.findall(r"^(?:LaTeX Warning: Float too large|Overfull \\hbox \(([\d.]+)pt).*", done.stdout, re.MULTILINE)
    return [points for points in found if not points or float(points) > 1]


@pytest.mark.skipif(PROGRAM is None, reason="no LaTeX is installed (Debian: apt install texlive-latex-recommended)")
def test_every_table_fits_a_paper_of_two_columns(tmp_path: Path) -> None:
    report = make_report([REFERENCE], tmp_path / "dwie", only=sorted(TABLES - {"table3", "table4"}))
    made("table3", write_runs(tmp_path / "runs", [2.0, 2.1, 1.9], corpus="docred"), tmp_path / "docred")
    facts = [(0, "P22", 1), (1, "P40", 0), (0, "P150", 2), (2, "P131", 0)]
    splits = {split: [document(split, 3, facts)] for split in ("train", "dev", "test")}
    corpus = prepared(tmp_path / "documents", splits, relations=("P22", "P40", "P150", "P131"), name="docred")
    make_report([], tmp_path / "docred", only=["table4"], documents=[corpus.path])
    odd = "50% & x_1 ~ {a}^\\ # $ < |"
    extreme = Table(
        "Odd",
        f"{odd} " * 20,
        [Column(odd, left=True, wraps=True), *(Column(f"{i}", group=odd) for i in range(9))],
        [[[Cell(f"{odd} " * 9), *(9 * [Cell(odd, underline=True)])]], [[Cell("c"), *(9 * [Cell("1")])]] * 80],
        [{}],
        [Source(Path(__file__))],
        wide=True,
    )
    extreme.write(tmp_path / "extreme" / "odd")
    files = sorted(tmp_path.rglob("*.tex"))
    assert {file.stem for file in files} == TABLES | {"odd"}
    assert len(report.made) == len(TABLES) - 2
    assert set_in(tmp_path, files) == []


@pytest.mark.skipif(PROGRAM is None, reason="no LaTeX is installed")
def test_what_does_not_fit_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "wide.tex").write_text(r"\begin{table}\rule{300pt}{1pt}\end{table}")
    (tmp_path / "tall.tex").write_text(r"\begin{table}\rule{1pt}{900pt}\end{table}")
    found = set_in(tmp_path, [tmp_path / "wide.tex", tmp_path / "tall.tex"])
    assert len(found) == 2
    assert "" in found
