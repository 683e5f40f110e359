"""Table 1: statistics of the corpora."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from logire.ground.errors import InputError
from logire.ground.files import read_json
from logire.reporting.paper import Compared, ComparedRow, published, write_comparison
from logire.reporting.runs import Corpus
from logire.reporting.sources import Source
from logire.reporting.tables import MISSING, Cell, Column, Record, Table, write_table

_KEYS = ("documents", "entities", "mentions", "facts", "distinct_facts", "tokens", "longest_document", "most_entities")

_COMPARED = {"documents": "#Doc.", "relations": "#Rel.", "entities": "#Ent.", "facts": "#Facts"}


def table1(statistics: Sequence[Path], out_stem: Path) -> None:
    """Write the statistics of one or more prepared corpora as ``out_stem.{csv,md,tex}``.

    For corpora that the paper has, its figures are set beside ours in ``{out_stem}_paper.{csv,md,tex}``.

    Args:
        statistics: the ``statistics.json`` of each corpus.

    Raises:
        InputError: no file, one without the statistics, or a corpus given twice.
    """
    if not statistics:
        raise InputError("no input file was given", remedy="name at least one statistics.json")
    blocks, records, sources = [], [], []
    corpora: list[Corpus] = []
    for file in statistics:
        values = read_json(file)
        try:
            corpus = Corpus(str(values["corpus"]), bool(values["synthetic"]))
            rows: list[Record] = [
                {
                    "corpus": corpus.name,
                    "synthetic": corpus.synthetic,
                    "split": split,
                    "relations": values["relations"],
                    **{key: numbers[key] for key in _KEYS},
                }
                for split, numbers in values["splits"].items()
            ]
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"is no statistics file ({error!r})", file=file, remedy="`logire prepare` writes one"
            ) from error
        if corpus in corpora:
            raise InputError(f"the corpus {corpus} is given twice", file=file)
        corpora.append(corpus)
        sources.append(Source(file, {"data_digest": values.get("data_digest")}))
        records += rows
        blocks.append([_row(corpus, row) for row in rows])
    synthetic = "".join(f" {corpus} is a {corpus.warning}" for corpus in corpora if corpus.synthetic)
    table = Table(
        title="Table 1",
        caption=f"Statistics of the corpora, facts as annotated (with their duplicates).{synthetic}".strip(),
        columns=[
            Column("Corpus", left=True),
            Column("Split", left=True),
            *(Column(name) for name in ("#Doc.", "#Rel.", "#Ent.", "#Facts", "#Tokens")),
        ],
        blocks=blocks,
        records=records,
        sources=sources,
    )
    write_table(out_stem, table)
    _compare_with_paper(records, sources, out_stem.with_name(f"{out_stem.name}_paper"))


def _compare_with_paper(records: Sequence[Record], sources: Sequence[Source], stem: Path) -> None:
    """Write the paper's Table 1 beside ours; nothing where it does not have these corpora."""
    rows = []
    for record in records:
        corpus, split = Corpus(str(record["corpus"]), bool(record["synthetic"])), str(record["split"])
        paper = {} if corpus.synthetic else published("Table 1", corpus.name)
        if (split, "") in paper:
            found = {key: record[key] for key in _COMPARED}
            numbers = [
                Compared(key, heading, key, float(value) if isinstance(value, int) else None)
                for (key, heading), value in zip(_COMPARED.items(), found.values(), strict=True)
            ]
            keys = {"corpus": corpus.name, "split": split}
            rows.append(ComparedRow({"Corpus": str(corpus), "Split": split}, keys, paper[split, ""], numbers))
    if rows:
        caption = "The paper's Table 1 (page 1243) and ours: facts as annotated, with their duplicates."
        write_comparison(stem, "Table 1", caption, rows, sources, decimals=0)


def _row(corpus: Corpus, row: Record) -> list[Cell]:
    numbers = (row[key] for key in ("documents", "relations", "entities", "facts", "tokens"))
    return [Cell(str(corpus)), Cell(str(row["split"])), *(Cell(MISSING if n is None else f"{n}") for n in numbers)]
