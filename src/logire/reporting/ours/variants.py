"""A table of variants: the methods with their own settings, and with one setting or another changed."""

from __future__ import annotations

from collections.abc import Sequence

from logire.evaluation.significance import PairedTest
from logire.ground.numbers import signed
from logire.reporting.exhibits import find
from logire.reporting.frame import Summary, summarise, tidy
from logire.reporting.material import LOGIRE, Material
from logire.reporting.names import BACKBONE, Names
from logire.reporting.runs import SPLITS, Run
from logire.reporting.selection import UnavailableError
from logire.reporting.tables import MISSING, Cell, Column, Record, Table, p_value, score, seeds_phrase

TESTED = ("test", "f1")
"""The split and the metric by which a variant is held against its method's own settings."""

Rows = dict[tuple[str, str], tuple[Summary, Summary]]
"""(split, metric) -> one setting compared with the backbone, and with its method's own settings."""


def variants(material: Material) -> Table:
    """One row a variant.

    All scores are percentages, all gains and differences points. A gain is over the backbone's runs of the row's own
    seeds; a difference is over the seeds that the row and its method's own settings both have.

    Raises:
        UnavailableError: no run is a variant.
        InputError: variants on several backbones, no run of the backbone alone, a run of one split only, or of a seed
            that the backbone lacks.
    """
    runs = material.runs.compared(material.backbone)
    if not any(run.variant for run in runs):
        raise UnavailableError("none of the runs is a variant", remedy="fit some with `logire fit --variant NAME`")
    frame = tidy(runs)
    pairs = list(zip(summarise(frame), summarise(frame, over="own"), strict=True))
    settings: dict[tuple[str, str], Rows] = {}
    for pair in pairs:
        key = pair[0].key
        settings.setdefault((key["method"], key["variant"]), {})[key["split"], key["metric"]] = pair
    blocks: dict[str, list[list[Cell]]] = {}
    for (method, variant), rows in settings.items():
        first = next(run for run in runs if (run.method, run.variant) == (method, variant))
        blocks.setdefault(method, []).append(_row(first, rows))
    return Table(
        title=find("variants").title,
        caption=_caption(runs, {rows[TESTED][0].seeds for rows in settings.values()}),
        columns=[
            Column("Variant", left=True),
            Column("seeds"),
            *(Column(name, group="Dev") for name in ("F1", "gain")),
            *(Column(name, group="Test") for name in ("F1", "gain", "logic")),
            *(Column(name, group="Against own settings") for name in ("test F1", "p")),
        ],
        blocks=list(blocks.values()),
        records=[_record(*pair) for pair in pairs],
        sources=[source for run in runs for split in SPLITS for source in run.sources[split]],
        wide=True,
    )


def _row(run: Run, rows: Rows) -> list[Cell]:
    dev, test, logic = (rows[key][0] for key in (("dev", "f1"), ("test", "f1"), ("test", "logic")))
    against = rows[TESTED][1].test
    return [
        Cell(run.title),
        Cell(str(test.seeds)),
        Cell(score(dev.mean, dev.sd)),
        Cell(_signed(dev.test, deviation=False)),
        Cell(score(test.mean, test.sd)),
        Cell(_signed(test.test)),
        Cell(score(logic.mean, logic.sd)),
        Cell(_signed(against)),
        Cell(MISSING if against is None else p_value(against.p)),
    ]


def _signed(found: PairedTest | None, *, deviation: bool = True) -> str:
    """``+1.20 ± 0.31``."""
    if found is None:
        return MISSING
    return signed(found.difference) + (f" ± {found.deviation:.2f}" if deviation and found.deviation is not None else "")


def _record(row: Summary, own: Summary) -> Record:
    against = own.test
    tested = against if (row.key["split"], row.key["metric"]) == TESTED else None
    return {
        **{key: row.key[key] for key in ("backbone", "method", "variant", "split", "metric")},
        **row.record,
        "common_seeds": None if against is None else against.seeds,
        "difference": None if against is None else against.difference,
        "difference_sd": None if against is None else against.deviation,
        "p": None if tested is None else tested.p,
        "effect_size": None if tested is None else tested.effect_size,
    }


def _caption(runs: Sequence[Run], counts: set[int]) -> str:
    corpus, names = runs[0].corpus, runs[0].names
    several = max(counts) > 1
    over = f"mean ± standard deviation over {seeds_phrase(counts)}" if several else seeds_phrase(counts)
    methods = {run.method: run.names.method for run in runs if run.method != BACKBONE}
    varied = " and ".join(methods.values()) or Names.of(runs[0].backbone, LOGIRE).method
    sentences = [
        f"{corpus.warning}Variants of {varied} on {names.backbone}, {corpus.title}: {over}. "
        "Below each method's own settings stand its variants, which differ from it as their names say.",
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
