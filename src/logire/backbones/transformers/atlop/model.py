"""ATLOP's model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import linear, log_softmax
from torch.utils.checkpoint import checkpoint

from logire.backbones.base import RARE, labels, off_diagonal
from logire.backbones.decisions import Decision, by_fixed_rule
from logire.backbones.transformers.atlop import ATLOPSettings
from logire.backbones.transformers.base import TransformerBackbone
from logire.backbones.transformers.draw import draw, drawn, scatter_drawn
from logire.backbones.transformers.pieces import PieceDocument
from logire.backbones.transformers.windows import Reading
from logire.corpus.document import BoolArray, Document, FloatArray

PAIRS = 1024
"""Number of pairs classified at once; each needs hidden * group floats."""


class Places(NamedTuple):
    """Where the mentions of a document are read: K positions of M mentions of N entities.

    Attributes:
        rows: (K,) positions in the document.
        of: (K,) the mention of each.
        owner: (M,) the entity of each mention.
        entities: N.
    """

    rows: Tensor
    of: Tensor
    owner: Tensor
    entities: int

    def of_mentions(self, values: Tensor) -> Tensor:
        """(K, d) to (M, d): the mean of each mention's positions."""
        return self._means(len(self.owner), self.of) @ values

    def of_entities(self, attention: Tensor) -> Tensor:
        """(heads, K, L) to (heads, N, L): the mean of each entity's mentions, each the mean of its positions."""
        return self._means(self.entities, self.owner) @ self._means(len(self.owner), self.of) @ attention

    def _means(self, groups: int, of: Tensor) -> Tensor:
        """(groups, len(of)) matrix that averages the members of each group."""
        counts = torch.bincount(of, minlength=groups).clamp(min=1)
        matrix = torch.zeros(groups, len(of), device=of.device)
        return matrix.index_put((of, torch.arange(len(of), device=of.device)), 1.0 / counts[of])


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
        kinds = self.settings.type_dim
        self.type_embedding = nn.Embedding(len(self.schema.types) + 1, kinds, padding_idx=0)
        self.head_entity, self.head_context = nn.Linear(d + kinds, hidden), nn.Linear(d, hidden, bias=False)
        self.tail_entity, self.tail_context = nn.Linear(d + kinds, hidden), nn.Linear(d, hidden, bias=False)
        self.output = nn.Linear(hidden * group, 1 + len(self.schema.relations))
        with torch.no_grad():
            self.output.bias[0] -= RARE  # the threshold class

    def forward(self, documents: Sequence[PieceDocument]) -> list[Tensor]:
        places = [self.places(d) for d in documents]
        readings = self.encoder([d.pieces.to(self.device) for d in documents], [place.rows for place in places])
        return [self.scores(*item) for item in zip(readings, places, documents, strict=True)]

    def places(self, document: PieceDocument) -> Places:
        """Where the document's mentions are read."""
        if self.settings.mention == "first":
            rows, of = document.spans[:, 0], torch.arange(len(document.spans))
        else:
            sizes = document.spans[:, 1] - document.spans[:, 0]
            of = torch.arange(len(sizes)).repeat_interleave(sizes)
            start = document.spans[:, 0] - sizes.cumsum(0) + sizes
            rows = torch.arange(len(of)) + start[of]
        return Places(rows.to(self.device), of.to(self.device), document.owner.to(self.device), document.entities)

    def scores(self, reading: Reading, places: Places, document: PieceDocument) -> Tensor:
        """(N, N, 1 + R) scores of one document's pairs, the threshold class first; those not classified are -inf."""
        n = document.entities
        chosen = (draw(document, self.settings) if self.training else off_diagonal(n, torch.device("cpu"))).to(
            self.device
        )
        h, t = chosen.nonzero().unbind(1)
        entities = logsumexp_by(places.of_mentions(reading.states[places.rows]), places.owner, n)
        entities = torch.cat([entities, self.type_embedding(1 + document.kinds.to(self.device))], dim=-1)
        # (h, t) and (t, h) have the same context, so it is pooled once.
        pairs, where = torch.unique(torch.minimum(h, t) * n + torch.maximum(h, t), return_inverse=True)
        attention = places.of_entities(reading.attention)
        context = localized_context(attention, reading.states, pairs // n, pairs % n)
        head = torch.tanh(self.head_entity(entities)[h] + self.head_context(context)[where])
        tail = torch.tanh(self.tail_entity(entities)[t] + self.tail_context(context)[where])
        if self.encoder.bf16 and self.training:
            head, tail = head.bfloat16(), tail.bfloat16()
        parts = list(zip(torch.split(head, PAIRS), torch.split(tail, PAIRS), strict=True))
        if len(parts) > 1:
            found = torch.cat([checkpoint(self.classify, *part, use_reentrant=False) for part in parts])
        else:
            found = self.classify(head, tail)
        return scatter_drawn(found, chosen)

    def classify(self, head: Tensor, tail: Tensor) -> Tensor:
        """(P, hidden) heads and tails to (P, 1 + R): a bilinear form within each group of features."""
        shape = (-1, self.settings.hidden // self.settings.group, self.settings.group)
        outer = head.view(shape)[:, :, :, None] * tail.view(shape)[:, :, None, :]
        weight, bias = self.output.weight.to(outer.dtype), self.output.bias.to(outer.dtype)
        return linear(outer.flatten(1), weight, bias).float()

    def logits(self, scores: Tensor) -> Tensor:
        return scores[..., 1:] - scores[..., :1]

    def decide(self, logits: Mapping[str, FloatArray], dev: Sequence[Document]) -> Decision:
        if self.settings.decision == "dev":
            return super().decide(logits, dev)
        predicts = partial(highest_above_zero, most=self.settings.most)
        return by_fixed_rule(predicts, 0.0, logits, dev, self.schema)

    def loss(self, scores: Sequence[Tensor], documents: Sequence[PieceDocument]) -> Tensor:
        """The adaptive-threshold loss, averaged over the batch's pairs that have scores."""
        losses = []
        for score, document in zip(scores, documents, strict=True):
            chosen = drawn(score)
            target = labels(document, score.shape[-1] - 1, score.device)
            losses.append(adaptive_threshold_loss(score[chosen], target[chosen]))
        every = torch.cat(losses)
        return every.sum() / max(len(every), 1)


def highest_above_zero(logits: FloatArray, *, most: int) -> BoolArray:
    """(N, N, R) bool: the relations above the threshold class that are among the ``most`` highest of their pair.

    As in the published code, all that equal the last of these count, too.

    Args:
        logits: (N, N, R), relative to the threshold class.
    """
    most = min(most, logits.shape[-1])
    last = np.partition(logits, -most, axis=-1)[..., -most, None]
    return (logits > 0) & (logits >= last)


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


def localized_context(attention: Tensor, states: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """(P, d) mean of the states, weighted by what both entities of each pair attend to (section 3.3).

    A window of a long document does not see the others: where two entities share no window, both attend to nothing,
    and what either attends to takes its place.

    Args:
        attention: (heads, N, L) what each entity attends to.
        states: (L, d).
        first, second: (P,) the entities of each pair.
    """
    one, other = attention[:, first], attention[:, second]
    weights = (one * other).mean(0)
    total = weights.sum(1, keepdim=True)
    apart = total == 0
    if apart.any():
        either = (one + other).mean(0) / 2
        weights, total = torch.where(apart, either, weights), torch.where(apart, either.sum(1, keepdim=True), total)
    return (weights / (total + 1e-5)) @ states


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
