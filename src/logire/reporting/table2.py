"""Table 2: each backbone against the same backbone + LogiRE, over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

from logire.evaluation.significance import paired_t_test
from logire.ground.errors import InputError
from logire.reporting.gains import HEADLINE, Gains, Significance, find_gains
from logire.reporting.paper import Compared, ComparedRow, published, write_comparison
from logire.reporting.runs import (
    BACKBONE,
    Corpus,
    Metrics,
    Runs,
    group_runs,
    label,
    plus_minus,
    read_metrics,
    seeds_phrase,
    series,
    spread,
)
from logire.reporting.tables import MISSING, Cell, Column, Record, Table, write_table

SHOWN = {"ign_f1": "ign F1", "f1": "F1", "logic": "logic"}
RECORDED = ("f1", "ign_f1", "ign_f1_logire", "logic", "precision", "recall")
# Ours -> the paper's. Its ign F1 may be of either definition: both are compared.
_COMPARED = {
    "ign_f1": ("ign F1", "ign_f1"),
    "ign_f1_logire": ("ign F1, authors' script", "ign_f1"),
    "f1": ("F1", "f1"),
    "logic": ("logic", "logic"),
}
_PAPERS_DOCUMENTS = {"dev": 98, "test": 99}
SIGNIFICANT = 0.01
"""Gains with a smaller p value are underlined, as in the paper."""


def table2(metrics: Sequence[Path], out_stem: Path, *, title: str = "Table 2") -> None:
    """Write the main results of one corpus as ``out_stem.{csv,md,tex}``.

    For DWIE itself, the paper's own figures are set beside ours in ``{out_stem}_paper.{csv,md,tex}``.

    Args:
        metrics: the metrics files of every backbone, method, seed and split.
        title: what the table is called; the paper's Table 3 is the same for DocRED.

    Raises:
        InputError: no file, files of more than one corpus, a run twice, a seed that only one method or only one split
            has, or runs scored on different documents.
    """
    found = read_metrics(metrics)
    splits = [split for split in ("dev", "test") if any(item.split == split for item in found)]
    runs = {split: group_runs(found, split) for split in splits}
    _check_splits(runs)
    tested = splits[-1]
    gains = {split: find_gains(runs[split]) if split == tested else {} for split in splits}
    table = Table(
        title=title,
        caption=_caption(found, runs[tested], tested),
        columns=[
            Column("Model", left=True),
            *(Column(name, group=split.capitalize()) for split in splits for name in SHOWN.values()),
            *(Column(f"p, {SHOWN[metric]}") for metric in HEADLINE),
        ],
        blocks=[
            [_row(runs, backbone, method, gains) for method in methods] for backbone, methods in runs[tested].items()
        ],
        records=[record for split in splits for record in _records(runs[split], split, gains[split])],
        sources=[item.source for item in found],
        wide=True,
    )
    write_table(out_stem, table)
    _compare_with_paper(found, runs, out_stem.with_name(f"{out_stem.name}_paper"))


def _check_splits(runs: Mapping[str, Runs]) -> None:
    if not runs:
        raise InputError("no metrics of the dev or the test split", remedy="score predictions on dev and test")
    splits_of: dict[tuple[str, str, int], list[str]] = {}
    for split, backbones in runs.items():
        for backbone, methods in backbones.items():
            for method, seeds in methods.items():
                for seed in seeds:
                    splits_of.setdefault((backbone, method, seed), []).append(split)
    for (backbone, method, seed), splits in splits_of.items():
        if len(splits) < len(runs):
            raise InputError(
                f"{backbone}, {method}, seed {seed} has metrics of the {splits[0]} split only",
                remedy="give dev and test metrics of every run",
            )


def _row(runs: Mapping[str, Runs], backbone: str, method: str, gains: Mapping[str, Gains]) -> list[Cell]:
    cells = [Cell(label(backbone, method))]
    tests: list[Cell] = []
    for split, grouped in runs.items():
        for metric in SHOWN:
            ours, base = series(grouped[backbone][method], metric), series(grouped[backbone][BACKBONE], metric)
            text = MISSING if ours is None else plus_minus(ours)
            if ours is not None and base is not None and method != BACKBONE:
                text += f" ({mean(ours) - mean(base):+.2f})"
            found = gains[split].get((backbone, method, metric))
            p = found.test.p if found else None
            cells.append(Cell(text, underline=p is not None and p < SIGNIFICANT))
            if found:
                tests.append(Cell(found.test.note or _p_values(found)))
    return cells + (tests or [Cell("") for _ in HEADLINE])


def _p_values(found: Significance) -> str:
    """``0.004 (0.008)``: p and, in brackets, Holm's."""

    def show(p: float | None) -> str:
        return MISSING if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"

    return f"{show(found.test.p)} ({show(found.p_holm)})"


def _records(runs: Runs, split: str, gains: Gains) -> list[Record]:
    records: list[Record] = []
    for backbone, methods in runs.items():
        for method, seeds in methods.items():
            for metric in RECORDED:
                ours, base = series(seeds, metric), series(methods[BACKBONE], metric)
                gain = None if ours is None or base is None or method == BACKBONE else paired_t_test(base, ours)
                found = gains.get((backbone, method, metric))
                records.append(
                    {
                        "backbone": backbone,
                        "method": method,
                        "split": split,
                        "metric": metric,
                        "seeds": len(seeds),
                        "mean": None if ours is None else mean(ours),
                        "sd": None if ours is None else spread(ours),
                        "gain": None if gain is None else gain.difference,
                        "gain_sd": None if gain is None else gain.deviation,
                        **(found.as_record() if found else {}),
                    }
                )
    return records


def _caption(metrics: Sequence[Metrics], runs: Runs, tested: str) -> str:
    corpus = metrics[0].corpus
    counts = {len(seeds) for methods in runs.values() for seeds in methods.values()}
    over = seeds_phrase(counts) if max(counts) == 1 else f"mean ± standard deviation over {_seeds(runs)}"
    gold = {item.split: item.values.get("gold_logic") for item in metrics}
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


def _seeds(runs: Runs) -> str:
    """``5 seeds``, or ``5 seeds (GAIN: 1 seed)`` where a backbone has fewer than others."""
    counts = {backbone: {len(seeds) for seeds in methods.values()} for backbone, methods in runs.items()}
    most = max(max(found) for found in counts.values())
    fewer = [f"{label(name, BACKBONE)}: {seeds_phrase(found)}" for name, found in counts.items() if found != {most}]
    return seeds_phrase({most}) + (f" ({', '.join(fewer)})" if fewer else "")


def _compare_with_paper(metrics: Sequence[Metrics], runs: Mapping[str, Runs], stem: Path) -> None:
    """Write the paper's Table 2 beside ours; nothing unless these are the paper's own DWIE documents."""
    if metrics[0].corpus != Corpus("dwie", synthetic=False) or any(
        item.values["counts"]["documents"] != _PAPERS_DOCUMENTS.get(item.split) for item in metrics
    ):
        return
    paper = published("Table 2", "dwie")
    rows = []
    for split, grouped in runs.items():
        for backbone, methods in grouped.items():
            for method, seeds in methods.items():
                name = label(backbone, method)
                if (split, name) in paper:
                    found = {metric: series(seeds, metric) for metric in _COMPARED}
                    numbers = [
                        Compared(metric, heading, against, None if values is None else mean(values))
                        for (metric, (heading, against)), values in zip(_COMPARED.items(), found.values(), strict=True)
                    ]
                    keys = {"split": split, "backbone": backbone, "method": method}
                    rows.append(ComparedRow({"Model": name, "Split": split}, keys, paper[split, name], numbers))
    caption = (
        "The paper's Table 2 (page 1244) and ours (mean over seeds) on DWIE. The paper does not say which definition "
        "its ign F1 follows, so it is compared with both: DocRED's, and that of the authors' script."
    )
    if rows:
        write_comparison(stem, "Table 2", caption, rows, [item.source for item in metrics], decimals=2)
