"""The pair classifier of Yao et al. (2019): a factored bilinear form over [entity ; distance embedding]."""

from __future__ import annotations

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

    def forward(self, heads: Tensor, tails: Tensor, buckets: Tensor) -> Tensor:
        """Scores of all pairs of one document.

        Args:
            heads: (N, d) entity vectors as heads.
            tails: (N, d) entity vectors as tails.
            buckets: (N, N) distance bucket of (h, t).

        Returns:
            (N, N, R).
        """
        n, R, d = len(heads), self.relations, heads.shape[1]
        distance = self.distance.weight  # (K, c)
        c = distance.shape[1]
        mirrored = BUCKETS - 1 - buckets
        scores = torch.einsum("hrd,td->htr", (heads @ self.entity_entity).view(n, R, d), tails)
        rows = torch.arange(n, device=buckets.device)
        by_head = torch.einsum("hrc,kc->hkr", (heads @ self.entity_distance).view(n, R, c), distance)
        scores = scores + embedding(rows[:, None] * BUCKETS + mirrored, by_head.reshape(n * BUCKETS, R))
        by_tail = torch.einsum("trc,kc->tkr", (tails @ self.distance_entity).view(n, R, c), distance)
        scores = scores + embedding(rows[None, :] * BUCKETS + buckets, by_tail.reshape(n * BUCKETS, R))
        alone = torch.einsum("krc,kc->kr", (distance @ self.distance_distance).view(BUCKETS, R, c), distance.flip(0))
        return scores + embedding(buckets, alone) + self.bias
