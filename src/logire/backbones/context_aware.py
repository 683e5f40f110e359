"""Context-Aware backbone (Sorokin and Gurevych, 2017, in the form of Yao et al., 2019)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from logire.backbones.backbone import RARE, off_diagonal, scatter_pairs
from logire.backbones.bilinear import PairBilinear
from logire.backbones.bilstm import BiLSTM, BiLSTMSettings
from logire.backbones.words import Vocabulary
from logire.corpus.document import Schema


class ContextAwareSettings(BiLSTMSettings):
    """Settings of Context-Aware; the defaults are tuned on DWIE's development split."""


class ContextAware(BiLSTM):
    """A BiLSTM whose pairs attend to all pairs of the document before they are classified.

    The bilinear form gives a vector a pair; its attention over the document's pairs is put beside it.
    """

    Settings = ContextAwareSettings

    def __init__(self, settings: ContextAwareSettings, schema: Schema, vocabulary: Vocabulary) -> None:
        super().__init__(settings, schema, vocabulary)
        hidden = settings.hidden
        self.pair = PairBilinear(hidden, settings.distance_dim, hidden, bias=0.0)
        self.attention_scale = nn.Parameter(torch.full((hidden,), hidden**-0.5))
        self.output = nn.Linear(2 * hidden, len(schema.relations))
        nn.init.constant_(self.output.bias, RARE)

    def scores(self, entities: Tensor, buckets: Tensor) -> Tensor:
        candidates = off_diagonal(len(entities), entities.device)
        pairs = self.dropout(torch.relu(self.pair(entities, entities, buckets)[candidates]))  # (P, hidden)
        # The fused attention keeps memory linear in the pairs: 90 entities make 8,010 of them.
        query = (pairs * self.attention_scale)[None, None]
        memory = pairs[None, None]
        context = scaled_dot_product_attention(query, memory, memory, scale=1.0)[0, 0]
        return scatter_pairs(self.output(torch.cat([pairs, context], dim=-1)), candidates)
