"""The params of a dataset: one pydantic class for each part, checked before the first job.

The schema and the comments of ``params/default.yaml`` follow from the descriptions here and from those of the
settings classes (:mod:`workflow.lib.defaults`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, create_model

from logire.backbones.registry import backbones
from logire.corpus.sources.registry import sources
from logire.ground.records import VARIANT
from logire.ground.runtime import DEVICE, SEEDS
from logire.ground.settings import Settings
from logire.rules.methods import methods

T = TypeVar("T")

NAME = r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$"
"""A dataset's name: a folder's, safe in a shell."""
FOLDS = 20
"""More folds than this are a slip: each trains every backbone once more."""


def _distinct(values: list[T]) -> list[T]:
    if len(set(values)) < len(values):
        raise ValueError("a value occurs twice")
    return values


def _rising(values: list[int]) -> list[int]:
    if any(a >= b for a, b in pairwise(values)):
        raise ValueError("each edge must be above the one before")
    return values


Seeds = Annotated[
    list[Annotated[int, Field(ge=0, lt=SEEDS)]], Field(min_length=1, max_length=100), AfterValidator(_distinct)
]
Edges = Annotated[
    list[Annotated[int, Field(ge=1, le=1_000_000)]], Field(min_length=1, max_length=20), AfterValidator(_rising)
]
File = Annotated[str, Field(min_length=1)]


class Crossfit(Settings):
    """Cross-fitting, for the methods that learn on out-of-fold logits."""

    folds: int = Field(
        3, ge=2, le=FOLDS, description="how many further backbones to train for each seed, each without one fold"
    )
    backbones: Annotated[list[str], AfterValidator(_distinct)] | None = Field(
        None, description="for which backbones; null: all. A method takes the others' logits as they are, in-sample"
    )


class Variant(Settings):
    """A method with some of its settings changed."""

    method: str = Field("logire", description="the method: logire or logire_plus")
    like: File | None = Field(
        None, description="a params file whose settings of the method come first, such as params/authors.yaml"
    )
    out_of_fold: bool | None = Field(None, description="learn on out-of-fold logits; null: as the method does")
    settings: dict[str, Any] = Field({}, description="settings laid over those of the method")


class Variants(Settings):
    """Settings compared one by one."""

    backbone: str = Field(description="the backbone that all variants are fitted on; one of `backbones`")
    seeds: Seeds = Field(description="the seeds of the variants; some of the backbone's")
    everywhere: Annotated[list[str], AfterValidator(_distinct)] = Field(
        [], description="those of `runs` that are fitted on every backbone, with all its seeds: rows of Table 2"
    )
    runs: dict[Annotated[str, Field(pattern=VARIANT)], Variant] = Field(
        min_length=1, description="variant name: {method, like, out_of_fold, settings}"
    )


class Evaluation(Settings):
    """How predictions are scored."""

    distances: Edges = Field(
        [100, 200, 400], description="edges, in tokens, of the distance groups of figure 4 (the paper's four groups)"
    )
    gold_rules: File | None = Field(
        None, description="file of rules for the logic score; null: the 39 published for DWIE"
    )


class Shown(Settings):
    """The run that is shown as the example."""

    backbone: str = Field(
        "bilstm",
        description="whose gap figure 4 shows and, with its first seed, whose rules and predictions table 5, figure 5 "
        "and the page of explanations show; one of `backbones`",
    )


class Table4(Settings):
    """Table 4, for corpora in DocRED's form."""

    rules: File | None = Field(
        None, description="file of implication rules to check the labels against; null: the paper's seven"
    )


class Job(Settings):
    """What a job takes."""

    mem_mb: int = Field(ge=1, le=10_000_000, description="memory in MB; each further try asks for as much again")
    runtime: int = Field(ge=1, le=525_600, description="minutes")
    gpu: int = Field(0, ge=0, le=100, description="GPUs")


class Cluster(Settings):
    """What jobs take, by what they do."""

    words: Job = Field(
        Job(mem_mb=3000, runtime=240), description="training a backbone on words: cnn, lstm, bilstm, context_aware"
    )
    pretrained: Job = Field(
        Job(mem_mb=12000, runtime=480, gpu=1), description="training a backbone on a pretrained encoder: gain, atlop"
    )
    logire: Job = Field(Job(mem_mb=6000, runtime=60), description="fitting a method")


class Params(Settings):
    """The params of one dataset. Subclassed by :func:`params_class` with what the registries know."""

    data: Settings
    seeds: Seeds = Field(
        [1, 2, 3, 4, 5],
        description="one run each; tables give mean and standard deviation. The paper's t-tests need at least 5",
    )
    seeds_of: dict[str, Seeds] = Field({}, description="backbones that take seeds of their own, as in {gain: [1]}")
    device: str = Field(
        "auto", pattern=DEVICE, description="where training runs: auto (a GPU if there is one), cpu, cuda, cuda:1 ..."
    )
    backbones: Settings
    crossfit: Crossfit = Field(
        Crossfit(),
        description="LogiRE+ learns on logits that no backbone gave on its own training documents: further backbones "
        "for each seed, each trained without one fold of the training documents and applied to it",
    )
    variants: Variants | None = Field(
        None,
        description="settings compared one by one, for the table of variants and the figure of F1 against logic; "
        "null: none. For example {backbone: bilstm, seeds: [1, 2], runs: {no_positions: {method: logire, settings: "
        "{positions: false}}}}",
    )
    evaluation: Evaluation = Field(Evaluation(), description="how predictions are scored")
    figure4: Shown = Field(Shown(), description="the run that is shown as the example")
    table4: Table4 = Field(Table4(), description="Table 4, for corpora in DocRED's form")
    cluster: Cluster = Field(
        Cluster(),
        description="what a job asks a cluster's scheduler for (docs/cluster.md); on one machine, jobs run side by "
        "side as far as its memory allows, and the rest is ignored",
    )


@cache
def params_class() -> type[Params]:
    """:class:`Params` with the sources, backbones and methods that are registered now."""
    fields: dict[str, Any] = {
        "data": (_data(), Field(description="which corpus, and how it is made")),
        "backbones": (
            _backbones(),
            Field(
                description="backbones to train: each with the settings that differ from its defaults, {} for none, "
                "null to leave it out. `logire settings NAME` lists the settings of one"
            ),
        ),
    }
    for method in methods():
        kind: Any = method.Settings if method.name == "logire" else method.Settings | None
        more = "" if method.name == "logire" else "; null leaves it out"
        text = f"the settings of {method.title} that differ from its defaults{more}"
        fields[method.name] = (kind, Field(method.Settings(), description=text))
    return create_model("Params", __base__=Params, __doc__=Params.__doc__, **fields)


def _data() -> type[Settings]:
    """``source``, ``raw``, and the options of every source: each reads its own and ignores the others'."""
    names = tuple(source.name for source in sources())
    fields: dict[str, Any] = {
        "source": (
            Literal[names],
            Field("embedded", description="where it comes from; `logire prepare --help` says what each is"),
        ),
        "raw": (
            File | None,
            Field(None, description="path of your own copy of the raw data; null: generate it, or fetch it"),
        ),
    }
    for source in sources():
        for name, field in source.Options.model_fields.items():
            of = [s.name for s in sources() if name in s.Options.model_fields]
            text = f"{(field.description or '').rstrip('.')} ({', '.join(of)})"
            fields.setdefault(name, (field.rebuild_annotation() | None, Field(None, description=text)))
    return create_model("Data", __base__=Settings, __doc__="The corpus.", **fields)


def _backbones() -> type[Settings]:
    fields: dict[str, Any] = {
        spec.name: (spec.Settings | None, Field(None, description=f"settings of {spec.title}")) for spec in backbones()
    }
    return create_model("Backbones", __base__=Settings, __doc__="The backbones.", **fields)


def given(settings: Settings) -> dict[str, Any]:
    """The settings that were given, as JSON values: what a job is called with."""
    return settings.model_dump(mode="json", exclude_unset=True)


def laid_over(base: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """``other`` over ``base``, mapping by mapping; anything else replaces what was there."""
    merged = dict(base)
    for key, value in other.items():
        both = isinstance(value, Mapping) and isinstance(base.get(key), Mapping)
        merged[key] = laid_over(base[key], value) if both else value
    return merged
