"""What a reader calls a corpus, a backbone and a method, and the order in which they stand."""

from __future__ import annotations

from dataclasses import dataclass

from logire.backbones import registry
from logire.corpus.sources import registry as sources
from logire.rules import methods

SYNTHETIC = "SYNTHETIC corpus: not comparable with the paper"
BACKBONE = "backbone"
"""The method that is the backbone alone."""


@dataclass(frozen=True)
class Corpus:
    """The corpus that a table or figure is about."""

    name: str
    synthetic: bool

    def __str__(self) -> str:
        return sources.corpus_title(self.name)

    @property
    def warning(self) -> str:
        """What a caption must say of a synthetic corpus; empty for a real one."""
        return f"{SYNTHETIC}. " if self.synthetic else ""

    @property
    def form(self) -> str:
        """``dwie`` or ``docred``: whose tables fit this corpus; ``dwie`` for a corpus that no source knows."""
        return next((source.form for source in sources.sources() if self.name in source.titles), "dwie")

    @property
    def papers(self) -> bool:
        """Whether the paper has figures for this corpus."""
        return not self.synthetic and any(source.papers for source in sources.sources() if self.name in source.titles)


def backbone_title(backbone: str) -> str:
    """``BiLSTM``; the name itself for a backbone that we do not have."""
    return registry.title(backbone)


def backbone_order(backbone: str) -> tuple[int, str]:
    """A key to sort backbones by: the paper's order, then the others by name."""
    known = [spec.name for spec in registry.backbones()]
    return (known.index(backbone) if backbone in known else len(known)), backbone


def method_title(method: str) -> str:
    """``LogiRE``; the name itself for a method that we do not have."""
    return {found.name: found.title for found in methods.methods()}.get(method, method)


def method_order(method: str) -> tuple[int, str]:
    """A key to sort methods by: the backbone alone, then ours, then the others by name."""
    known = [BACKBONE, *(found.name for found in methods.methods())]
    return (known.index(method) if method in known else len(known)), method


def label(backbone: str, method: str) -> str:
    """The name of a row: ``BiLSTM``, ``BiLSTM + LogiRE``."""
    name = backbone_title(backbone)
    return name if method == BACKBONE else f"{name} + {method_title(method)}"
