"""The pairs that a training step looks at."""

from __future__ import annotations

import torch
from torch import Tensor

from logire.backbones.base import off_diagonal
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
