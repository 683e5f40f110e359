"""Measured runs: read from their folders or from kept numbers, and checked to be comparable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from logire.ground.errors import InputError
from logire.ground.files import read_json
from logire.ground.records import RUN, RunRecord
from logire.reporting.kept import Kept
from logire.reporting.kept import read as read_kept
from logire.reporting.names import BACKBONE, Corpus, backbone_order, backbone_title, method_order, method_title
from logire.reporting.sources import Source

SPLITS = ("dev", "test")
"""The splits that tables and figures report on."""
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


class UnavailableError(InputError):
    """A table or figure cannot be made from what was given: left out of a full report, an error where asked for."""


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


class Runs:
    """Runs on one corpus: those that were scored, in the order of tables, and all that were read.

    Attributes:
        all: every run that was read, out-of-fold runs included.
        scored: the runs with metrics, backbone by backbone and method by method.
    """

    def __init__(self, runs: Iterable[Run]) -> None:
        self.all = tuple(runs)
        measured = [run for run in self.all if run.metrics]
        # The sort is stable: variants keep the order in which they were given.
        self.scored = tuple(
            sorted(
                measured,
                key=lambda run: (backbone_order(run.backbone), method_order(run.method), bool(run.variant)),
            )
        )
        _check_corpora(measured)
        _check_identities(self.all)

    @classmethod
    def read(cls, paths: Sequence[Path]) -> Self:
        """Read run folders, folders with run folders anywhere below, and folders of kept numbers.

        Raises:
            InputError: a path is not a folder or holds no run, a run's record or metrics lack what they need, a run
                was given twice, or the runs were measured on more than one corpus or version of it.
        """
        return cls(run for path in paths for run in _read(path))

    @property
    def corpus(self) -> Corpus:
        """The corpus that the runs were measured on."""
        return (self.scored or self.all)[0].corpus

    @property
    def backbones(self) -> list[str]:
        """The backbones of the scored runs, or of all where none was scored, in the order of tables."""
        return sorted({run.backbone for run in self.scored or self.all}, key=backbone_order)

    def main(self, backbone: str | None = None, *, split: str | None = None) -> tuple[Run, ...]:
        """The scored runs with their methods' own settings: of one backbone, or of all.

        Args:
            split: one that they must have metrics of; either of :data:`SPLITS` by default.

        Raises:
            UnavailableError: there is none.
            InputError: a seed that only one method of a backbone has, or a run of which only one split was scored.
        """
        found = tuple(run for run in self.scored if not run.variant and backbone in (None, run.backbone))
        splits = _splits(found)
        if not splits or (split or splits[0]) not in splits:
            of = f" of {backbone!r}" if backbone else ""
            raise UnavailableError(
                f"no metrics{of} of {f'the {split}' if split else 'the dev or the test'} split",
                remedy="score predictions on dev and test",
            )
        for run in found:
            if not set(splits) <= run.metrics.keys():
                raise _one_split(f"{run.backbone}, {run.method}", run)
        for name in dict.fromkeys(run.backbone for run in found):
            _check_seeds(name, [run for run in found if run.backbone == name])
        return found

    def compared(self, backbone: str) -> tuple[Run, ...]:
        """The runs of the backbone that has variants: it alone, then each method's own settings and its variants.

        Args:
            backbone: whose runs to take where no run is a variant.

        Raises:
            InputError: variants on more than one backbone, no run of the backbone alone, a run of which only one
                split was scored, or a seed that the backbone lacks.
        """
        varied = [run for run in self.scored if run.variant]
        for run in varied:
            if run.backbone != varied[0].backbone:
                raise InputError(
                    f"a variant on {run.backbone}, but {varied[0].name} is one on {varied[0].backbone}",
                    file=run.record_file,
                    field="run.backbone",
                    remedy="give the variants of one backbone",
                )
        chosen = varied[0].backbone if varied else backbone
        found = tuple(run for run in self.scored if run.backbone == chosen)
        if not _splits(found):
            raise UnavailableError(
                f"no metrics of {chosen!r} of the dev or the test split", remedy="score predictions on dev and test"
            )
        base = {run.seed for run in found if run.method == BACKBONE and not run.variant}
        if not base:
            raise InputError(
                f"no metrics of {chosen} alone are given, which this run is compared with",
                file=found[0].file(SPLITS[-1]),
                field="run.method",
                remedy="give the backbone's own metrics as well",
            )
        for run in found:
            if not set(SPLITS) <= run.metrics.keys():
                raise _one_split(str(run), run)
            if run.seed not in base:
                raise InputError(
                    f"{run} has seed {run.seed}, but {backbone_title(chosen)} alone has not",
                    file=run.record_file,
                    field="run.seed",
                    remedy="give the backbone's metrics of this seed as well, or leave the seed out",
                )
        return found


def _splits(runs: Sequence[Run]) -> list[str]:
    return [split for split in SPLITS if any(split in run.metrics for run in runs)]


def _one_split(who: str, run: Run) -> InputError:
    split = next(iter(run.metrics))
    return InputError(
        f"{who}, seed {run.seed} has metrics of the {split} split only",
        file=run.file(split),
        field="split",
        remedy="give dev and test metrics of every run",
    )


def _check_seeds(backbone: str, runs: Sequence[Run]) -> None:
    """Every method of a backbone has the backbone's own seeds."""
    seeds: dict[str, set[int]] = {}
    for run in runs:
        seeds.setdefault(run.method, set()).add(run.seed)
    base = seeds.get(BACKBONE, set())
    for method in (seeds.keys() - {BACKBONE}) or {"logire"}:
        alone = sorted(base ^ seeds.get(method, set()))
        if alone:
            has, lacks = (BACKBONE, method) if alone[0] in base else (method, BACKBONE)
            raise InputError(
                f"{backbone}: seed {alone[0]} has metrics of {has}, but none of {lacks}",
                remedy="give both methods' metrics for every seed, or leave the seed out",
            )


def _check_identities(runs: Sequence[Run]) -> None:
    seen: dict[tuple[object, ...], Run] = {}
    for run in runs:
        key = (run.backbone, run.method, run.variant, run.seed, run.record.fold, run.record.folds)
        if key in seen:
            raise InputError(
                f"the same run as {seen[key].name}",
                file=run.record_file,
                field="run",
                remedy="give every run once",
            )
        seen[key] = run


def _check_corpora(runs: Sequence[Run]) -> None:
    scored = [(run, split) for run in runs for split in run.metrics]
    for run, split in scored:
        first, other = scored[0]
        corpus, expected = run.corpus_of(split), first.corpus_of(other)
        if corpus != expected:
            raise InputError(
                f"measured on {corpus}, but {first.name} on {expected}",
                file=run.file(split),
                field="corpus",
                remedy="make one report for each corpus",
            )
        if run.digest("data_digest", split) != first.digest("data_digest", other):
            raise InputError(
                f"measured on another version of {corpus} than {first.name}",
                file=run.file(split),
                field="sources.data_digest",
                remedy="make every run on the same prepared corpus",
            )


def _read(path: Path) -> Iterator[Run]:
    """The runs in a folder."""
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
