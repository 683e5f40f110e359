"""One measured run: read from its folder or from kept numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logire.ground.errors import InputError
from logire.ground.files import read_json
from logire.ground.records import RUN, RunRecord
from logire.reporting.kept import Kept
from logire.reporting.kept import read as read_kept
from logire.reporting.names import BACKBONE, Corpus, backbone_title, method_title
from logire.reporting.sources import Source

_IDENTITY = ("backbone", "method", "seed")
_DIGESTS = ("params_digest", "data_digest")
_KEYS = (
    *("corpus.name", "corpus.synthetic", "split", "run.backbone", "run.method", "run.seed", "counts", "f1"),
    *(f"sources.{key}" for key in _DIGESTS),
)
"""What a metrics file must have."""
KEPT = "runs.csv"
"""The file by which a folder of kept numbers is known."""
_NOT_METRICS = ("history", "rules")
"""How the files of such a folder begin that no metric follows from."""


@dataclass(frozen=True, eq=False)
class Run:
    """One run and what was measured on it.

    Attributes:
        folder: the run's own folder, or the folder of the kept numbers.
        variant: the name of its settings; empty for a method's own.
        metrics: split -> what :func:`logire.evaluation.files.evaluate_file` found; empty for a run that was not scored.
        kept: the kept numbers that it was read from; None for a run in its own folder.
    """

    folder: Path
    backbone: str
    method: str
    variant: str
    seed: int
    record: RunRecord
    metrics: Mapping[str, Mapping[str, Any]]
    kept: Kept | None = None

    def __str__(self) -> str:
        """``BiLSTM``, ``LogiRE``, ``no positions``."""
        if self.variant:
            return self.variant.replace("_", " ")
        return backbone_title(self.backbone) if self.method == BACKBONE else method_title(self.method)

    @property
    def name(self) -> str:
        """What tells it apart: its folder, or its name among the kept numbers."""
        return self.kept.name if self.kept else self.folder.as_posix()

    @property
    def corpus(self) -> Corpus:
        """The corpus that it was measured on or, if it was not, made on."""
        return self.corpus_of(next(iter(self.metrics), ""))

    def corpus_of(self, split: str) -> Corpus:
        """The corpus that one split was measured on."""
        found = self.metrics.get(split, {}).get("corpus", {})
        name, synthetic = found.get("name", self.record.dataset), found.get("synthetic", self.record.synthetic)
        return Corpus(str(name), bool(synthetic))

    def file(self, split: str) -> Path:
        """The file that its metrics of a split come from."""
        return self.folder / (KEPT if self.kept else f"metrics-{split}.json")

    @property
    def record_file(self) -> Path:
        """The file that its record comes from."""
        return self.folder / (KEPT if self.kept else RUN)

    def digest(self, key: str, split: str = "") -> str | None:
        """``params_digest`` or ``data_digest``: as the metrics of a split have it, else as its record has."""
        digest: str | None = self.metrics.get(split, {}).get("sources", {}).get(key, getattr(self.record, key))
        return digest

    def sources(self, *splits: str) -> list[Source]:
        """What its metrics of some splits come from, all of its splits by default."""
        return [source for split in splits or self.metrics for source in self._source(split)]

    def _source(self, split: str) -> Iterator[Source]:
        facts = {
            "backbone": self.backbone,
            "method": self.method,
            **({"variant": self.variant} if self.variant else {}),
            "seed": self.seed,
            "split": split,
            **{key: self.digest(key, split) for key in _DIGESTS},
        }
        if self.kept is None:
            yield Source(self.file(split), facts)
            return
        yield Source(self.folder / KEPT, {"run": self.name, **facts})
        for file in sorted(self.folder.glob("*.csv")):
            if file.name != KEPT and not file.name.startswith(_NOT_METRICS):
                yield Source(file, {"data_digest": self.digest("data_digest", split)})


def read_runs(path: Path) -> Iterator[Run]:
    """The runs in a folder: its own, those in folders anywhere below it, or its kept numbers.

    Raises:
        InputError: it is not a folder or holds no run, or a run's record or metrics lack what they need.
    """
    remedy = "give run folders, a folder that holds some, or a folder of kept numbers"
    if not path.is_dir():
        raise InputError("is not a folder", file=path, remedy=remedy)
    if (path / KEPT).exists():
        for kept in read_kept(path):
            yield _run(path, kept.record, kept.metrics, kept)
        return
    folders = sorted(file.parent for file in path.rglob(RUN))
    if not folders:
        raise InputError(f"holds no run: there is no {RUN} in it", file=path, remedy=remedy)
    for folder in folders:
        files = sorted(folder.glob("metrics-*.json"))
        record = RunRecord.read(folder)
        yield _run(folder, record, {file.stem.removeprefix("metrics-"): _metrics(file, record) for file in files})


def _run(folder: Path, record: RunRecord, metrics: Mapping[str, Mapping[str, Any]], kept: Kept | None = None) -> Run:
    backbone, method, seed = record.backbone, record.method, record.seed
    if backbone is None or method is None or seed is None:
        missing = next(key for key in _IDENTITY if getattr(record, key) is None)
        raise InputError(
            "is missing",
            file=folder / (KEPT if kept else RUN),
            document=kept.name if kept else None,
            field=missing,
            remedy="give runs that `logire train` or `logire fit` made",
        )
    return Run(folder, backbone, method, record.variant or "", seed, record, metrics, kept)


def _metrics(file: Path, record: RunRecord) -> dict[str, Any]:
    """A metrics file, which must be about the run whose folder it lies in."""
    values = read_json(file)
    for key in _KEYS:
        value = values
        for part in key.split("."):
            if not isinstance(value, dict) or part not in value:
                raise InputError(
                    "is missing",
                    file=file,
                    field=key,
                    remedy="score predictions that lie beside the run.json of their run, with `logire evaluate --out`",
                )
            value = value[part]
    told = {**{key: values["run"][key] for key in _IDENTITY}, "variant": values["run"].get("variant")}
    wrong = [f"run.{key}" for key, value in told.items() if value != getattr(record, key)]
    if values["split"] != file.stem.removeprefix("metrics-"):
        wrong.append("split")
    if wrong:
        raise InputError(
            f"is not what {RUN} and the file's name say",
            file=file,
            field=wrong[0],
            remedy="score the run's own predictions again, with `logire evaluate --out`",
        )
    return dict(values)
