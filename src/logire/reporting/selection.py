"""Which runs a table or figure shows, and whether they belong together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

from logire.ground.errors import InputError
from logire.reporting.names import BACKBONE, Corpus
from logire.reporting.runs import SPLITS, Run, read_runs


class UnavailableError(InputError):
    """A table or figure cannot be made from what was given: left out of a full report, an error where asked for."""


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
        self.scored = tuple(sorted(measured, key=lambda run: (*run.names.order, bool(run.variant))))
        _check_corpora(measured)
        _check_identities(self.all)

    @classmethod
    def read(cls, paths: Sequence[Path]) -> Self:
        """Read run folders, folders with run folders anywhere below, and folders of kept numbers.

        Raises:
            InputError: a path is not a folder or holds no run, a run's record or metrics lack what they need, a run
                was given twice, or the runs were measured on more than one corpus or version of it.
        """
        return cls(run for path in paths for run in read_runs(path))

    @property
    def corpus(self) -> Corpus:
        """The corpus that the runs were measured on."""
        return (self.scored or self.all)[0].corpus

    @property
    def backbones(self) -> list[str]:
        """The backbones of the scored runs, or of all where none was scored, in the order of tables."""
        runs = self.scored or sorted(self.all, key=lambda run: run.names.order)
        return list(dict.fromkeys(run.backbone for run in runs))

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
        _check_whole(found, splits)
        return found

    @cached_property
    def everywhere(self) -> frozenset[str]:
        """The variants that were fitted on more than one backbone: rows beside the methods in Table 2."""
        on: dict[str, set[str]] = {}
        for run in self.scored:
            if run.variant:
                on.setdefault(run.variant, set()).add(run.backbone)
        return frozenset(name for name, backbones in on.items() if len(backbones) > 1)

    def rows(self) -> tuple[Run, ...]:
        """The runs of :meth:`main`, and after each method's own its variants that were fitted everywhere.

        Raises:
            UnavailableError: there is none.
            InputError: a seed that only one row of a backbone has, or a run of which only one split was scored.
        """
        splits = _splits(self.main())
        found = tuple(run for run in self.scored if not run.variant or run.variant in self.everywhere)
        _check_whole(found, splits)
        return found

    def compared(self, backbone: str) -> tuple[Run, ...]:
        """The runs of the backbone that has variants: it alone, then each method's own settings and its variants.

        Args:
            backbone: whose runs to take where no run is a variant, or each is one everywhere.

        Raises:
            InputError: variants on more than one backbone, no run of the backbone alone, a run of which only one
                split was scored, or a seed that the backbone lacks.
        """
        varied = [run for run in self.scored if run.variant and run.variant not in self.everywhere]
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
                raise _one_split(run.title, run)
            if run.seed not in base:
                raise InputError(
                    f"{run.title} has seed {run.seed}, but {run.names.backbone} alone does not",
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


def _check_whole(runs: Sequence[Run], splits: Sequence[str]) -> None:
    """Every run has metrics of all of the splits, and every row of a backbone its seeds."""
    for run in runs:
        if not set(splits) <= run.metrics.keys():
            raise _one_split(f"{run.backbone}, {run.variant or run.method}", run)
    for name in dict.fromkeys(run.backbone for run in runs):
        _check_seeds(name, [run for run in runs if run.backbone == name])


def _check_seeds(backbone: str, runs: Sequence[Run]) -> None:
    """Every method of a backbone, and every variant given, has the backbone's own seeds."""
    seeds: dict[str, set[int]] = {}
    for run in runs:
        seeds.setdefault(run.variant or run.method, set()).add(run.seed)
    base = seeds.get(BACKBONE, set())
    for method in (seeds.keys() - {BACKBONE}) or {"logire"}:
        alone = sorted(base ^ seeds.get(method, set()))
        if alone:
            has, lacks = (BACKBONE, method) if alone[0] in base else (method, BACKBONE)
            raise InputError(
                f"{backbone}: seed {alone[0]} has metrics of {has}, but none of {lacks}",
                remedy="give the metrics of both for every seed, or leave the seed out",
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
    scored = [(run, split, values) for run in runs for split, values in run.metrics.items()]
    for run, split, values in scored:
        first, _, expected = scored[0]
        if any(values["corpus"][key] != expected["corpus"][key] for key in ("name", "synthetic")):
            found = Corpus.of(values["corpus"]["name"], values["corpus"]["synthetic"])
            raise InputError(
                f"measured on {found.title}, but {first.name} on {first.corpus.title}",
                file=run.file(split),
                field="corpus",
                remedy="make one report for each corpus",
            )
        if values["sources"]["data_digest"] != expected["sources"]["data_digest"]:
            raise InputError(
                f"measured on another version of {run.corpus.title} than {first.name}",
                file=run.file(split),
                field="sources.data_digest",
                remedy="make every run on the same prepared corpus",
            )
