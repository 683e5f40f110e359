"""A backbone against the same backbone + LogiRE, relation by relation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from logire.ground.errors import InputError
from logire.reporting.runs import BACKBONE, Metrics, group_runs, label, plus_minus, read_metrics, seeds_phrase, spread
from logire.reporting.tables import Cell, Column, Record, Table, write_table

SPLIT = "test"


def relation_table(metrics: Sequence[Path], out_stem: Path, backbone: str) -> None:
    """Write test F1 by relation, the most frequent first, as ``out_stem.{csv,md,tex}``.

    Relations that are neither labelled nor ever predicted are left out.

    Args:
        metrics: metrics files of one corpus; those of the test split and of ``backbone`` are used.
        backbone: its name in the metrics files.

    Raises:
        InputError: no file, mixed corpora, no run of this backbone, or a seed that one method lacks.
    """
    found = [item for item in read_metrics(metrics) if item.split == SPLIT and item.backbone == backbone]
    if not found:
        raise InputError(
            f"no metrics of {backbone!r} on the {SPLIT} split", remedy="give that backbone's test metrics files"
        )
    methods = group_runs(found, SPLIT)[backbone]
    gold = {name: int(row["gold"]) for name, row in found[0].values["per_relation"].items()}
    shown = [
        name
        for name in sorted(gold, key=lambda name: (-gold[name], name))
        if any(item.values["per_relation"][name][key] for item in found for key in ("gold", "predicted"))
    ]
    corpus = found[0].corpus
    counts = {len(seeds) for seeds in methods.values()}
    table = Table(
        title=f"F1 by relation, {label(backbone, BACKBONE)}",
        caption=f"{corpus.warning}F1 on the {SPLIT} split of {corpus} by relation: mean and standard deviation over "
        f"{seeds_phrase(counts)}, the gain over the backbone in brackets.",
        columns=[
            Column("Relation", left=True),
            Column("#Facts"),
            *(Column(label(backbone, method)) for method in methods),
        ],
        blocks=[
            [
                [Cell(name), Cell(str(gold[name])), *(_cell(methods, method, name) for method in methods)]
                for name in shown
            ]
        ],
        records=[_record(methods, method, name, gold[name]) for name in shown for method in methods],
        sources=[item.source for item in found],
    )
    write_table(out_stem, table)


def _f1(seeds: dict[int, Metrics], relation: str) -> list[float]:
    return [float(seeds[seed].values["per_relation"][relation]["f1"]) for seed in sorted(seeds)]


def _cell(methods: dict[str, dict[int, Metrics]], method: str, relation: str) -> Cell:
    ours = _f1(methods[method], relation)
    gain = "" if method == BACKBONE else f" ({mean(ours) - mean(_f1(methods[BACKBONE], relation)):+.2f})"
    return Cell(plus_minus(ours) + gain)


def _record(methods: dict[str, dict[int, Metrics]], method: str, relation: str, gold: int) -> Record:
    ours, base = _f1(methods[method], relation), _f1(methods[BACKBONE], relation)
    return {
        "relation": relation,
        "gold": gold,
        "method": method,
        "seeds": len(ours),
        "mean": mean(ours),
        "sd": spread(ours),
        "gain": None if method == BACKBONE else mean(ours) - mean(base),
    }
