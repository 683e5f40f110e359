"""Table 1: statistics of the corpora."""

from __future__ import annotations

from logire.corpus.statistics import Statistics
from logire.ground.errors import InputError
from logire.reporting.exhibits import find
from logire.reporting.material import Material
from logire.reporting.names import Corpus
from logire.reporting.paper.compared import Compared, ComparedRow, compare, published
from logire.reporting.selection import UnavailableError
from logire.reporting.sources import Source
from logire.reporting.tables import MISSING, Cell, Column, Record, Table

_KEYS = ("documents", "entities", "mentions", "facts", "distinct_facts", "tokens", "longest_document", "most_entities")
_SHOWN = {"documents": "#Doc.", "relations": "#Rel.", "entities": "#Ent.", "facts": "#Facts", "tokens": "#Tokens"}
_COMPARED = ("documents", "relations", "entities", "facts")

Measured = dict[Corpus, list[Record]]
"""Corpus -> one record a split."""


def table1(material: Material) -> Table:
    """The statistics of one or more prepared corpora.

    Raises:
        InputError: no corpus, one without its statistics, or one given twice.
    """
    measured, sources = _read(material)
    synthetic = "".join(f" {corpus.title} is a {corpus.warning}" for corpus in measured if corpus.synthetic)
    return Table(
        title=find("table1").title,
        caption=f"Statistics of the corpora, facts as annotated (with their duplicates).{synthetic}".strip(),
        columns=[
            Column("Corpus", left=True),
            Column("Split", left=True),
            *(Column(heading) for heading in _SHOWN.values()),
        ],
        blocks=[[_row(corpus, row) for row in rows] for corpus, rows in measured.items()],
        records=[row for rows in measured.values() for row in rows],
        sources=sources,
    )


def table1_paper(material: Material) -> Table:
    """The paper's Table 1 beside ours.

    Raises:
        UnavailableError: the paper does not have these corpora.
    """
    measured, sources = _read(material)
    rows = []
    for corpus, records in measured.items():
        paper = {} if corpus.synthetic else published("Table 1", corpus.name)
        for record in records:
            split = str(record["split"])
            if (split, "") in paper:
                numbers = [
                    Compared(key, _SHOWN[key], key, float(value) if isinstance(value := record[key], int) else None)
                    for key in _COMPARED
                ]
                keys = {"corpus": corpus.name, "split": split}
                rows.append(ComparedRow({"Corpus": corpus.title, "Split": split}, keys, paper[split, ""], numbers))
    if not rows:
        raise UnavailableError(f"the paper has no figures for {' and '.join(corpus.title for corpus in measured)}")
    caption = "The paper's Table 1 (page 1243) and ours: facts as annotated, with their duplicates."
    return compare(find("table1_paper").title, caption, rows, sources, decimals=0)


def _read(material: Material) -> tuple[Measured, list[Source]]:
    measured: Measured = {}
    sources = []
    for file in material.statistics:
        values = Statistics.read(file)
        corpus = Corpus.of(values.corpus, values.synthetic)
        try:
            rows: list[Record] = [
                {
                    "corpus": corpus.name,
                    "synthetic": corpus.synthetic,
                    "split": split,
                    "relations": values.relations,
                    **{key: numbers[key] for key in _KEYS},
                }
                for split, numbers in values.splits.items()
            ]
        except KeyError as error:
            raise InputError("is missing", file=file, field=f"splits, {error.args[0]}") from error
        if corpus in measured:
            raise InputError(f"the corpus {corpus.title} is given twice", file=file, remedy="name each corpus once")
        measured[corpus] = rows
        sources.append(Source(file, {"data_digest": values.data_digest}))
    return measured, sources


def _row(corpus: Corpus, row: Record) -> list[Cell]:
    numbers = (row[key] for key in _SHOWN)
    return [Cell(corpus.title), Cell(str(row["split"])), *(Cell(MISSING if n is None else f"{n}") for n in numbers)]
