"""The pair classifier of Yao et al. (2019): a factored bilinear form over [entity ; distance embedding]."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from logire.backbones.words.tensors import BUCKETS


class PairBilinear(nn.Module):
    """Score of relation r for (h, t): [e_h ; a_ht] W_r [e_t ; a_th] + b_r, a_ht the embedding of their distance.

    Pair by pair this costs N^2 d^2 R. Instead, W_r is kept as four blocks: the entity block multiplies heads first
    and tails second (N d^2 R + N^2 d R), and the blocks with a distance are tables over its few buckets.

    Args:
        dim: d, size of an entity vector.
        distance_dim: size of a distance embedding.
        relations: R.
        bias: initial value of b_r.
    """

    def __init__(self, dim: int, distance_dim: int, relations: int, *, bias: float) -> None:
        super().__init__()
        self.relations = relations
        self.distance = nn.Embedding(BUCKETS, distance_dim)
        self.entity_entity = nn.Parameter(torch.empty(dim, relations * dim))
        self.entity_distance = nn.Parameter(torch.empty(dim, relations * distance_dim))
        self.distance_entity = nn.Parameter(torch.empty(dim, relations * distance_dim))
        self.distance_distance = nn.Parameter(torch.empty(distance_dim, relations * distance_dim))
        self.bias = nn.Parameter(torch.full((relations,), bias))
        for block in (self.entity_entity, self.entity_distance, self.distance_entity, self.distance_distance):
            nn.init.normal_(block, std=(dim + distance_dim) ** -0.5)

    def forward(self, heads: Tensor, tails: Tensor, buckets: Sequence[Tensor]) -> list[Tensor]:
        """Scores of all pairs of each document.

        The entities of all documents are multiplied by the blocks at once: the entity block and its gradient are
        larger than a processor's cache, so each pass over them counts.

        Args:
            heads: (M, d) vectors of the documents' entities as heads, one document after the other.
            tails: (M, d) vectors of the same entities as tails.
            buckets: distance buckets (N, N) of each document's pairs (h, t).

        Returns:
            (N, N, R) of each document.
        """
        m, R, d = len(heads), self.relations, heads.shape[1]
        distance = self.distance.weight  # (K, c)
        c = distance.shape[1]
        alone = torch.einsum("krc,kc->kr", (distance @ self.distance_distance).view(BUCKETS, R, c), distance.flip(0))
        by_head = torch.einsum("hrc,kc->hkr", (heads @ self.entity_distance).view(m, R, c), distance)
        by_tail = torch.einsum("trc,kc->tkr", (tails @ self.distance_entity).view(m, R, c), distance)
        # What depends on the bucket alone costs less in the table of each tail than on each pair.
        by_head, by_tail = (by_head.reshape(m * BUCKETS, R), (by_tail + (alone + self.bias)).reshape(m * BUCKETS, R))
        sizes = [len(pairs) for pairs in buckets]
        projected = torch.split((heads @ self.entity_entity).view(m * R, d), [n * R for n in sizes])
        scores, start = [], 0
        for n, own, their, pairs in zip(sizes, projected, torch.split(tails, sizes), buckets, strict=True):
            rows = BUCKETS * torch.arange(start, start + n, device=pairs.device)
            score = (own @ their.T).view(n, R, n).transpose(1, 2)
            score = score + embedding(rows[:, None] + (BUCKETS - 1 - pairs), by_head)
            scores.append(score + embedding(rows[None, :] + pairs, by_tail))
            start += n
        return scores
