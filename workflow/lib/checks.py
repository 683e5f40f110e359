"""Whether the params of a dataset agree with each other; each by itself is checked by its settings class."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logire.backbones.registry import find as find_backbone
from logire.backbones.transformers.location import check_encoder
from logire.backbones.transformers.settings import TransformerSettings
from logire.corpus.gold import read_gold_rules
from logire.corpus.sources.registry import sources
from logire.ground.errors import InputError
from logire.ground.settings import Settings, settings_from, shortened
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
    options = settings_from(dataset.source.Options, dataset.options, where="data")
    _check_raw(dataset, options)
    _check_encoders(dataset)
    _check_rules("evaluation.gold_rules", params.evaluation.gold_rules)
    _check_rules("table4.rules", params.table4.rules)
    for method in dataset.methods[1:]:
        for file in dataset.fitted_with(method):
            _check_rules(f"{method}.gold_rules", file)
    if params.variants is not None:
        _check_variants(dataset, params.variants)


def _check_raw(dataset: Dataset, options: Settings) -> None:
    """Refuse raw data that preparing the corpus would refuse at a look."""
    source, raw = dataset.source, dataset.raw_path
    if raw is None and source.needs_raw:
        raise InputError(
            f"is missing: {source.name} is neither generated nor fetched",
            field="data.raw",
            remedy="name the folder or file of your own copy",
        )
    if dataset.own_raw and source.raw is None:
        raise InputError(f"{source.name} reads no raw data", field="data.raw", remedy="leave it out")
    # Raw data may be gone when the corpus is there (results that were pulled), and be yet to come when it is fetched.
    fetched = {other.fetched for other in sources()}
    there = _what_is_at(raw) if raw else None
    if _what_is_at(dataset.corpus[0]) == "file" or (raw in fetched and there is None):
        raw = None
    elif raw and there not in ("file", "folder"):
        raise InputError(f"{shortened(raw)} {there or 'does not exist'}", field="data.raw", remedy="correct the path")
    if source.check is not None:
        with _at("data.raw", dataset.options):
            source.check(None if raw is None else Path(raw), options)


def _check_encoders(dataset: Dataset) -> None:
    """Refuse what a backbone could not read: its pretrained encoder, or its word vectors."""
    for backbone in dataset.backbones:
        runs = [dataset.run(dataset.methods[0], backbone, seed) for seed in dataset.seeds(backbone)]
        if all(_what_is_at(f"{run}/run.json") == "file" for run in runs):
            continue  # all trained, perhaps elsewhere
        chosen: Any = getattr(dataset.params.backbones, backbone)
        if isinstance(chosen, TransformerSettings):
            try:
                check_encoder(chosen)
            except InputError as error:
                raise InputError(
                    error.problem, field=f"backbones.{backbone}.{error.field}", remedy=error.remedy
                ) from error
        vectors: str | None = getattr(chosen, "vectors", None)
        url = vectors is not None and vectors.startswith(("http://", "https://"))
        if vectors not in (None, "learned") and not url and _what_is_at(vectors) != "file":
            raise InputError(
                f"{shortened(vectors)} is not a file",
                field=f"backbones.{backbone}.vectors",
                remedy="give a GloVe file or its URL, or `learned`",
            )


def _what_is_at(path: str) -> str | None:
    """``file``, ``folder``, what else a path leads to, or None where it leads nowhere."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return "is neither a file nor a folder"
    if not os.access(path, os.R_OK):
        return "cannot be read"
    return "folder" if stat.S_ISDIR(mode) else "file"


def _check_rules(field: str, file: str | None) -> None:
    """Refuse a file of rules that cannot be read, or that has none."""
    if file is None:
        return
    with _at(field):
        read_gold_rules(file)


@contextmanager
def _at(field: str, options: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Name the key of the params beside what is wrong with the file that it names: one of ``options``, or ``field``."""
    try:
        yield
    except InputError as error:
        key = next((f"data.{name}" for name, value in (options or {}).items() if value == error.file), field)
        where = ", ".join(part for part in (error.file, error.document, error.field) if part)
        raise InputError(f"{where}: {error.problem}", field=key, remedy=error.remedy or "correct the file") from error


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
        for file in dataset.fitted_with(f"variants/{name}"):
            _check_rules(f"{where}.settings.gold_rules", file)


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
