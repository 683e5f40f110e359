"""The formats that can be adapted: what each is called, which files it has, and what reads them.

A format is a module in :mod:`logire.adapters.formats` with a ``FORMAT``. The modules import nothing heavy at their top.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from logire.adapters import formats as package
from logire.adapters.scores import FLOOR, Adapted, Place, as_logit
from logire.corpus.document import Document
from logire.ground.errors import InputError
from logire.ground.settings import Settings


class Options(Settings):
    """What every adapter is told."""

    floor: float = Field(FLOOR, lt=0, ge=-30, description="the logit of what the tool did not score.")
    scores: Literal["probabilities", "logits"] | None = Field(
        None, description="what the tool's scores are; null: what this format usually holds."
    )
    leave_out: tuple[str, ...] = Field(
        ("Na", "no relation", "no_relation"), description="relations that say that there is none, and are left out."
    )
    samples: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="how often each document was sampled, where that is more than the file shows.",
    )
    unknown: Literal["error", "drop"] = Field(
        "error", description="what happens to a mention that no entity of the given documents has."
    )


@dataclass(frozen=True)
class Source:
    """One file to adapt.

    Attributes:
        given: documents that say which mentions belong together, by title; None: entities are made of equal names.
        relations: the relations in order; None: those that occur.
        options: with ``scores`` filled in.
    """

    path: Path
    options: Options
    given: Mapping[str, Document] | None = None
    relations: tuple[str, ...] | None = None

    def document(self, title: str) -> Document | None:
        """The given document of this title; None where none are given.

        Raises:
            InputError: documents are given, but not this one.
        """
        if self.given is None:
            return None
        if title not in self.given:
            remedy = "give the documents that the tool has read, under the same titles"
            raise InputError("is not among the given documents", file=self.path, document=title, remedy=remedy)
        return self.given[title]

    def logit(self, score: float, title: str, field: str) -> float:
        """A score of the file as a logit, as the options say.

        Raises:
            InputError: it is not finite, or it should be a probability and is none.
        """
        probabilities = self.options.scores != "logits"
        place = Place(self.path, title, field)
        return as_logit(score, probabilities=probabilities, floor=self.options.floor, place=place)


@dataclass(frozen=True)
class Format:
    """A format that can be adapted.

    Attributes:
        name: what the command line calls it.
        help: one line on what it is.
        suffixes: of its files, the usual one first.
        scores: what its scores are where nobody says otherwise.
        read: the documents of a file, one by one.
        order: the place among the formats.
        needs_documents: whether the file alone does not say which entities there are.
    """

    name: str
    help: str
    suffixes: tuple[str, ...]
    scores: Literal["probabilities", "logits"]
    read: Callable[[Source], Iterator[Adapted]]
    order: int
    needs_documents: bool = False


@cache
def formats() -> tuple[Format, ...]:
    """All formats, in their order."""
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    found = (importlib.import_module(f"{package.__name__}.{name}").FORMAT for name in names)
    return tuple(sorted(found, key=lambda one: one.order))


def find(name: str) -> Format:
    """The format of this name.

    Raises:
        InputError: there is none.
    """
    for one in formats():
        if one.name == name:
            return one
    raise InputError(f"unknown format {name!r}", remedy=f"one of {', '.join(one.name for one in formats())}")
