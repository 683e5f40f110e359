"""Metrics files in, grouped by backbone, method and seed: what the tables and figures over runs start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from logire.ground.errors import InputError
from logire.ground.files import read_json
from logire.reporting.sources import Source

SYNTHETIC = "SYNTHETIC corpus: not comparable with the paper"
BACKBONE = "backbone"
"""The method that is the backbone alone."""

_CORPORA = {
    "dwie": "DWIE",
    "docred": "DocRED",
    "docred-partial": "DocRED (part)",
    "redocred": "Re-DocRED",
    "redocred-partial": "Re-DocRED (part)",
    "embedded": "Embedded",
    "embedded-docred": "Embedded, DocRED's form",
}
_BACKBONES = {
    "cnn": "CNN",
    "lstm": "LSTM",
    "bilstm": "BiLSTM",
    "context_aware": "Context-Aware",
    "gain": "GAIN",
    "atlop": "ATLOP",
}
_KEYS = (
    *("corpus.name", "corpus.synthetic", "split", "run.backbone", "run.method", "run.seed", "counts", "f1"),
    *("sources.params_digest", "sources.data_digest"),
)
"""What a metrics file must have."""
METHODS = {"logire": "LogiRE", "logire_plus": "LogiRE+"}
"""What a reader calls a method."""


@dataclass(frozen=True)
class Corpus:
    """The corpus that metrics were measured on."""

    name: str
    synthetic: bool

    def __str__(self) -> str:
        return _CORPORA.get(self.name, self.name)

    @property
    def warning(self) -> str:
        """What a caption must say of a synthetic corpus; empty for a real one."""
        return f"{SYNTHETIC}. " if self.synthetic else ""


@dataclass(frozen=True)
class Metrics:
    """One metrics file: what :func:`logire.evaluation.files.evaluate_file` found for one split of one run.

    Attributes:
        variant: the name of the settings where they are not the method's own, else None.
    """

    file: Path
    corpus: Corpus
    split: str
    backbone: str
    method: str
    variant: str | None
    seed: int
    values: dict[str, Any]

    @property
    def source(self) -> Source:
        """Where its numbers come from."""
        return Source(
            self.file,
            {
                "backbone": self.backbone,
                "method": self.method,
                **({"variant": self.variant} if self.variant else {}),
                "seed": self.seed,
                "split": self.split,
                **{key: self.values["sources"][key] for key in ("params_digest", "data_digest")},
            },
        )


# backbone -> method -> seed -> metrics, of one split
Runs = dict[str, dict[str, dict[int, Metrics]]]


def read_metrics(files: Sequence[Path]) -> list[Metrics]:
    """Read metrics files of one corpus.

    Raises:
        InputError: no file at all, a file without what it needs, or files of more than one corpus, or of more than one
            version of it.
    """
    if not files:
        raise InputError("no metrics file was given", remedy="name the files that `logire evaluate --out` wrote")
    found = [_metrics(Path(file)) for file in files]
    first = found[0]
    for metrics in found:
        if metrics.corpus != first.corpus:
            raise InputError(
                f"measured on {metrics.corpus}, but {first.file} on {first.corpus}",
                file=metrics.file,
                field="corpus",
                remedy="make one table or figure for each corpus",
            )
        if metrics.source.facts["data_digest"] != first.source.facts["data_digest"]:
            raise InputError(
                f"measured on another version of {metrics.corpus} than {first.file}",
                file=metrics.file,
                field="sources.data_digest",
                remedy="make every run on the same prepared corpus",
            )
    return found


def _metrics(file: Path) -> Metrics:
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
    corpus, run = values["corpus"], values["run"]
    return Metrics(
        file=file,
        corpus=Corpus(str(corpus["name"]), bool(corpus["synthetic"])),
        split=str(values["split"]),
        backbone=str(run["backbone"]),
        method=str(run["method"]),
        variant=str(run["variant"]) if run.get("variant") else None,
        seed=int(run["seed"]),
        values=values,
    )


def group_runs(metrics: Sequence[Metrics], split: str) -> Runs:
    """The metrics of one split by backbone, method and seed, in the paper's order of backbones.

    Raises:
        InputError: a run occurs twice, or a seed that one method of a backbone has and another has not.
    """
    runs: Runs = {}
    for item in sorted(metrics, key=lambda m: (*_order(m.backbone), m.method != BACKBONE, m.method, m.seed)):
        if item.split == split:
            seeds = runs.setdefault(item.backbone, {}).setdefault(item.method, {})
            if item.seed in seeds:
                raise InputError(
                    f"the same run and split as {seeds[item.seed].file}",
                    file=item.file,
                    remedy="give every run's metrics once",
                )
            seeds[item.seed] = item
    for backbone, methods in runs.items():
        base = methods.get(BACKBONE, {})
        for method in (methods.keys() - {BACKBONE}) or {"logire"}:
            alone = sorted(base.keys() ^ methods.get(method, {}).keys())
            if alone:
                has, lacks = (BACKBONE, method) if alone[0] in base else (method, BACKBONE)
                raise InputError(
                    f"{backbone}, {split} split: seed {alone[0]} has metrics of {has}, but none of {lacks}",
                    remedy="give both methods' metrics for every seed, or leave the seed out",
                )
    return runs


def _order(backbone: str) -> tuple[int, str]:
    known = list(_BACKBONES)
    return (known.index(backbone) if backbone in known else len(known)), backbone


def label(backbone: str, method: str) -> str:
    """The name of a row: ``BiLSTM``, ``BiLSTM + LogiRE``."""
    name = _BACKBONES.get(backbone, backbone)
    return name if method == BACKBONE else f"{name} + {METHODS.get(method, method)}"


def series(seeds: dict[int, Metrics], metric: str) -> list[float] | None:
    """A metric of every seed, in the order of the seeds; None if any seed has none."""
    values = [seeds[seed].values[metric] for seed in sorted(seeds)]
    return None if any(value is None for value in values) else [float(value) for value in values]


def spread(values: Sequence[float]) -> float | None:
    """Standard deviation over seeds (ddof = 1); None with one seed."""
    return stdev(values) if len(values) > 1 else None


def plus_minus(values: Sequence[float]) -> str:
    """``52.89 ± 0.47``, or the one value."""
    deviation = spread(values)
    return f"{mean(values):.2f}" + ("" if deviation is None else f" ± {deviation:.2f}")


def seeds_phrase(counts: set[int]) -> str:
    """How many seeds stand behind each number, for a caption."""
    (low, high) = (min(counts), max(counts))
    return f"{low} seed{'s' if low > 1 else ''}" if low == high else f"{low} to {high} seeds"
