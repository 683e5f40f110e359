"""The pairs that a training step looks at, and their scores among those of all pairs."""

from __future__ import annotations

import torch
from torch import Tensor

from logire.backbones.base import off_diagonal, scatter_pairs
from logire.backbones.transformers.pieces import PieceDocument
from logire.backbones.transformers.settings import TransformerSettings


def draw(document: PieceDocument, settings: TransformerSettings) -> Tensor:
    """(N, N) bool: the pairs with a fact, and a random draw of the others; all if no number of others is set."""
    candidates = off_diagonal(document.entities, torch.device("cpu"))
    if not settings.negatives and not settings.min_negatives:
        return candidates
    chosen = torch.zeros_like(candidates)
    chosen[document.facts[:, 0], document.facts[:, 1]] = True
    chosen &= candidates
    others = (candidates & ~chosen).nonzero()
    wanted = max(settings.min_negatives, settings.negatives * int(chosen.sum()))
    drawn = others[torch.randperm(len(others))[:wanted]]
    chosen[drawn[:, 0], drawn[:, 1]] = True
    return chosen


def scatter_drawn(found: Tensor, chosen: Tensor) -> Tensor:
    """(P, S) scores of the chosen pairs, row by row, to (N, N, S); the others have the score minus infinity."""
    return scatter_pairs(found, chosen).masked_fill(~chosen[:, :, None], -torch.inf)


def drawn(scores: Tensor) -> Tensor:
    """(N, N) bool: the pairs that have scores. A score that is not a number counts, so that the loss tells of it."""
    return scores[:, :, 0] != -torch.inf
