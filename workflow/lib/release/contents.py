"""Which files of finished runs a release holds.

Of a corpus that is not synthetic, a release holds names of documents and numbers, never text: no documents, no
vocabularies, no explanations, and no figure that shows them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from logire.corpus.compact import FLOOR
from logire.corpus.dump import write_compact
from logire.corpus.runfolder import (
    HISTORY,
    LOGITS,
    MODEL,
    RULES,
    SETTINGS,
    Predicted,
    explanations_name,
    metrics_name,
    predictions_name,
)
from logire.ground.errors import InputError
from logire.ground.records import RUN, RunRecord
from logire.ground.typed import Whole, read_typed
from logire.reporting.exhibits import SOURCES, exhibits
from logire.reporting.names import BACKBONE
from workflow.lib.datasets import CORPUS, SCORED

COMPACT = "logits-compact.safetensors"
RUNS = "runs"
NUMBERS = ("rel2id.json", "ner2id.json", "corpus.json", "statistics.json")
"""The files of a prepared corpus that are not documents."""
PAGE = Path("report", "explanations.html")
UNRULED = (BACKBONE, "fold")
"""The methods whose models are the backbone's: large, and with a vocabulary beside them."""
BELOW_THRESHOLD = 5.0
"""How far the floor of compact logits lies below the threshold at least."""
KEPT = (".csv", ".md", ".json", ".png")
"""The endings of the files that reference/ keeps."""


@dataclass(frozen=True)
class Results:
    """The finished runs of one corpus, and what was made from them.

    Attributes:
        name: the dataset's, such as ``dwie``: that of the folder.
        folder: it holds ``runs`` and, where they were made, ``corpus``, ``tables``, ``figures`` and ``report``.
        runs: record of each run by where it lies below ``runs``, such as ``logire/lstm/seed1``; in that order.
        synthetic: whether its text may be passed on.
    """

    name: str
    folder: Path
    runs: dict[str, RunRecord]
    synthetic: bool

    @classmethod
    def read(cls, runs: Path) -> Results:
        """The finished runs of a dataset.

        Args:
            runs: the folder ``runs`` of its results.

        Raises:
            InputError: it is not called so, holds no finished run, or a record is damaged.
        """
        runs = runs.resolve()
        found = {
            file.parent.relative_to(runs).as_posix(): RunRecord.read(file.parent) for file in sorted(runs.rglob(RUN))
        }
        if runs.name != RUNS or not found:
            problem = "holds no finished run" if runs.name == RUNS else f"is not called {RUNS!r}"
            raise InputError(problem, file=runs, remedy="give the folder `runs` of one dataset's results")
        synthetic = all(record.synthetic is True for record in found.values())
        return cls(runs.parent.name, runs.parent, found, synthetic)

    @property
    def place(self) -> str:
        """Where the results stand in a release."""
        return f"results/{self.name}"

    def copied(self) -> Iterator[Path]:
        """The files that are passed on as they are, seen from ``folder``, which has them."""
        splits = [*SCORED, "train"]
        of_a_run = [RUN, HISTORY, RULES, SETTINGS]
        of_a_run += [name(split) for split in splits for name in (predictions_name, metrics_name, Predicted.name)]
        of_a_run += [explanations_name(split) for split in splits] if self.synthetic else []
        wanted = [Path("corpus", name) for name in (CORPUS if self.synthetic else NUMBERS)]
        for name, record in self.runs.items():
            models = [] if record.method in UNRULED else [MODEL]
            wanted += [Path(RUNS, name, file) for file in (*of_a_run, *models)]
        for exhibit in exhibits():
            if exhibit.needs != "shown" or self.synthetic:
                wanted += [Path(exhibit.kind, f"{exhibit.name}.{ending}") for ending in exhibit.endings]
        wanted += [PAGE] if self.synthetic else []
        yield from sorted(path for path in wanted if (self.folder / path).is_file())

    def lists_of_sources(self) -> Iterator[Path]:
        """The lists of what the tables and figures in :meth:`copied` were made from."""
        return (path for path in self.copied() if path.name.endswith(f".{SOURCES}"))

    def write(self, out: Path) -> None:
        """Copy the files into ``out``, logits in the compact form.

        Raises:
            InputError: predictions hold more than names of documents, indices, relations and scores, or logits are
                damaged.
        """
        for path in self.copied():
            if not self.synthetic and path.name in {predictions_name(split) for split in SCORED}:
                read_typed(self.folder / path, list[_Row], remedy="make the predictions again")
            to = out / path
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.folder / path, to)
        for name, record in self.runs.items():
            dump = self.folder / RUNS / name / LOGITS
            if dump.is_file():
                theta = record.threshold
                floor = FLOOR if theta is None else min(FLOOR, theta - BELOW_THRESHOLD)
                write_compact(out / RUNS / name / COMPACT, dump, floor=floor, theta=theta)


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    """A prediction that says nothing of the text."""

    title: str
    h_idx: Whole
    t_idx: Whole
    r: str
    score: float | None = None


def copy_reference(reference: Path, out: Path) -> None:
    """Copy the measured numbers that the repository keeps."""
    for file in sorted(reference.rglob("*")):
        if file.is_file() and file.suffix in KEPT:
            to = out / file.relative_to(reference)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, to)


def check_names(results: Sequence[Results]) -> None:
    """Refuse two folders of results of the same name: they would stand at one place."""
    names = [of.name for of in results]
    for of in results:
        if names.count(of.name) > 1:
            raise InputError(f"there are several results of {of.name}", file=of.folder, remedy="move one away")
