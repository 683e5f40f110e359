"""How long the runs took, by kind of run and backbone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from logire.ground.files import write_text
from logire.reporting.material import Material
from logire.reporting.selection import UnavailableError
from logire.reporting.tables import Record, records_text


@dataclass(frozen=True)
class Minutes:
    """One record a kind of run and backbone: how many runs, and their wall time in minutes, least and mean."""

    records: list[Record]

    def write(self, stem: Path) -> None:
        """Write ``stem.csv``."""
        write_text(stem.with_name(f"{stem.name}.csv"), records_text(self.records))


def minutes(material: Material) -> Minutes:
    """The wall time of every kind of run, out-of-fold runs and variants included.

    The least comes nearest to what a run takes by itself: the others may have shared their processor, or been paused.

    Raises:
        UnavailableError: no run recorded its wall time.
    """
    seconds: dict[tuple[str, str], list[float]] = {}
    for run in material.runs.all:
        if run.record.wall_seconds is not None:
            kind = f"variants/{run.variant}" if run.variant else run.method
            seconds.setdefault((kind, run.backbone), []).append(run.record.wall_seconds)
    if not seconds:
        raise UnavailableError("no run recorded its wall time")
    return Minutes(
        [
            {
                "run": kind,
                "backbone": backbone,
                "runs": len(values),
                "least_minutes": f"{min(values) / 60:.2f}",
                "mean_minutes": f"{sum(values) / len(values) / 60:.2f}",
            }
            for (kind, backbone), values in sorted(seconds.items())
        ]
    )
