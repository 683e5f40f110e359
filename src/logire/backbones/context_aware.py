"""Context-Aware backbone (Sorokin and Gurevych, 2017, in the form of Yao et al., 2019)."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from logire.backbones.backbone import off_diagonal, scatter_pairs
from logire.backbones.bilinear import PairBilinear
from logire.backbones.bilstm import BiLSTM, BiLSTMSettings
from logire.backbones.settings import TrainingSettings
from logire.backbones.words import Vocabulary
from logire.corpus.document import Schema


class ContextAwareSettings(BiLSTMSettings):
    """Settings of Context-Aware; the defaults are tuned on DWIE's development split."""

    pair_dim: int = Field(64, ge=1, description="size of the vectors by which pairs attend to pairs.")


class ContextAware(BiLSTM):
    """A BiLSTM whose pairs attend to all pairs of the document before they are classified.

    A second bilinear form gives a vector a pair; it and its attention over the document's pairs are read linearly and
    added to the BiLSTM's scores. Scores read from them alone, as published, learn slower and end lower on DWIE.
    """

    Settings: ClassVar[type[TrainingSettings]] = ContextAwareSettings
    settings: ContextAwareSettings

    def __init__(self, settings: ContextAwareSettings, schema: Schema, vocabulary: Vocabulary) -> None:
        super().__init__(settings, schema, vocabulary)
        size = settings.pair_dim
        self.vectors = PairBilinear(settings.hidden, settings.distance_dim, size, bias=0.0)
        self.attention_scale = nn.Parameter(torch.full((size,), size**-0.5))
        self.output = nn.Linear(2 * size, len(schema.relations), bias=False)

    def scores(self, entities: Tensor, buckets: Tensor) -> Tensor:
        candidates = off_diagonal(len(entities), entities.device)
        pairs = self.dropout(torch.tanh(self.vectors(entities, entities, buckets)[candidates]))  # (P, pair_dim)
        # The fused attention keeps memory linear in the pairs: 90 entities make 8,010 of them.
        query = (pairs * self.attention_scale)[None, None]
        memory = pairs[None, None]
        context = scaled_dot_product_attention(query, memory, memory, scale=1.0)[0, 0]
        read = scatter_pairs(self.output(torch.cat([pairs, context], dim=-1)), candidates)
        return super().scores(entities, buckets) + read
