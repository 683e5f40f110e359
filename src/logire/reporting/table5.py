"""Table 5: the best learnt rules as formulas."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from logire.corpus.gold import GoldRule, read_gold_rules
from logire.ground.errors import InputError
from logire.ground.files import read_json
from logire.reporting.formulas import formula
from logire.reporting.runs import Corpus, label
from logire.reporting.sources import run_source
from logire.reporting.tables import Cell, Column, Record, Table, write_table

MIN_SUPPORT = 5
MIN_CONFIDENCE = 0.5
_NUMBERS = ("weight", "prior", "posterior", "support", "confidence")
_TEXTS = ("relation", "head_type", "tail_type", "body")


def table5(rules: Path, out_stem: Path, *, most: int = 10) -> None:
    """Write the best rules of one run as ``out_stem.{csv,md,tex}``.

    Of each relation, the rule with the largest weight among those that are not the identity, have a positive weight,
    at least :data:`MIN_SUPPORT` supporting pairs and a confidence of at least :data:`MIN_CONFIDENCE`; of these, the
    ``most`` largest weights.

    Args:
        rules: a run's ``rules.csv``; the ``run.json`` beside it says what the run was.

    Raises:
        InputError: a file is missing or broken.

    Where no rule meets the criterion, the caption says so and the table is empty.
    """
    rows = _read(rules)
    run = _run(rules.parent / "run.json")
    corpus = Corpus(str(run["dataset"]), bool(run["synthetic"]))
    best: dict[str, dict[str, str]] = {}
    for row in sorted(rows, key=lambda row: -float(row["weight"])):
        if _worthy(row):
            best.setdefault(row["relation"], row)
    chosen = list(best.values())[:most]
    gold = set(read_gold_rules())
    table = Table(
        title="Table 5",
        caption=f"{corpus.warning}Rules learnt by {label(run['backbone'], run['method'])} on {corpus}, seed "
        f"{run['seed']}: the largest weight of each relation, among rules other than the identity with a support of "
        f"{MIN_SUPPORT} pairs and a confidence of {MIN_CONFIDENCE} or more in the training labels. "
        + (
            "The last column says whether it is one of the gold rules of the logic score."
            if chosen
            else "There is none."
        ),
        columns=[
            Column("Rule", left=True),
            Column("Types of h, t", left=True),
            *(Column(name) for name in ("weight", "posterior", "support", "confidence")),
            Column("gold", left=True),
        ],
        blocks=[[_row(row, _rule(row) in gold) for row in chosen]],
        records=[_record(row, _rule(row) in gold) for row in chosen],
        sources=[run_source(rules)],
    )
    write_table(out_stem, table)


def _run(file: Path) -> dict[str, Any]:
    remedy = "give the rules.csv inside a run folder"
    run = read_json(file, remedy=remedy)
    for key in ("dataset", "synthetic", "backbone", "method", "seed"):
        if not isinstance(run, dict) or key not in run:
            raise InputError("is missing", file=file, field=key, remedy=remedy)
    return dict(run)


def _read(file: Path) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=file) from error
    for number, row in enumerate(rows, start=2):
        try:
            for key in (*_TEXTS, *_NUMBERS):
                value = row[key]
                if key in _NUMBERS:
                    float(value or "nan")
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"is no table of rules ({error!r})", file=file, field=f"line {number}") from error
    return rows


def _rule(row: dict[str, str]) -> GoldRule:
    return GoldRule(row["relation"], tuple(atom.strip() for atom in row["body"].split("^")))


def _worthy(row: dict[str, str]) -> bool:
    return (
        row["body"] != row["relation"]
        and float(row["weight"]) > 0
        and float(row["support"]) >= MIN_SUPPORT
        and float(row["confidence"] or 0) >= MIN_CONFIDENCE
    )


def _row(row: dict[str, str], gold: bool) -> list[Cell]:
    rule = _rule(row)
    types = ", ".join(row[key].removeprefix("type::") for key in ("head_type", "tail_type"))
    return [
        Cell(formula(rule.head, rule.body)),
        Cell(types),
        Cell(f"{float(row['weight']):.2f}"),
        Cell(f"{float(row['posterior']):.3f}"),
        Cell(row["support"]),
        Cell(f"{float(row['confidence']):.2f}"),
        Cell("yes" if gold else "no"),
    ]


def _record(row: dict[str, str], gold: bool) -> Record:
    return {**{key: row[key] for key in (*_TEXTS, *_NUMBERS)}, "gold": gold}
