"""The LSTM that the LSTM, BiLSTM and Context-Aware backbones read with."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from logire.backbones.words.tensors import take


class DirectedLSTM(nn.Module):
    """A one-layer LSTM that reads left to right, or right to left from each document's own last token.

    Its input is padded, not packed: packed sequences are some 15 times slower on a CPU, and padding after the last
    token cannot affect the tokens before it.
    """

    def __init__(self, input_dim: int, hidden: int, *, backwards: bool = False) -> None:
        super().__init__()
        self.lstm = nn.LSTM(input_dim, hidden, batch_first=True)
        self.backwards = backwards

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """(B, L, input_dim) to (B, L, hidden)."""
        if not self.backwards:
            return self.lstm(tokens)[0]  # type: ignore[no-any-return]
        index = reversal(lengths, tokens.shape[1]).to(tokens.device)
        output = self.lstm(take(tokens, index))[0]
        return take(output, index)


def reversal(lengths: Tensor, longest: int) -> Tensor:
    """(B, L) index that reverses each row's first ``lengths[i]`` positions and leaves the padding in place."""
    position = torch.arange(longest)[None, :]
    return torch.where(position < lengths[:, None], lengths[:, None] - 1 - position, position)
