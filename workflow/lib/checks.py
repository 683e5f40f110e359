"""Whether the params of a dataset agree with each other; each by itself is checked by its settings class."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from logire.backbones.registry import find as find_backbone
from logire.ground.errors import InputError
from logire.ground.settings import settings_from
from logire.rules.methods import find as find_method
from workflow.lib.reading import line_of, preset

if TYPE_CHECKING:
    from workflow.lib.datasets import Dataset
    from workflow.lib.params import Variants

PRESET = "params/authors.yaml"
"""A preset, for remedies."""


def check(dataset: Dataset) -> None:
    """Refuse params that contradict each other.

    Raises:
        InputError: ``field`` names the key.
    """
    params = dataset.params
    if not dataset.backbones:
        raise InputError("no backbone is left to train", field="backbones", remedy="give one, such as bilstm: {}")
    if params.figure4.backbone not in dataset.backbones:
        raise InputError(
            f"{params.figure4.backbone} is not among the backbones of this dataset",
            field="figure4.backbone",
            remedy=f"one of {', '.join(dataset.backbones)}",
        )
    for key, names in (
        ("seeds_of", list(params.seeds_of)),
        ("crossfit.backbones", params.crossfit.backbones or []),
    ):
        for name in names:
            try:
                find_backbone(name)
            except InputError as error:
                raise InputError(error.problem, field=f"{key}.{name}", remedy=error.remedy) from error
    if dataset.source.needs_raw and dataset.raw_path is None:
        raise InputError(
            f"is missing: {dataset.source.name} is neither generated nor fetched",
            field="data.raw",
            remedy="name the folder or file of your own copy",
        )
    settings_from(dataset.source.Options, dataset.options, where="data")
    if params.variants is not None:
        _check_variants(dataset, params.variants)


def _check_variants(dataset: Dataset, variants: Variants) -> None:
    if variants.backbone not in dataset.backbones:
        raise InputError(
            f"{variants.backbone} is not among the backbones of this dataset",
            field="variants.backbone",
            remedy=f"one of {', '.join(dataset.backbones)}",
        )
    if unknown := sorted(set(variants.seeds) - set(dataset.seeds(variants.backbone))):
        raise InputError(
            f"{variants.backbone} is not trained with seed {unknown[0]}",
            field="variants.seeds",
            remedy=f"some of {', '.join(map(str, dataset.seeds(variants.backbone)))}",
        )
    if missing := [name for name in variants.everywhere if name not in variants.runs]:
        raise InputError(
            f"there is no variant {missing[0]}",
            field="variants.everywhere",
            remedy=f"some of {', '.join(variants.runs)}",
        )
    crossfitted = dataset.params.crossfit.backbones
    for name in variants.everywhere:
        for backbone in dataset.backbones:
            if variants.runs[name].out_of_fold and crossfitted is not None and backbone not in crossfitted:
                raise InputError(
                    f"{name} learns on out-of-fold logits, which {backbone} does not have",
                    field="variants.everywhere",
                    remedy="add it to crossfit.backbones, or remove the variant here",
                )
    for name, variant in variants.runs.items():
        where = f"variants.runs.{name}"
        if variant.method not in dataset.methods[1:]:
            raise InputError(
                f"{variant.method} is not a method of this dataset",
                field=f"{where}.method",
                remedy=f"one of {', '.join(dataset.methods[1:])}",
            )
        if variant.like is not None:
            _check_preset(Path(variant.like), variant.method, f"{where}.like")
        settings_from(
            find_method(variant.method).Settings, dataset.laid_over_method(variant), where=f"{where}.settings"
        )


def _check_preset(file: Path, method: str, field: str) -> None:
    """Refuse a file that a variant cannot be like: it cannot be read, or its settings of the method are wrong."""
    try:
        settings = preset(file, method)
    except InputError as error:
        remedy = f"name a params file with settings of {method}, such as {PRESET}"
        raise InputError(f"{error.file} {error.problem}", field=field, remedy=remedy) from error
    try:
        settings_from(find_method(method).Settings, settings, where=method)
    except InputError as error:
        line = line_of(file, tuple((error.field or "").split(".")))
        where = f"{file}, line {line}" if line else str(file)
        raise InputError(error.problem, file=where, field=error.field, remedy=error.remedy) from error
