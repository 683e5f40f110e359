"""One look for all figures: colours told apart by colour-blind readers, hatches and markers for print in grey."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from logire.ground.files import atomic, write_text
from logire.reporting.sources import Source, write_sources
from logire.reporting.tables import Record, records_text

# Okabe and Ito (2008), ordered from dark to light so that neighbours differ in grey too.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
HATCHES = ("", "///", "...", "xxx")
MARKERS = ("o", "s", "^", "D")

_STYLE: dict[Any, Any] = {
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "0.88",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
    "pdf.fonttype": 42,
    "svg.hashsalt": "logire",
}

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every glyph it embeds in a PDF


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw and save in the house style inside this context."""
    with mpl.rc_context(_STYLE):
        yield


DRAWN = ("png", "pdf")
"""The forms of a figure."""


def save_figure(figure: Figure, stem: Path) -> None:
    """Write ``stem.png`` and ``stem.pdf`` atomically, without dates: the same figure gives the same bytes."""
    metadata: dict[str, dict[str, str | None]] = {
        "png": {"Software": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    }
    for kind, entries in metadata.items():
        with atomic(stem.with_name(f"{stem.name}.{kind}")) as temporary:
            figure.savefig(temporary, format=kind, metadata=entries)


@dataclass(frozen=True)
class Drawing:
    """A figure that is not drawn yet.

    Attributes:
        draw: draws it; called in the house style.
        records: its numbers in full, one mapping a CSV row.
        sources: the files it is made from.
    """

    draw: Callable[[], Figure]
    records: Sequence[Record]
    sources: Sequence[Source]

    def write(self, stem: Path) -> None:
        """Write ``stem.png``, ``stem.pdf``, ``stem.csv`` and ``stem.sources.json``, each atomically."""
        write_text(stem.with_name(f"{stem.name}.csv"), records_text(self.records))
        draw(self.draw, stem)
        write_sources(stem, self.sources, ("csv", *DRAWN))


def draw(drawn: Callable[[], Figure], stem: Path) -> None:
    """Draw a figure in the house style and write ``stem.png`` and ``stem.pdf``."""
    with figure_style():
        save_figure(drawn(), stem)
