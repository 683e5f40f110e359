"""Rows of a layer's attention beside fused attention, which returns none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from logire.backbones.transformers.pretrained import layers_path

_BERT, _DISTILBERT = ("attention.self.query", "attention.self.key"), ("attention.q_lin", "attention.k_lin")
_PROJECTIONS = dict.fromkeys(("bert", "roberta", "xlm-roberta", "camembert", "electra"), _BERT)
_PROJECTIONS["distilbert"] = _DISTILBERT
"""Model type -> where a layer's queries and keys are, for encoders whose attention is the plain product of the two."""


class LastAttention:
    """The queries and keys of an encoder's last layer, from which single rows of its attention follow.

    A backbone looks at the rows of the mentions alone: a tenth of a document's. Fused attention serves the layers, and
    those rows are computed from the projections that it read.

    Args:
        query, key: the projections of the last layer.
        heads: number of attention heads.
    """

    def __init__(self, query: nn.Module, key: nn.Module, heads: int) -> None:
        self.projections = (query, key)
        self.heads = heads

    @classmethod
    def of(cls, encoder: Any) -> LastAttention | None:
        """None where the attention is not known to be the plain product of queries and keys."""
        names = _PROJECTIONS.get(encoder.config.model_type)
        if names is None or getattr(encoder.config, "position_embedding_type", "absolute") != "absolute":
            return None
        last = encoder.get_submodule(layers_path(encoder))[-1]
        return cls(last.get_submodule(names[0]), last.get_submodule(names[1]), encoder.config.num_attention_heads)

    @contextmanager
    def kept(self) -> Iterator[list[Tensor]]:
        """A list that holds queries and keys, each (B, S, d), after the encoder has run within this context."""
        found: list[Tensor] = []
        hooks = [part.register_forward_hook(lambda *given: found.append(given[-1])) for part in self.projections]
        try:
            yield found
        finally:
            for hook in hooks:
                hook.remove()

    def rows(self, queries: Tensor, keys: Tensor, positions: Tensor) -> Tensor:
        """(heads, M, S) attention of ``positions`` (M,) in a text, from its queries and keys, each (S, d)."""
        size = queries.shape[-1] // self.heads
        asked = queries[positions].view(-1, self.heads, size).transpose(0, 1)
        answers = keys.reshape(-1, self.heads, size).permute(1, 2, 0)
        return torch.softmax((asked @ answers).float() / math.sqrt(size), dim=-1)
