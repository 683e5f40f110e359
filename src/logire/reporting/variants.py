"""Runs of one backbone under several settings: the methods' own, and named variants of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from logire.ground.errors import InputError
from logire.reporting.runs import BACKBONE, METHODS, Metrics, label, read_metrics, series

SPLITS = ("dev", "test")


@dataclass(frozen=True, eq=False)
class Variant:
    """The runs of one method under one set of settings.

    Attributes:
        name: the variant's name, None for the method's own settings.
        splits: split -> seed -> metrics, the same seeds for each of :data:`SPLITS`.
    """

    backbone: str
    method: str
    name: str | None
    splits: dict[str, dict[int, Metrics]]

    def __str__(self) -> str:
        """``BiLSTM``, ``LogiRE``, ``no positions``."""
        if self.name is not None:
            return self.name.replace("_", " ")
        return label(self.backbone, BACKBONE) if self.method == BACKBONE else METHODS.get(self.method, self.method)

    @property
    def seeds(self) -> list[int]:
        return sorted(self.splits[SPLITS[0]])

    @property
    def metrics(self) -> list[Metrics]:
        """Every metrics file of it."""
        return [item for seeds in self.splits.values() for item in seeds.values()]

    def values(self, split: str, metric: str, seeds: Sequence[int] | None = None) -> list[float] | None:
        """A metric of the given seeds in ascending order, of all by default; None if any of them has none."""
        chosen = self.splits[split]
        return series(chosen if seeds is None else {seed: chosen[seed] for seed in seeds}, metric)


def read_variants(metrics: Sequence[Path]) -> list[Variant]:
    """Read dev and test metrics of one backbone and group them: the backbone first, then method by method.

    A method's own settings stand before its variants, these in the order of their first file. The variants may have
    fewer seeds than the methods; files of other splits are left out.

    Raises:
        InputError: no file, mixed corpora or backbones, no run of the backbone alone, a run twice, of one split only,
            or of a seed that the backbone lacks.
    """
    found = [item for item in read_metrics(metrics) if item.split in SPLITS]
    if not found:
        raise InputError("no metrics of the dev or the test split", remedy="score predictions on dev and test")
    grouped: dict[tuple[str, str | None], Variant] = {}
    for item in found:
        if item.backbone != found[0].backbone:
            raise InputError(
                f"a run on {item.backbone}, but {found[0].file} is one on {found[0].backbone}",
                file=item.file,
                field="run.backbone",
                remedy="give the metrics of one backbone",
            )
        variant = grouped.setdefault(
            (item.method, item.variant),
            Variant(item.backbone, item.method, item.variant, {split: {} for split in SPLITS}),
        )
        seeds = variant.splits[item.split]
        if item.seed in seeds:
            raise InputError(
                f"the same run and split as {seeds[item.seed].file}",
                file=item.file,
                field="run",
                remedy="give every run's metrics once",
            )
        seeds[item.seed] = item
    _check(grouped)
    methods = [BACKBONE, *METHODS]
    methods += [method for method in dict.fromkeys(method for method, _ in grouped) if method not in methods]
    # The sort is stable: variants keep the order of their first file.
    return sorted(grouped.values(), key=lambda v: (methods.index(v.method), v.name is not None))


def _check(grouped: dict[tuple[str, str | None], Variant]) -> None:
    base = grouped.get((BACKBONE, None))
    if base is None:
        item = next(iter(grouped.values())).metrics[0]
        raise InputError(
            f"no metrics of {item.backbone} alone are given, which this run is compared with",
            file=item.file,
            field="run.method",
            remedy="give the backbone's own metrics as well",
        )
    for variant in grouped.values():
        for item in variant.metrics:
            other = next(split for split in SPLITS if split != item.split)
            if item.seed not in variant.splits[other]:
                raise InputError(
                    f"{variant}, seed {item.seed} has metrics of the {item.split} split only",
                    file=item.file,
                    field="split",
                    remedy="give dev and test metrics of every run",
                )
            if item.seed not in base.splits[item.split]:
                raise InputError(
                    f"{variant} has seed {item.seed}, but {base} alone has not",
                    file=item.file,
                    field="run.seed",
                    remedy="give the backbone's metrics of this seed as well, or leave the seed out",
                )
