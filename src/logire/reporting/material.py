"""What tables and figures are made from: runs, prepared corpora, and which of them to show as the example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from logire.corpus.prepared import PreparedCorpus
from logire.corpus.statistics import FILE, Statistics
from logire.reporting.names import Corpus
from logire.reporting.runs import Run
from logire.reporting.selection import Runs, UnavailableError

SHOWN = "bilstm"
"""The backbone that is shown as the example where no other is asked for."""
LOGIRE = "logire"
"""The method whose run is shown as the example."""


class Made(Protocol):
    """A table or figure whose numbers are known."""

    def write(self, stem: Path) -> None:
        """Write its files, ``stem`` and an ending each."""


@dataclass(frozen=True)
class Material:
    """What tables and figures are made from.

    Attributes:
        paths: folders of runs or of kept numbers.
        documents: prepared corpora, that of the runs first; Table 1 and Figure 3 show all of them.
        chosen: the backbone to show as the example; None for :data:`SHOWN`, or the first where that was not run.
        rules: a file of implication rules for Table 4; the paper's where it is None.
    """

    paths: Sequence[Path] = ()
    documents: Sequence[Path] = ()
    chosen: str | None = None
    rules: Path | None = None

    @cached_property
    def runs(self) -> Runs:
        """The runs, read on first use.

        Raises:
            UnavailableError: no run was given.
        """
        if not self.paths:
            raise UnavailableError("no runs were given", remedy="name run folders, or a folder that holds some")
        return Runs.read(self.paths)

    @property
    def backbone(self) -> str:
        """The backbone that is shown as the example."""
        known = self.runs.backbones
        return self.chosen or (SHOWN if SHOWN in known or not known else known[0])

    def shown(self, method: str) -> Run:
        """The run that is shown as the example: a method on the shown backbone, the first seed.

        Raises:
            UnavailableError: there is none.
        """
        found = [run for run in self.runs.all if (run.backbone, run.method, run.variant) == (self.backbone, method, "")]
        if not found:
            raise UnavailableError(
                f"no run of {method} on {self.backbone} was given", remedy="give that run, or show another backbone"
            )
        return min(found, key=lambda run: run.seed)

    @property
    def corpora(self) -> list[PreparedCorpus]:
        """The prepared corpora.

        Raises:
            UnavailableError: none was given, or a folder holds no documents.
        """
        if not self.documents:
            raise UnavailableError("no documents were given", remedy="name the prepared corpus with --documents")
        for folder in self.documents:
            if folder.is_dir() and not (folder / "rel2id.json").exists():
                raise UnavailableError("holds no documents", file=folder, remedy="give the whole prepared corpus")
        return [PreparedCorpus.open(folder) for folder in self.documents]

    @property
    def statistics(self) -> list[Path]:
        """The ``statistics.json`` of each corpus.

        Raises:
            UnavailableError: no corpus was given.
        """
        if not self.documents:
            raise UnavailableError("no corpus was given", remedy="name the prepared corpus with --documents")
        return [folder / FILE for folder in self.documents]

    @cached_property
    def corpus(self) -> Corpus:
        """The corpus that the report is about."""
        if self.paths:
            return self.runs.corpus
        values = Statistics.read(self.statistics[0])
        return Corpus.of(values.corpus, values.synthetic)
