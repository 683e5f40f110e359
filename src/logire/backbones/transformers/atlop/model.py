"""ATLOP's model."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, log_softmax
from torch.utils.checkpoint import checkpoint

from logire.backbones.base import RARE, labels, off_diagonal, scatter_pairs
from logire.backbones.transformers.atlop import ATLOPSettings
from logire.backbones.transformers.base import TransformerBackbone
from logire.backbones.transformers.pieces import PieceDocument
from logire.backbones.transformers.windows import Reading
from logire.ground.errors import InputError

PAIRS = 1024
"""Number of pairs classified at once; each needs hidden * group floats."""


class ATLOP(TransformerBackbone):
    """Pools mentions to entities by logsumexp, pools the context that both entities of a pair attend to, and scores the
    pair with a grouped bilinear form.

    The scores start with a threshold class; a logit is a relation's score minus that of the threshold class.
    """

    settings: ATLOPSettings
    looks = True

    @property
    def markers(self) -> bool:
        return self.settings.markers

    def make_head(self) -> None:
        d, hidden, group = self.encoder.dim, self.settings.hidden, self.settings.group
        if hidden % group:
            raise InputError(f"{group} does not divide hidden, {hidden}", field="group", remedy="change one of them")
        self.head_entity, self.head_context = nn.Linear(d, hidden), nn.Linear(d, hidden, bias=False)
        self.tail_entity, self.tail_context = nn.Linear(d, hidden), nn.Linear(d, hidden, bias=False)
        self.output = nn.Linear(hidden * group, 1 + len(self.schema.relations))
        with torch.no_grad():
            self.output.bias[0] -= RARE  # the threshold class

    def forward(self, documents: Sequence[PieceDocument]) -> list[Tensor]:
        mentions = [d.spans[:, 0].to(self.device) for d in documents]
        readings = self.encoder([d.pieces.to(self.device) for d in documents], mentions)
        return [self.scores(*item) for item in zip(readings, mentions, documents, strict=True)]

    def scores(self, reading: Reading, mentions: Tensor, document: PieceDocument) -> Tensor:
        """(N, N, 1 + R) scores of one document's pairs, the threshold class first."""
        n, owner = document.entities, document.owner.to(self.device)
        entities = logsumexp_by(reading.states[mentions], owner, n)
        counts = torch.bincount(owner, minlength=n).clamp(min=1)
        attention = reading.attention.new_zeros(reading.attention.shape[0], n, reading.attention.shape[-1])
        attention = attention.index_add(1, owner, reading.attention) / counts[None, :, None]
        candidates = off_diagonal(n, self.device)
        h, t = candidates.nonzero().unbind(1)
        # (h, t) and (t, h) have the same context, so it is pooled once.
        context, where = localized_context(attention, reading.states), unordered(n, self.device)[h, t]
        head = torch.tanh(self.head_entity(entities)[h] + self.head_context(context)[where])
        tail = torch.tanh(self.tail_entity(entities)[t] + self.tail_context(context)[where])
        if self.encoder.bf16 and self.training:
            head, tail = head.bfloat16(), tail.bfloat16()
        parts = zip(torch.split(head, PAIRS), torch.split(tail, PAIRS), strict=True)
        found = torch.cat([checkpoint(self.classify, *part, use_reentrant=False) for part in parts])
        return scatter_pairs(found, candidates)

    def classify(self, head: Tensor, tail: Tensor) -> Tensor:
        """(P, hidden) heads and tails to (P, 1 + R): a bilinear form within each group of features."""
        shape = (-1, self.settings.hidden // self.settings.group, self.settings.group)
        outer = head.view(shape)[:, :, :, None] * tail.view(shape)[:, :, None, :]
        weight, bias = self.output.weight.to(outer.dtype), self.output.bias.to(outer.dtype)
        return linear(outer.flatten(1), weight, bias).float()

    def logits(self, scores: Tensor) -> Tensor:
        return scores[..., 1:] - scores[..., :1]

    def loss(self, scores: Sequence[Tensor], documents: Sequence[PieceDocument]) -> Tensor:
        """The adaptive-threshold loss, averaged over the batch's pairs with h != t."""
        losses = []
        for score, document in zip(scores, documents, strict=True):
            candidates = off_diagonal(document.entities, score.device)
            target = labels(document, score.shape[-1] - 1, score.device)
            losses.append(adaptive_threshold_loss(score[candidates], target[candidates]))
        every = torch.cat(losses)
        return every.sum() / max(len(every), 1)


def adaptive_threshold_loss(scores: Tensor, target: Tensor) -> Tensor:
    """(P,) loss of each pair, which pushes labelled relations above the threshold class and others below (section 3.2).

    Args:
        scores: (P, 1 + R), the threshold class first.
        target: (P, R), 1 where labelled.
    """
    with_threshold = torch.cat([torch.ones_like(target[:, :1]), target], dim=1)
    positive = log_softmax(scores.masked_fill(with_threshold == 0, -1e30), dim=-1)[:, 1:]
    negative = log_softmax(torch.cat([scores[:, :1], scores[:, 1:].masked_fill(target == 1, -1e30)], dim=1), dim=-1)
    return -(positive * target).sum(-1) - negative[:, 0]


def localized_context(attention: Tensor, states: Tensor) -> Tensor:
    """(N (N - 1) / 2, d) mean of the states, weighted by what both entities of a pair attend to (section 3.3).

    Args:
        attention: (heads, N, L) what each entity attends to.
        states: (L, d).

    Returns:
        A row for each unordered pair, numbered by :func:`unordered`.
    """
    both = torch.einsum("kil,kjl->lij", attention, attention) / len(attention)
    first, second = torch.triu_indices(both.shape[1], both.shape[1], 1, device=both.device)
    weights = both[:, first, second]  # (L, P)
    return (weights / (weights.sum(0) + 1e-5)).T @ states


def unordered(n: int, device: torch.device) -> Tensor:
    """(n, n) the number of each unordered pair, the same for (h, t) and (t, h); meaningless on the diagonal."""
    first, second = torch.triu_indices(n, n, 1, device=device)
    number = torch.zeros(n, n, dtype=torch.long, device=device)
    number[first, second] = number[second, first] = torch.arange(len(first), device=device)
    return number


def logsumexp_by(values: Tensor, owner: Tensor, n: int) -> Tensor:
    """(M, d) mentions to (n, d) entities: logsumexp over each owner's rows."""
    index = owner[:, None].expand_as(values)
    highest = (
        values.detach()
        .new_zeros(n, values.shape[1])
        .scatter_reduce(0, index, values.detach(), "amax", include_self=False)
    )
    total = values.new_zeros(n, values.shape[1]).index_add(0, owner, (values - highest[owner]).exp())
    return total.log() + highest
