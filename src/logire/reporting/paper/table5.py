"""Table 5: the best learnt rules as formulas."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence

from logire.corpus.gold import GoldRule, kind_of, read_gold_rules
from logire.ground.errors import InputError
from logire.reporting.exhibits import find
from logire.reporting.formulas import formula
from logire.reporting.material import LOGIRE, Material
from logire.reporting.names import Corpus
from logire.reporting.runs import Run
from logire.reporting.selection import UnavailableError
from logire.reporting.sources import Source, run_source
from logire.reporting.tables import Cell, Column, Record, Table

MIN_SUPPORT = 5
MIN_CONFIDENCE = 0.5
MOST = 10
"""Rows of the table."""
_NUMBERS = ("weight", "prior", "posterior", "support", "confidence")
_TEXTS = ("relation", "head_type", "tail_type", "body")


def table5(material: Material) -> Table:
    """The best rules of the shown run of LogiRE.

    Of each relation, the rule with the largest weight among those that are not the identity, have a positive weight,
    at least :data:`MIN_SUPPORT` supporting pairs and a confidence of at least :data:`MIN_CONFIDENCE`; of these, the
    :data:`MOST` largest weights. Where no rule meets the criterion, the caption says so and the table is empty.

    Raises:
        UnavailableError: no run of LogiRE on the shown backbone, or its ``rules.csv`` is missing.
        InputError: its ``rules.csv`` is broken, or its record does not say what it was made on.
    """
    run = material.shown(LOGIRE)
    rows = _read(run)
    for key in ("dataset", "synthetic"):
        if getattr(run.record, key) is None:
            raise InputError("is missing", file=run.record_file, field=key, remedy="give a run that `logire fit` made")
    corpus = Corpus.of(str(run.record.dataset), bool(run.record.synthetic))
    best: dict[str, Mapping[str, str]] = {}
    for row in sorted(rows, key=lambda row: -float(row["weight"])):
        if _worthy(row):
            best.setdefault(row["relation"], row)
    chosen = list(best.values())[:MOST]
    gold = set(read_gold_rules())
    return Table(
        title=find("table5").title,
        caption=f"{corpus.warning}Rules learnt by {run.names.label} on {corpus.title}, seed "
        f"{run.seed}: the largest weight of each relation, among rules other than the identity with a support of "
        f"{MIN_SUPPORT} pairs and a confidence of {MIN_CONFIDENCE} or more in the training labels. "
        + (
            "The last column says whether it is one of the gold rules of the logic score."
            if chosen
            else "There is none."
        ),
        columns=[
            Column("Rule", left=True, wraps=True),
            Column("Types of h, t", left=True),
            Column("Kind", left=True),
            *(Column(name) for name in ("weight", "posterior", "support", "confidence")),
            Column("gold", left=True),
        ],
        blocks=[[_row(row, _rule(row) in gold) for row in chosen]],
        records=[_record(row, _rule(row) in gold) for row in chosen],
        sources=[_source(run)],
        wide=True,
    )


def _source(run: Run) -> Source:
    file = run.folder / "rules.csv"
    if not run.kept:
        return run_source(file)
    return Source(
        file,
        {
            "run": run.name,
            "backbone": run.backbone,
            "method": run.method,
            "seed": run.seed,
            "data_digest": run.record.data_digest,
        },
    )


def _read(run: Run) -> Sequence[Mapping[str, str]]:
    """The rules of a run, each field as text."""
    file = run.folder / "rules.csv"
    if run.kept:
        if run.kept.rules is None:
            raise UnavailableError(f"the rules of {run.name} were not kept", file=file)
        kept = run.kept.rules.astype(object)
        texts = kept.where(kept.notna(), "").astype(str)
        rows = [{str(key): str(value) for key, value in row.items()} for row in texts.to_dict("records")]
    else:
        try:
            with file.open(encoding="utf-8", newline="") as lines:
                rows = list(csv.DictReader(lines))
        except OSError as error:
            raise UnavailableError(
                f"cannot be read ({error.strerror})", file=file, remedy="`logire fit` writes it into the run's folder"
            ) from error
    for number, row in enumerate(rows, start=2):
        try:
            for key in (*_TEXTS, *_NUMBERS):
                value = row[key]
                if key in _NUMBERS:
                    float(value or "nan")
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"is not a table of rules ({error!r})", file=file, field=f"line {number}") from error
    return rows


def _rule(row: Mapping[str, str]) -> GoldRule:
    return GoldRule(row["relation"], tuple(atom.strip() for atom in row["body"].split("^")))


def _worthy(row: Mapping[str, str]) -> bool:
    return (
        row["body"] != row["relation"]
        and float(row["weight"]) > 0
        and float(row["support"]) >= MIN_SUPPORT
        and float(row["confidence"] or 0) >= MIN_CONFIDENCE
    )


def _row(row: Mapping[str, str], gold: bool) -> list[Cell]:
    rule = _rule(row)
    types = ", ".join(row[key].removeprefix("type::") for key in ("head_type", "tail_type"))
    return [
        Cell(formula(rule.head, rule.body)),
        Cell(types),
        Cell(kind_of(rule.head, rule.body)),
        Cell(f"{float(row['weight']):.2f}"),
        Cell(f"{float(row['posterior']):.3f}"),
        Cell(row["support"]),
        Cell(f"{float(row['confidence']):.2f}"),
        Cell("yes" if gold else "no"),
    ]


def _record(row: Mapping[str, str], gold: bool) -> Record:
    rule = _rule(row)
    return {
        **{key: row[key] for key in (*_TEXTS, *_NUMBERS)},
        "kind": kind_of(rule.head, rule.body).value,
        "gold": gold,
    }
