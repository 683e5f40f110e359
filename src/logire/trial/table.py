"""A corpus's trial as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from logire.ground.numbers import signed
from logire.reporting.sources import Source
from logire.reporting.tables import MISSING, Cell, Column, Record, Table, p_value
from logire.trial.measure import Measured, Spread
from logire.trial.record import Trial

_SYNTHETIC = "Synthetic corpus: these numbers say nothing of real text. "


def trial_table(measured: Sequence[Measured], trials: Sequence[Trial], files: Sequence[Path]) -> Table:
    """The gain of every method, mean and by backbone, and how far LogiRE+ is ahead.

    Args:
        files: where the trials were read from, in their order.
    """
    backbones = list(measured[0].of)
    seeds = {name: sum(trial.backbone == name for trial in trials) for name in backbones}
    runs = ", ".join(f"{name} {seeds[name]}" for name in backbones)
    one = trials[0]
    base = next(iter(one.methods.values())).splits["test"]
    caption = (
        f"{_SYNTHETIC if one.synthetic else ''}{one.dataset}, test, {len(base.facts)} documents; seeds: {runs}. "
        "Gain in F1 over the backbone (95%, documents and seeds drawn anew), mean over seeds, then over backbones; "
        "the least of any run; gain in ign F1 and logic; LogiRE+ minus the method, with p by Holm; seconds to fit, "
        "ms a document to decide."
    )
    columns = [
        Column("method", left=True),
        Column("F1"),
        *(Column(name) for name in backbones),
        Column("least"),
        Column("ign F1"),
        Column("logic"),
        Column("LogiRE+ ahead by"),
        Column("p"),
        Column("s"),
        Column("ms"),
    ]
    sources = [
        Source(file, {"backbone": trial.backbone, "method": "trial", "seed": trial.seed})
        for file, trial in zip(files, trials, strict=True)
    ]
    return Table(
        title=f"Trial on {one.dataset}",
        caption=caption,
        columns=columns,
        blocks=[[_row(found, backbones) for found in measured[1:]]],
        records=[record for found in measured for record in _records(found)],
        sources=sources,
        wide=True,
    )


def _row(found: Measured, backbones: Sequence[str]) -> list[Cell]:
    gain, lead = found.overall, found.lead
    ahead = MISSING if lead is None else f"{signed(lead.difference)} [{signed(lead.low)}, {signed(lead.high)}]"
    cells = [
        found.title,
        f"{signed(gain.f1.difference)} [{signed(gain.f1.low)}, {signed(gain.f1.high)}]",
        *(signed(found.of[name].f1.difference) for name in backbones),
        signed(gain.least),
        signed(gain.ign_f1),
        MISSING if gain.logic is None else signed(gain.logic),
        ahead,
        MISSING if found.p_holm is None else p_value(found.p_holm),
        f"{found.seconds:.1f}",
        f"{found.milliseconds:.1f}",
    ]
    return [Cell(text) for text in cells]


def _records(found: Measured) -> list[Record]:
    def record(backbone: str, spread: Spread) -> dict[str, str | float | None]:
        return {
            "method": found.name,
            "backbone": backbone,
            "gain": _rounded(spread.f1.difference),
            "low": _rounded(spread.f1.low),
            "high": _rounded(spread.f1.high),
            "p": _rounded(spread.f1.p),
            "least": _rounded(spread.least),
            "ign_f1": _rounded(spread.ign_f1),
            "logic": _rounded(spread.logic),
        }

    lead = found.lead
    more: dict[str, str | float | None] = {
        "ahead": None if lead is None else _rounded(lead.difference),
        "ahead_low": None if lead is None else _rounded(lead.low),
        "ahead_high": None if lead is None else _rounded(lead.high),
        "ahead_p_holm": _rounded(found.p_holm),
        "verdict": found.verdict,
        "fit_seconds": round(found.seconds, 2),
        "decide_ms": round(found.milliseconds, 3),
    }
    return [record("", found.overall) | more, *(record(name, spread) for name, spread in found.of.items())]


def _rounded(value: float | None) -> float | None:
    """To the sixth place: a machine that adds in another order writes the same bytes."""
    return None if value is None else round(value, 6) + 0.0
