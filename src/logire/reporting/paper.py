"""The paper's own figures (Tables 2 and 3), and ours beside them: for real DWIE only."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

from logire.reporting.runs import Corpus, Metrics, Runs, label, series
from logire.reporting.tables import MISSING, Cell, Column, Record, Table, write_table

PAPER_RESULTS = Path(__file__).parent / "data" / "paper_results.csv"

# The paper's metric -> ours. Its ign F1 may be of either definition: both are compared.
_COMPARED = {"ign_f1": ("ign_f1", "ign_f1_logire"), "f1": ("f1",), "logic": ("logic",)}
_NAMES = {"ign_f1": "ign F1", "ign_f1_logire": "ign F1, authors' script", "f1": "F1", "logic": "logic"}
_SPLIT_SIZES = {"dev": 98, "test": 99}


def paper_results(dataset: str) -> dict[tuple[str, str], dict[str, float | None]]:
    """(split, row label) -> the paper's ign F1, F1 and logic in percent; logic None where it gives none."""
    with PAPER_RESULTS.open(encoding="utf-8", newline="") as file:
        return {
            (row["split"], row["model"]): {metric: float(row[metric]) if row[metric] else None for metric in _COMPARED}
            for row in csv.DictReader(file)
            if row["dataset"] == dataset
        }


def compare_with_paper(metrics: Sequence[Metrics], runs: Mapping[str, Runs], out_stem: Path) -> None:
    """Write paper, ours and difference as ``out_stem.{csv,md,tex}``; nothing unless this is the paper's DWIE split.

    Args:
        metrics: all metrics of the table.
        runs: the same by split, backbone, method and seed.
    """
    if metrics[0].corpus != Corpus("dwie", synthetic=False) or any(
        item.values["counts"]["documents"] != _SPLIT_SIZES.get(item.split) for item in metrics
    ):
        return
    published = paper_results("dwie")
    blocks: list[list[list[Cell]]] = []
    records: list[Record] = []
    for split, grouped in runs.items():
        rows = []
        for backbone, methods in grouped.items():
            for method, seeds in methods.items():
                paper = published.get((split, label(backbone, method)))
                if paper is None:
                    continue
                cells = [Cell(label(backbone, method)), Cell(split)]
                for metric, compared in _COMPARED.items():
                    cells.append(Cell(_number(paper[metric])))
                    for name in compared:
                        found, theirs = series(seeds, name), paper[metric]
                        ours = None if found is None else mean(found)
                        difference = None if ours is None or theirs is None else ours - theirs
                        cells += [Cell(_number(ours)), Cell(_number(difference, signed=True))]
                        records.append(
                            {
                                "split": split,
                                "backbone": backbone,
                                "method": method,
                                "metric": name,
                                "seeds": len(seeds),
                                "paper": theirs,
                                "ours": ours,
                                "difference": difference,
                            }
                        )
                rows.append(cells)
        if rows:
            blocks.append(rows)
    if not blocks:
        return
    table = Table(
        title="Table 2, compared",
        caption="The paper's Table 2 and ours (mean over seeds) on DWIE. The paper does not say which definition its "
        "ign F1 follows, so it is compared with both: DocRED's, and that of the authors' script (*).",
        columns=[
            Column("Model", left=True),
            Column("Split", left=True),
            *(Column(name, group="ign F1") for name in ("paper", "ours", "diff.", "ours*", "diff.*")),
            *(Column(name, group=group) for group in ("F1", "logic") for name in ("paper", "ours", "diff.")),
        ],
        blocks=blocks,
        records=records,
        sources=[item.source for item in metrics],
        wide=True,
    )
    write_table(out_stem, table)


def _number(value: float | None, *, signed: bool = False) -> str:
    return MISSING if value is None else f"{value:+.2f}" if signed else f"{value:.2f}"
