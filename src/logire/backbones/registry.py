"""The backbones that exist: every package in ``words`` and ``transformers`` that defines ``BACKBONE``.

Nothing here imports torch: names, titles and settings are known at once, the model when it is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Literal

from logire.backbones.settings import TrainingSettings
from logire.ground.errors import InputError

if TYPE_CHECKING:
    from logire.backbones.base import Backbone

FAMILIES = {"words": "logire.backbones.words", "pretrained": "logire.backbones.transformers"}
"""Family -> the package that holds its backbones."""

READS = {"words": "reads words", "pretrained": "reads subwords with a pretrained transformer"}
"""Family -> what its backbones do, for help texts."""


@dataclass(frozen=True)
class BackboneSpec:
    """What the rest of the program knows about a backbone before it loads torch.

    Attributes:
        name: in commands, params files and paths.
        title: in tables and figures.
        family: ``words`` (learns its own embeddings) or ``pretrained`` (a transformer, which wants a GPU).
        order: position in tables and lists; those of the paper come first, in its order.
        Settings: the settings class.
        model: module and class of the model, as in ``logire.backbones.words.bilstm.model:BiLSTM``.
    """

    name: str
    title: str
    family: Literal["words", "pretrained"]
    order: int
    Settings: type[TrainingSettings]
    model: str

    @property
    def module(self) -> str:
        """The module that holds the model."""
        return self.model.partition(":")[0]

    def load(self) -> type[Backbone[Any]]:
        """Import the model's class, and torch with it."""
        found: type[Backbone[Any]] = getattr(import_module(self.module), self.model.partition(":")[2])
        return found


@cache
def backbones() -> tuple[BackboneSpec, ...]:
    """Every backbone, by order.

    Raises:
        InputError: two backbones have the same name.
    """
    found: dict[str, BackboneSpec] = {}
    for spec in sorted(_discover(), key=lambda spec: (spec.order, spec.name)):
        if spec.name in found:
            raise InputError(
                f"{found[spec.name].module} and {spec.module} are both named {spec.name!r}",
                field="backbone",
                remedy="rename one of them",
            )
        found[spec.name] = spec
    return tuple(found.values())


def find(name: str) -> BackboneSpec:
    """The backbone called ``name``.

    Raises:
        InputError: there is no such backbone.
    """
    known = {spec.name: spec for spec in backbones()}
    if name not in known:
        raise InputError(f"unknown backbone {name!r}", field="backbone", remedy=f"one of {', '.join(known)}")
    return known[name]


def _discover() -> Iterator[BackboneSpec]:
    for family in FAMILIES.values():
        for module in iter_modules(import_module(family).__path__, f"{family}."):
            if module.ispkg and (spec := getattr(import_module(module.name), "BACKBONE", None)) is not None:
                yield spec
