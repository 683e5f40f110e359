"""A transformer decoder layer over a forest of prefixes, for the rule generator (paper, section 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from logire.rules.logire.attention import attend
from logire.rules.logire.settings import LogiRESettings


class PrefixDecoderLayer(nn.Module):
    """A transformer decoder layer in which a prefix attends to its own prefixes and to the query.

    It computes what ``torch.nn.TransformerDecoderLayer`` does, except that no attention weight drops out. Its three
    sublayers are self-attention, attention to the query, and the feed-forward layers; each is normalised before it
    or after its residual sum (``settings.norm``).
    """

    def __init__(self, settings: LogiRESettings) -> None:
        super().__init__()
        hidden = settings.hidden
        self.heads = settings.heads
        self.after = settings.norm == "after"
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(3))
        self.self_query, self.self_key_value = nn.Linear(hidden, hidden), nn.Linear(hidden, 2 * hidden)
        self.cross_query, self.cross_key_value = nn.Linear(hidden, hidden), nn.Linear(hidden, 2 * hidden)
        self.self_out, self.cross_out = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)
        self.feedforward = nn.Sequential(
            nn.Linear(hidden, settings.feedforward),
            nn.Sequential(nn.ReLU(), nn.Dropout(settings.dropout)),
            nn.Linear(settings.feedforward, hidden),
        )
        self.dropout = nn.Dropout(settings.dropout)

    def forward(
        self, x: Tensor, memory: Tensor, source: Tensor, ancestors: Tensor, word: Tensor | None = None
    ) -> Tensor:
        """The states of all nodes after this layer.

        Args:
            x: (nodes, H), or with ``word`` (words, H) the states of distinct words.
            memory: (3 * trees, H) of the query types. source: (nodes, 3) the rows of memory that a node attends to.
            ancestors: (nodes, L) the rows of x that it attends to.
            word: (nodes,) the row of x that is its own; by default x has a row for each node.

        Returns:
            (nodes, H)
        """
        normed = self._before(0, x)
        rows = torch.arange(len(ancestors), device=x.device)
        own = rows if word is None else word
        found = attend(self.self_query(normed), self.self_key_value(normed), own, ancestors, self.heads)
        x = (x if word is None else nn.functional.embedding(word, x)) + self.dropout(self.self_out(found))
        x = self._behind(0, x)
        asked = self.cross_query(self._before(1, x))
        found = attend(asked, self.cross_key_value(memory), rows, source, self.heads)
        x = self._behind(1, x + self.dropout(self.cross_out(found)))
        return self._behind(2, x + self.dropout(self.feedforward(self._before(2, x))))

    def _before(self, sublayer: int, x: Tensor) -> Tensor:
        return x if self.after else self.norms[sublayer](x)

    def _behind(self, sublayer: int, x: Tensor) -> Tensor:
        return self.norms[sublayer](x) if self.after else x
