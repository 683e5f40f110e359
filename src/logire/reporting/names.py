"""What a reader calls a corpus, a backbone and a method, and the order in which they stand, as the registries say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from logire.backbones.registry import backbones
from logire.corpus.sources.registry import sources
from logire.rules.methods import methods

SYNTHETIC = "SYNTHETIC corpus: not comparable with the paper"
BACKBONE = "backbone"
"""The method that is the backbone alone."""


@dataclass(frozen=True)
class Corpus:
    """The corpus that a table or figure is about.

    Attributes:
        name: in its files.
        synthetic: whether it is generated.
        title: what a reader calls it; its name where no source knows it.
        warning: what a caption must say of a synthetic corpus; empty for a real one.
        form: ``dwie`` or ``docred``: whose tables fit this corpus; ``dwie`` for a corpus that no source knows.
        papers: whether the paper has figures for it.
    """

    name: str
    synthetic: bool
    title: str
    warning: str
    form: Literal["dwie", "docred"]
    papers: bool

    @classmethod
    def of(cls, name: str, synthetic: bool) -> Self:
        """The corpus of this name."""
        source = next((source for source in sources() if name in source.titles), None)
        return cls(
            name,
            synthetic,
            title=source.titles[name] if source else name,
            warning=f"{SYNTHETIC}. " if synthetic else "",
            form=source.form if source else "dwie",
            papers=source is not None and source.papers and not synthetic,
        )


@dataclass(frozen=True)
class Names:
    """What a reader calls a method on a backbone; names that no registry knows stay as they are.

    Attributes:
        backbone: ``BiLSTM``.
        method: ``LogiRE``.
        label: both, the name of a row: ``BiLSTM``, ``BiLSTM + LogiRE``.
        order: a key to sort by: backbones as the paper does, then methods, the backbone alone first; unknown ones last,
            by name.
    """

    backbone: str
    method: str
    label: str
    order: tuple[int, str, int, str]

    @classmethod
    def of(cls, backbone: str, method: str) -> Self:
        """The names of a method on a backbone."""
        on = {spec.name: spec.title for spec in backbones()}
        by = {BACKBONE: BACKBONE} | {found.name: found.title for found in methods()}
        title, addition = on.get(backbone, backbone), by.get(method, method)
        return cls(
            title,
            addition,
            label=title if method == BACKBONE else f"{title} + {addition}",
            order=(
                list(on).index(backbone) if backbone in on else len(on),
                backbone,
                list(by).index(method) if method in by else len(by),
                method,
            ),
        )
