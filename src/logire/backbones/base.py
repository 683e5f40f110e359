"""The base of every backbone: a torch module that encodes documents, scores their pairs and computes its loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

import torch
from torch import Tensor, nn

from logire.backbones.decisions import Decision, by_global_threshold
from logire.backbones.settings import TrainingSettings
from logire.corpus.document import Document, FloatArray, Schema
from logire.corpus.prepared import PreparedCorpus


class Encoded(Protocol):
    """A document as a backbone reads it; each family adds its own tensors.

    Attributes:
        title: of the document.
        length: number of tokens; batches hold documents of similar length.
        facts: (F, 3) head, tail, relation of the distinct labelled facts.
        entities: number of entities N.
    """

    @property
    def title(self) -> str: ...
    @property
    def length(self) -> int: ...
    @property
    def facts(self) -> Tensor: ...
    @property
    def entities(self) -> int: ...


E = TypeVar("E", bound=Encoded)

RARE = -5.0
"""Initial bias of the classifiers: labelled facts are rare, a few in ten thousand candidates."""


class Backbone(nn.Module, ABC, Generic[E]):
    """A relation model. Subclasses define ``build``, ``restore``, ``encode`` and ``forward``.

    ``forward`` takes encoded documents and returns for each the scores of all pairs, (N, N, S): S is the number of
    relations R unless the model overrides :meth:`logits` and :meth:`loss`.
    """

    def __init__(self, settings: TrainingSettings, schema: Schema) -> None:
        super().__init__()
        self.settings = settings
        self.schema = schema

    @classmethod
    @abstractmethod
    def build(cls, settings: Any, corpus: PreparedCorpus) -> Self:
        """A new model for ``corpus``, before training."""

    @classmethod
    @abstractmethod
    def restore(cls, settings: Any, schema: Schema, folder: Path) -> Self:
        """A model of the same shape as the one that was trained in ``folder``; its weights are loaded afterwards."""

    @abstractmethod
    def encode(self, document: Document) -> E:
        """The document as this model reads it."""

    @abstractmethod
    def forward(self, documents: Sequence[E]) -> list[Tensor]:
        """Scores (N, N, S) of each document; the diagonal is meaningless."""

    def save_extras(self, folder: Path) -> None:
        """Write what :meth:`restore` needs apart from settings and weights; by default nothing."""
        del folder

    def logits(self, scores: Tensor) -> Tensor:
        """Scores (N, N, S) to logits (N, N, R)."""
        return scores

    def decide(self, logits: Mapping[str, FloatArray], dev: Sequence[Document]) -> Decision:
        """How logits become predictions, given those of ``dev`` (by title); by default one threshold, chosen there."""
        return by_global_threshold(logits, dev, self.schema)

    def loss(self, scores: Sequence[Tensor], documents: Sequence[E]) -> Tensor:
        """Binary cross-entropy, summed over relations and averaged over the batch's pairs with h != t."""
        total = scores[0].new_zeros(())
        pairs = 0
        for score, document in zip(scores, documents, strict=True):
            total = total + pair_losses(score, document).sum()
            pairs += document.entities * (document.entities - 1)
        return total / max(pairs, 1)

    def parameter_groups(self) -> list[tuple[list[nn.Parameter], float]]:
        """Groups of trainable parameters, each with its peak learning rate."""
        return [([p for p in self.parameters() if p.requires_grad], self.settings.learning_rate)]

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device


def labels(document: Encoded, relations: int, device: torch.device) -> Tensor:
    """(N, N, R) float: 1 where the fact is labelled."""
    n = document.entities
    result = torch.zeros(n, n, relations, device=device)
    head, tail, relation = document.facts.to(device).unbind(1)
    result[head, tail, relation] = 1.0
    return result


def off_diagonal(n: int, device: torch.device) -> Tensor:
    """(N, N) bool: the candidate pairs, h != t."""
    return ~torch.eye(n, dtype=torch.bool, device=device)


def scatter_pairs(found: Tensor, candidates: Tensor) -> Tensor:
    """(P, S) scores of the candidate pairs, row by row, to (N, N, S) with 0 elsewhere."""
    scores = found.new_zeros(*candidates.shape, found.shape[-1])
    return scores.masked_scatter(candidates[:, :, None], found)


def pair_losses(scores: Tensor, document: Encoded) -> Tensor:
    """(N, N) binary cross-entropy of each pair, summed over relations; 0 on the diagonal."""
    target = labels(document, scores.shape[-1], scores.device)
    cells = nn.functional.binary_cross_entropy_with_logits(scores.float(), target, reduction="none").sum(-1)
    return cells * off_diagonal(document.entities, scores.device)
