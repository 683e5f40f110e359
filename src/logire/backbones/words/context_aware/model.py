"""Context-Aware's model."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from logire.backbones.base import off_diagonal, scatter_pairs
from logire.backbones.words.bilinear import PairBilinear
from logire.backbones.words.bilstm.model import BiLSTM
from logire.backbones.words.context_aware import ContextAwareSettings
from logire.backbones.words.vocabulary import Vocabulary
from logire.corpus.document import Schema


class ContextAware(BiLSTM):
    """A BiLSTM whose pairs attend to all pairs of the document before they are classified.

    A second bilinear form gives each pair a vector. A linear layer reads the vector and what it attends to among the
    document's pairs, and adds the result to the BiLSTM's scores. The published model takes this result alone as the
    scores; on DWIE it learns more slowly and ends lower.
    """

    settings: ContextAwareSettings

    def __init__(self, settings: ContextAwareSettings, schema: Schema, vocabulary: Vocabulary) -> None:
        super().__init__(settings, schema, vocabulary)
        size = settings.pair_dim
        self.vectors = PairBilinear(settings.hidden, settings.distance_dim, size, bias=0.0)
        self.attention_scale = nn.Parameter(torch.full((size,), size**-0.5))
        self.output = nn.Linear(2 * size, len(schema.relations), bias=False)

    def scores(self, entities: Tensor, buckets: Sequence[Tensor]) -> list[Tensor]:
        direct = super().scores(entities, buckets)
        vectors = self.vectors(entities, entities, buckets)
        return [score + self.attend(vector) for score, vector in zip(direct, vectors, strict=True)]

    def attend(self, vectors: Tensor) -> Tensor:
        """Vectors (N, N, pair_dim) of one document's pairs to what attention adds to their scores, (N, N, R)."""
        candidates = off_diagonal(len(vectors), vectors.device)
        pairs = self.dropout(torch.tanh(vectors[candidates]))  # (P, pair_dim)
        # Fused attention keeps memory linear in the number of pairs: 90 entities have 8,010.
        query = (pairs * self.attention_scale)[None, None]
        memory = pairs[None, None]
        context = scaled_dot_product_attention(query, memory, memory, scale=1.0)[0, 0]
        return scatter_pairs(self.output(torch.cat([pairs, context], dim=-1)), candidates)
