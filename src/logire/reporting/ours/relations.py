"""A backbone against the same backbone + LogiRE, relation by relation."""

from __future__ import annotations

from logire.reporting.exhibits import find
from logire.reporting.frame import Summary, summarise, tidy_relations
from logire.reporting.material import Material
from logire.reporting.tables import Cell, Column, Record, Table, score, seeds_phrase

SPLIT = "test"


def relations(material: Material) -> Table:
    """Test F1 of the shown backbone by relation, the most frequent first.

    Relations that are neither labelled nor ever predicted are left out.

    Raises:
        InputError: no run of this backbone, or a seed that one method lacks.
    """
    runs = material.runs.main(material.backbone, split=SPLIT)
    measured = [run.metrics[SPLIT]["per_relation"] for run in runs]
    gold = {name: int(row["gold"]) for name, row in measured[0].items()}
    shown = [
        name
        for name in sorted(gold, key=lambda name: (-gold[name], name))
        if any(found[name][key] for found in measured for key in ("gold", "predicted"))
    ]
    rows = summarise(tidy_relations(runs, SPLIT, shown, "f1"))
    cells: dict[str, list[Cell]] = {name: [Cell(name), Cell(str(gold[name]))] for name in shown}
    for row in rows:
        cells[row.key["relation"]].append(Cell(score(row.mean, row.sd, row.gain)))
    corpus = runs[0].corpus
    return Table(
        title=f"{find('relations').title}, {runs[0].names.backbone}",
        caption=f"{corpus.warning}F1 on the {SPLIT} split of {corpus.title} by relation: mean and standard deviation "
        f"over {seeds_phrase(row.seeds for row in rows)}, the gain over the backbone in brackets.",
        columns=[
            Column("Relation", left=True),
            Column("#Facts"),
            *(Column(label) for label in dict.fromkeys(run.names.label for run in runs)),
        ],
        blocks=[list(cells.values())],
        records=[_record(row, gold[row.key["relation"]]) for row in rows],
        sources=[source for run in runs for source in run.sources[SPLIT]],
        wide=True,
    )


def _record(row: Summary, gold: int) -> Record:
    return {
        "relation": row.key["relation"],
        "gold": gold,
        "method": row.key["method"],
        "seeds": row.seeds,
        "mean": row.mean,
        "sd": row.sd,
        "gain": row.gain,
    }
