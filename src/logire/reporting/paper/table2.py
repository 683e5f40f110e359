"""Tables 2 and 3: each backbone against the same backbone + LogiRE, over seeds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import product

from logire.evaluation.significance import ENOUGH_SEEDS
from logire.reporting.exhibits import Exhibit, find
from logire.reporting.frame import HEADLINE, TITLES, Summary, summarise, tested, tidy
from logire.reporting.material import Material
from logire.reporting.paper.compared import Compared, ComparedRow, compare, published
from logire.reporting.runs import SPLITS, Run
from logire.reporting.selection import UnavailableError
from logire.reporting.tables import Cell, Column, Table, p_value, score, seeds_phrase

SHOWN = ("ign_f1", "f1", "logic")
"""The metrics that are the columns of each split."""
SIGNIFICANT = 0.01
"""Gains with a smaller p are underlined, as in the paper; here after Holm's correction."""
_KEY = ("backbone", "method", "variant", "split", "metric")
"""What a number in the table belongs to."""
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
    if (
        runs[0].corpus.name != "dwie"
        or runs[0].corpus.synthetic
        or any(
            values["counts"]["documents"] != _PAPERS_DOCUMENTS.get(split)
            for run in runs
            for split, values in run.metrics.items()
            if split in SPLITS
        )
    ):
        raise UnavailableError("these are not the paper's documents of DWIE (98 for dev, 99 for test)")
    paper = published("Table 2", "dwie")
    labels = {(run.backbone, run.method): run.names.label for run in runs}
    rows: dict[tuple[str, str], dict[str, Summary]] = {}
    for row in summarise(tidy(runs, tuple(_COMPARED))):
        name = labels[row.key["backbone"], row.key["method"]]
        rows.setdefault((row.key["split"], name), {})[row.key["metric"]] = row
    compared = [
        ComparedRow(
            names={"Model": name, "Split": split},
            keys={key: found["f1"].key[key] for key in ("split", "backbone", "method")},
            paper=paper[split, name],
            numbers=[
                Compared(metric, TITLES[metric], against, found[metric].mean) for metric, against in _COMPARED.items()
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
        [source for run in runs for split in SPLITS for source in run.sources.get(split, ())],
        decimals=2,
    )


def _main_results(material: Material, exhibit: Exhibit) -> Table:
    runs = material.runs.rows()
    splits = [split for split in SPLITS if split in runs[0].metrics]
    rows = {tuple(row.key[key] for key in _KEY): row for row in tested(runs, splits[-1])}
    caption = _caption(runs, rows.values(), splits[-1])
    blocks: dict[str, list[list[Cell]]] = {}
    for run in {(run.backbone, run.method, run.variant): run for run in runs}.values():
        cells = [Cell(run.label)]
        for split, metric in product(splits, SHOWN):
            row = rows[run.backbone, run.method, run.variant, split, metric]
            sure = row.significance is not None and row.significance.below(SIGNIFICANT)
            cells.append(Cell(score(row.mean, row.sd, row.gain), underline=sure))
        for metric in HEADLINE:
            test = rows[run.backbone, run.method, run.variant, splits[-1], metric].significance
            corrected = f" ({p_value(test.p_holm)})" if test and test.p is not None else ""
            cells.append(Cell(f"{p_value(test.p)}{corrected}" if test else ""))
        blocks.setdefault(run.backbone, []).append(cells)
    return Table(
        title=exhibit.title,
        caption=caption,
        columns=[
            Column("Model", left=True),
            *(Column(TITLES[metric], group=split.capitalize()) for split, metric in product(splits, SHOWN)),
            *(Column(f"p, {TITLES[metric]}") for metric in HEADLINE),
        ],
        blocks=list(blocks.values()),
        records=[{**dict(zip(_KEY, key, strict=True)), **row.record} for key, row in rows.items()],
        sources=[source for run in runs for split in splits for source in run.sources[split]],
        wide=True,
    )


def _caption(runs: Sequence[Run], rows: Collection[Summary], split: str) -> str:
    corpus = runs[0].corpus
    seeds: dict[str, set[int]] = {}
    for row in rows:
        seeds.setdefault(row.key["backbone"], set()).add(row.seeds)
    most = max(row.seeds for row in rows)
    titles = {run.backbone: run.names.backbone for run in runs}
    fewer = [f"{titles[name]}: {seeds_phrase(found)}" for name, found in seeds.items() if found != {most}]
    over = f"{'' if most == 1 else 'mean ± standard deviation over '}{seeds_phrase({most})}"
    over += f" ({', '.join(fewer)})" if fewer else ""
    gold = {name: values.get("gold_logic") for run in runs for name, values in run.metrics.items() if name in SPLITS}
    logic = ", ".join(f"{value:.1f} ({name})" for name, value in sorted(gold.items()) if value is not None)
    sentences = [
        f"{corpus.warning}Main results on {corpus.title}: {over}, the gain over the backbone in brackets.",
        "ign F1 is that of Yao et al. (2019): precision without the correct facts that training has, recall over all.",
        f"The labels' own logic score is {logic}." if logic else "No gold rule applies to this corpus: no logic score.",
        "Rows with a name after the method differ from it in some settings." if any(r.variant for r in runs) else "",
        "Threshold, epoch and EM iteration (of LogiRE+ penalty, blend and closure) were chosen by F1 on dev: gains on "
        "dev carry that choice.",
        "One seed: no test of significance."
        if most == 1
        else f"p: paired t-test over seeds on {split}, Holm-corrected over the table in brackets; "
        + (
            f"nothing is underlined: that takes {ENOUGH_SEEDS} seeds."
            if most < ENOUGH_SEEDS
            else f"underlined: corrected p < {SIGNIFICANT} with at least {ENOUGH_SEEDS} seeds."
        ),
    ]
    return " ".join(sentence for sentence in sentences if sentence)
