"""Measured runs as plain data: read from their folders or from kept numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logire.ground.errors import InputError
from logire.ground.files import read_object
from logire.ground.records import RUN, RunRecord
from logire.reporting.kept import Kept
from logire.reporting.kept import read as read_kept
from logire.reporting.names import BACKBONE, Corpus, Names
from logire.reporting.sources import Source

SPLITS = ("dev", "test")
"""The splits that tables and figures report on."""
KEPT = "runs.csv"
"""The file by which a folder of kept numbers is known."""
_IDENTITY = ("backbone", "method", "seed")
_DIGESTS = ("params_digest", "data_digest")
_KEYS = (
    *("corpus.name", "corpus.synthetic", "split", "run.backbone", "run.method", "run.seed", "counts", "f1"),
    *(f"sources.{key}" for key in _DIGESTS),
)
"""What a metrics file must have."""
_NOT_METRICS = ("history", "rules")
"""How the files of kept numbers begin that no metric follows from."""

Metrics = Mapping[str, Mapping[str, Any]]
"""Split -> what :func:`logire.evaluation.files.evaluate_file` found."""


@dataclass(frozen=True, eq=False)
class Run:
    """One run and what was measured on it.

    Attributes:
        folder: the run's own folder, or the folder of the kept numbers.
        name: what tells it apart: its folder, or its name among the kept numbers.
        variant: the name of its settings; empty for a method's own.
        names: what a reader calls its backbone and its method.
        title: what a reader calls it among runs on one backbone: ``BiLSTM``, ``LogiRE``, ``no positions``.
        corpus: the corpus that it was measured on or, if it was not, made on.
        metrics: what was measured; empty for a run that was not scored.
        sources: split -> the files that its metrics come from.
        kept: the kept numbers that it was read from; None for a run in its own folder.
    """

    folder: Path
    name: str
    backbone: str
    method: str
    variant: str
    seed: int
    names: Names
    title: str
    corpus: Corpus
    record: RunRecord
    metrics: Metrics
    sources: Mapping[str, Sequence[Source]]
    kept: Kept | None

    def file(self, split: str) -> Path:
        """The file that its metrics of a split come from."""
        return self.folder / (KEPT if self.kept else f"metrics-{split}.json")

    @property
    def label(self) -> str:
        """What a reader calls it among runs on all backbones: ``BiLSTM + LogiRE``, ``BiLSTM + LogiRE, no chains``."""
        return f"{self.names.label}, {self.title}" if self.variant else self.names.label

    @property
    def record_file(self) -> Path:
        """The file that its record comes from."""
        return self.folder / (KEPT if self.kept else RUN)


def read_runs(path: Path) -> Iterator[Run]:
    """The runs in a folder: its own, those in folders anywhere below it, or its kept numbers.

    Raises:
        InputError: it is not a folder or holds no run, or a run's record or metrics lack what they need.
    """
    remedy = "give run folders, a folder that holds some, or a folder of kept numbers"
    if not path.is_dir():
        raise InputError("is not a folder", file=path, remedy=remedy)
    found: Iterable[tuple[Path, RunRecord, Metrics, Kept | None]]
    if (path / KEPT).exists():
        found = [(path, kept.record, kept.metrics, kept) for kept in read_kept(path)]
    else:
        folders = sorted(file.parent for file in path.rglob(RUN))
        if not folders:
            raise InputError(f"holds no run: there is no {RUN} in it", file=path, remedy=remedy)
        found = ((folder, *_read_folder(folder), None) for folder in folders)
    counts = [file for file in sorted(path.glob("*.csv")) if not file.name.startswith((KEPT, *_NOT_METRICS))]
    for folder, record, metrics, kept in found:
        backbone, method, seed, variant = record.backbone, record.method, record.seed, record.variant or ""
        if backbone is None or method is None or seed is None:
            raise InputError(
                "is missing",
                file=folder / (KEPT if kept else RUN),
                document=kept.name if kept else None,
                field=next(key for key in _IDENTITY if getattr(record, key) is None),
                remedy="give runs that `logire train` or `logire fit` made",
            )
        names = Names.of(backbone, method)
        made_on = {"name": record.dataset, "synthetic": record.synthetic}
        corpus = next((values["corpus"] for values in metrics.values()), made_on)
        sources: dict[str, list[Source]] = {}
        for split, values in metrics.items():
            facts = {
                "backbone": backbone,
                "method": method,
                **({"variant": variant} if variant else {}),
                "seed": seed,
                "split": split,
                **{key: values["sources"][key] for key in _DIGESTS},
            }
            if kept:
                sources[split] = [Source(path / KEPT, {"run": kept.name, **facts})]
                sources[split] += [Source(file, {"data_digest": facts["data_digest"]}) for file in counts]
            else:
                sources[split] = [Source(folder / f"metrics-{split}.json", facts)]
        yield Run(
            folder,
            kept.name if kept else folder.as_posix(),
            backbone,
            method,
            variant,
            seed,
            names,
            variant.replace("_", " ") or (names.backbone if method == BACKBONE else names.method),
            Corpus.of(str(corpus["name"]), bool(corpus["synthetic"])),
            record,
            metrics,
            sources,
            kept,
        )


def _read_folder(folder: Path) -> tuple[RunRecord, Metrics]:
    """The record of a run's folder and its metrics files, which must be about this run."""
    record = RunRecord.read(folder)
    metrics: dict[str, Mapping[str, Any]] = {}
    for file in sorted(folder.glob("metrics-*.json")):
        split, values = file.stem.removeprefix("metrics-"), read_object(file)
        for key in _KEYS:
            value = values
            for part in key.split("."):
                if not isinstance(value, dict) or part not in value:
                    raise InputError(
                        "is missing",
                        file=file,
                        field=key,
                        remedy="score predictions that lie beside the run.json of their run, "
                        "with `logire evaluate --out`",
                    )
                value = value[part]
        told = {**{key: values["run"][key] for key in _IDENTITY}, "variant": values["run"].get("variant")}
        wrong = [f"run.{key}" for key, value in told.items() if value != getattr(record, key)]
        wrong += [] if values["split"] == split else ["split"]
        if wrong:
            raise InputError(
                f"is not what {RUN} and the file's name say",
                file=file,
                field=wrong[0],
                remedy="score the run's own predictions again, with `logire evaluate --out`",
            )
        metrics[split] = values
    return record, metrics
