"""A table of variants: the methods with their own settings, and with one setting or another changed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from statistics import mean

from logire.evaluation.significance import PairedTest, paired_t_test
from logire.reporting.runs import BACKBONE, METHODS, label, plus_minus, seeds_phrase, spread
from logire.reporting.table2 import RECORDED
from logire.reporting.tables import MISSING, Cell, Column, Record, Table, write_table
from logire.reporting.variants import SPLITS, Variant, read_variants

TESTED = ("test", "f1")
"""The split and the metric by which a variant is held against its method's own settings."""


def ablations(metrics: Sequence[Path], out_stem: Path) -> None:
    """Write one row a variant as ``out_stem.{csv,md,tex,html}``.

    All scores are percentages, all gains and differences points. A gain is over the backbone's runs of the row's own
    seeds; a difference is over the seeds that the row and its method's own settings both have.

    Args:
        metrics: dev and test metrics files of one backbone: its own, of LogiRE and LogiRE+, and of their variants.

    Raises:
        InputError: no file, mixed corpora or backbones, no run of the backbone alone, a run twice, of one split only,
            or of a seed that the backbone lacks.
    """
    variants = read_variants(metrics)
    base = variants[0]
    own = {variant.method: variant for variant in variants if variant.name is None}
    table = Table(
        title="Variants",
        caption=_caption(variants),
        columns=[
            Column("Variant", left=True),
            Column("seeds"),
            *(Column(name, group="Dev") for name in ("F1", "gain")),
            *(Column(name, group="Test") for name in ("F1", "gain", "logic")),
            *(Column(name, group="Against own settings") for name in ("test F1", "p")),
        ],
        blocks=[
            [_row(variant, base, own.get(variant.method)) for variant in members]
            for _, members in groupby(variants, key=lambda variant: variant.method)
        ],
        records=[
            _record(variant, base, own.get(variant.method), split, metric)
            for split in SPLITS
            for variant in variants
            for metric in RECORDED
        ],
        sources=[item.source for variant in variants for item in variant.metrics],
        wide=True,
    )
    write_table(out_stem, table)


def _compare(ours: Variant, other: Variant | None, split: str, metric: str) -> PairedTest | None:
    """``ours`` - ``other`` over the seeds that both have; None where there is nothing to compare."""
    seeds = [seed for seed in ours.seeds if seed in other.seeds] if other is not None and other is not ours else []
    if other is None or not seeds:
        return None
    theirs, values = other.values(split, metric, seeds), ours.values(split, metric, seeds)
    return None if theirs is None or values is None else paired_t_test(theirs, values)


def _row(variant: Variant, base: Variant, own: Variant | None) -> list[Cell]:
    logic = variant.values("test", "logic")
    gains = {split: _compare(variant, base, split, "f1") for split in SPLITS}
    against = _compare(variant, own, *TESTED)
    return [
        Cell(str(variant)),
        Cell(str(len(variant.seeds))),
        Cell(plus_minus(variant.values("dev", "f1") or [])),
        Cell(_signed(gains["dev"], deviation=False)),
        Cell(plus_minus(variant.values("test", "f1") or [])),
        Cell(_signed(gains["test"])),
        Cell(MISSING if logic is None else plus_minus(logic)),
        Cell(_signed(against)),
        Cell(_p_value(against)),
    ]


def _signed(found: PairedTest | None, *, deviation: bool = True) -> str:
    """``+1.20 ± 0.31``."""
    if found is None:
        return MISSING
    return f"{found.difference:+.2f}" + (
        f" ± {found.deviation:.2f}" if deviation and found.deviation is not None else ""
    )


def _p_value(found: PairedTest | None) -> str:
    if found is None:
        return MISSING
    return found.note if found.p is None else "< 0.001" if found.p < 0.001 else f"{found.p:.3f}"


def _record(variant: Variant, base: Variant, own: Variant | None, split: str, metric: str) -> Record:
    values = variant.values(split, metric)
    gain, against = _compare(variant, base, split, metric), _compare(variant, own, split, metric)
    tested = against if (split, metric) == TESTED else None
    return {
        "backbone": variant.backbone,
        "method": variant.method,
        "variant": variant.name,
        "split": split,
        "metric": metric,
        "seeds": len(variant.seeds),
        "mean": None if values is None else mean(values),
        "sd": None if values is None else spread(values),
        "gain": None if gain is None else gain.difference,
        "gain_sd": None if gain is None else gain.deviation,
        "common_seeds": None if against is None else against.seeds,
        "difference": None if against is None else against.difference,
        "difference_sd": None if against is None else against.deviation,
        "p": None if tested is None else tested.p,
        "effect_size": None if tested is None else tested.effect_size,
    }


def _caption(variants: Sequence[Variant]) -> str:
    first = variants[0].metrics[0]
    counts = {len(variant.seeds) for variant in variants}
    several = max(counts) > 1
    over = f"mean ± standard deviation over {seeds_phrase(counts)}" if several else seeds_phrase(counts)
    methods = dict.fromkeys(variant.method for variant in variants if variant.method != BACKBONE)
    names = " and ".join(METHODS.get(method, method) for method in methods) or METHODS["logire"]
    sentences = [
        f"{first.corpus.warning}Variants of {names} on {label(first.backbone, BACKBONE)}, {first.corpus}: "
        f"{over}. Below each method's own settings stand its variants, which differ from it as their names say.",
        "Gain: over the backbone's runs of the same seeds. Difference: to the method's own settings, over the seeds "
        "that both have" + (", ± the standard deviation over seeds." if several else "."),
        "p: paired t-test over these seeds, not corrected for the number of variants."
        if several
        else "One seed: no test of significance.",
    ]
    if len(counts) > 1:
        sentences.append(
            "Rows with other numbers of seeds are to be compared by gain and difference, not by their means."
        )
    sentences.append(
        "Thresholds, epochs, LogiRE's EM iteration and LogiRE+'s penalty, blend and closure were chosen by F1 on dev."
    )
    return " ".join(sentences)
