"""Tables 2 and 3: each backbone against the same backbone + LogiRE, over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from logire.evaluation.metrics import find as find_metric
from logire.reporting.exhibits import Exhibit, find
from logire.reporting.frame import (
    HEADLINE,
    Significance,
    Summary,
    seeds_phrase,
    significance,
    summarise,
    tidy,
)
from logire.reporting.material import Material
from logire.reporting.names import Corpus, backbone_title, label
from logire.reporting.paper.compared import Compared, ComparedRow, compare, published
from logire.reporting.runs import SPLITS, Run, UnavailableError
from logire.reporting.tables import Cell, Column, Record, Table

SHOWN = ("ign_f1", "f1", "logic")
"""The metrics that are the columns of each split."""
SIGNIFICANT = 0.01
"""Gains with a smaller p value are underlined, as in the paper."""
# Ours -> the paper's. Its ign F1 may be of either definition: both are compared.
_COMPARED = {"ign_f1": "ign_f1", "ign_f1_logire": "ign_f1", "f1": "f1", "logic": "logic"}
_PAPERS_DOCUMENTS = {"dev": 98, "test": 99}


def table2(material: Material) -> Table:
    """The main results of one corpus: dev and test, with the gains over the backbone on the last of them tested.

    Raises:
        InputError: no scored run, a seed that only one method or only one split has, or runs scored on different
            documents.
    """
    return _main_results(material, find("table2"))


def table3(material: Material) -> Table:
    """The same for a corpus in DocRED's form."""
    return _main_results(material, find("table3"))


def table2_paper(material: Material) -> Table:
    """The paper's Table 2 beside ours, for DWIE as the paper split it.

    Raises:
        UnavailableError: these are not the paper's documents, or none of its models.
    """
    runs = material.runs.main()
    if runs[0].corpus != Corpus("dwie", synthetic=False) or any(
        values["counts"]["documents"] != _PAPERS_DOCUMENTS.get(split)
        for run in runs
        for split, values in run.metrics.items()
        if split in SPLITS
    ):
        raise UnavailableError("these are not the paper's documents of DWIE (98 for dev, 99 for test)")
    paper = published("Table 2", "dwie")
    rows: dict[tuple[str, str], dict[str, Summary]] = {}
    for row in summarise(tidy(runs, tuple(_COMPARED))):
        name = label(row.key["backbone"], row.key["method"])
        rows.setdefault((row.key["split"], name), {})[row.key["metric"]] = row
    compared = [
        ComparedRow(
            names={"Model": name, "Split": split},
            keys={key: found["f1"].key[key] for key in ("split", "backbone", "method")},
            paper=paper[split, name],
            numbers=[
                Compared(metric, find_metric(metric).title, against, found[metric].mean)
                for metric, against in _COMPARED.items()
            ],
        )
        for (split, name), found in rows.items()
        if (split, name) in paper
    ]
    if not compared:
        raise UnavailableError("the paper has none of these models")
    return compare(
        find("table2_paper").title,
        "The paper's Table 2 (page 1244) and ours (mean over seeds) on DWIE. The paper does not say which definition "
        "its ign F1 follows, so it is compared with both: DocRED's, and that of the authors' script.",
        compared,
        [source for run in runs for source in run.sources(*SPLITS)],
        decimals=2,
    )


def _main_results(material: Material, exhibit: Exhibit) -> Table:
    runs = material.runs.main()
    splits = [split for split in SPLITS if split in runs[0].metrics]
    rows = summarise(tidy(runs))
    tests = significance(rows, runs, splits[-1])
    return Table(
        title=exhibit.title,
        caption=_caption(runs, rows, splits[-1]),
        columns=[
            Column("Model", left=True),
            *(Column(find_metric(metric).title, group=split.capitalize()) for split in splits for metric in SHOWN),
            *(Column(f"p, {find_metric(metric).title}") for metric in HEADLINE),
        ],
        blocks=_blocks(rows, tests, splits),
        records=[_record(row, tests.get(i)) for i, row in enumerate(rows)],
        sources=[source for run in runs for source in run.sources(*splits)],
        wide=True,
    )


def _blocks(
    rows: Sequence[Summary], tests: Mapping[int, Significance], splits: Sequence[str]
) -> list[list[list[Cell]]]:
    """A block for each backbone, a row for each of its methods."""
    at = {tuple(row.key[key] for key in ("backbone", "method", "split", "metric")): i for i, row in enumerate(rows)}
    blocks: dict[str, list[list[Cell]]] = {}
    for backbone, method in dict.fromkeys((backbone, method) for backbone, method, *_ in at):
        cells = [Cell(label(backbone, method))]
        for split in splits:
            for metric in SHOWN:
                i = at[backbone, method, split, metric]
                p = tests[i].test.p if i in tests else None
                cells.append(Cell(rows[i].with_gain, underline=p is not None and p < SIGNIFICANT))
        found = [tests.get(at[backbone, method, splits[-1], metric]) for metric in HEADLINE]
        blocks.setdefault(backbone, []).append([*cells, *(Cell("" if test is None else str(test)) for test in found)])
    return list(blocks.values())


def _record(row: Summary, found: Significance | None) -> Record:
    return {
        **{key: row.key[key] for key in ("backbone", "method", "split", "metric")},
        "seeds": row.seeds,
        "mean": row.mean,
        "sd": row.sd,
        "gain": row.test.difference if row.test else None,
        "gain_sd": row.test.deviation if row.test else None,
        **(found.as_record() if found else {}),
    }


def _caption(runs: Sequence[Run], rows: Sequence[Summary], tested: str) -> str:
    corpus = runs[0].corpus
    counts = {row.seeds for row in rows}
    over = seeds_phrase(counts) if max(counts) == 1 else f"mean ± standard deviation over {_seeds(rows)}"
    gold = {split: values.get("gold_logic") for run in runs for split, values in run.metrics.items() if split in SPLITS}
    logic = ", ".join(f"{score:.1f} ({split})" for split, score in sorted(gold.items()) if score is not None)
    sentences = [
        f"{corpus.warning}Main results on {corpus}: {over}, the gain over the backbone in brackets.",
        "ign F1 is that of Yao et al. (2019): precision without the correct facts that training has, recall over all.",
        f"The labels' own logic score is {logic}." if logic else "No gold rule applies to this corpus: no logic score.",
        "Threshold, epoch and EM iteration (of LogiRE+ penalty, blend and closure) were chosen by F1 on dev.",
        "One seed: no test of significance."
        if max(counts) == 1
        else f"p: paired t-test over seeds on {tested}, Holm-corrected over the table in brackets; "
        f"underlined: p < {SIGNIFICANT}.",
    ]
    return " ".join(sentences)


def _seeds(rows: Sequence[Summary]) -> str:
    """``5 seeds``, or ``5 seeds (GAIN: 1 seed)`` where a backbone has fewer than others."""
    counts: dict[str, set[int]] = {}
    for row in rows:
        counts.setdefault(row.key["backbone"], set()).add(row.seeds)
    most = max(max(found) for found in counts.values())
    fewer = [f"{backbone_title(name)}: {seeds_phrase(found)}" for name, found in counts.items() if found != {most}]
    return seeds_phrase({most}) + (f" ({', '.join(fewer)})" if fewer else "")
