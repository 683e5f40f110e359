"""What a judged audit says: sentences, a table for the terminal, JSON values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from logire.audit.judge import Judged, Spread
from logire.audit.suggestion import KINDS

NAMES = {
    "logire_plus": "LogiRE+",
    "combined": "LogiRE+ and labels' rules",
    "backbone": "backbone alone",
    "rules": "labels' rules alone",
}
QUESTIONS = {
    "missing": "missing facts: share that the better labels have",
    "doubtful": "doubtful labels: share that the better labels lack",
}


def sentences(judged: Judged) -> Iterator[str]:
    """What was compared, and what could not be."""
    about = f"{judged.corpus}{' (synthetic)' if judged.synthetic else ''}, {judged.split}"
    yield f"{about}: {judged.documents} documents compared; 95% intervals over documents."
    for titles, what in (
        (judged.missing, "are not in the better corpus"),
        (judged.differing, "have other entities or mentions there"),
    ):
        if titles:
            yield f"left out: {len(titles)} documents {what}: {_some(titles)}."
    if judged.relations:
        yield f"left out: facts of the relations that the better corpus lacks: {_some(judged.relations)}."
    if judged.new:
        yield f"never suggested, for the audited corpus lacks them: {_some(judged.new)}."


def table(judged: Judged, kind: str) -> Table:
    """The precisions of one kind: a line for each cut and method."""
    found = Table(title=QUESTIONS[kind], title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("first", "ranked by", "right", "share", "95%", "suggestions over it", "95%"):
        found.add_column(heading, justify="left" if heading == "ranked by" else "right", no_wrap=True)
    for row in (row for row in judged.rows if row.kind == kind):
        ratio = row.ratio or Spread(None, None, None)
        texts = (f"{100 * row.share.value:.1f}" if row.share.value is not None else "-", _interval(row.share, 100))
        over = (f"{ratio.value:.2f}" if ratio.value is not None else "-", _interval(ratio, 1) if row.ratio else "-")
        found.add_row(str(row.cut), NAMES[row.method], str(row.right), *texts, *over)
    return found


def short(judged: Judged) -> Iterator[str]:
    """Which rankings are too short for some cuts."""
    for kind in KINDS:
        for method in NAMES:
            length = judged.lengths.get((kind, method), 0)
            if not any(row.kind == kind and row.method == method for row in judged.rows if row.cut >= 1000):
                yield f"{kind}, {NAMES[method]}: {length} in the list; no share of more."


def as_dict(judged: Judged) -> dict[str, Any]:
    """Everything as JSON values."""
    fields = asdict(judged)
    lengths: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}
    for (kind, method), length in judged.lengths.items():
        lengths[kind][method] = length
    return fields | {"rows": [asdict(row) for row in judged.rows], "lengths": lengths}


def _interval(spread: Spread, times: int) -> str:
    digits = 1 if times == 100 else 2
    if spread.low is None:
        return "-"
    high = "∞" if spread.high is None else f"{times * spread.high:.{digits}f}"
    return f"{times * spread.low:.{digits}f} to {high}"


def _some(names: Sequence[str], most: int = 3) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
