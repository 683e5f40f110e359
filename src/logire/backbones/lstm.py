"""LSTM backbone (Yao et al., 2019)."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn

from logire.backbones.encoder import DirectedLSTM, WordBackbone, WordSettings
from logire.backbones.words import Vocabulary
from logire.corpus.document import Schema


class LSTMSettings(WordSettings):
    """Settings of the LSTM; the defaults are tuned on DWIE's development split."""

    state_dim: int = Field(128, ge=1, description="size of the LSTM's state.")


class LSTM(WordBackbone):
    """One LSTM layer, left to right, then linear and ReLU to ``hidden``."""

    Settings = LSTMSettings
    settings: LSTMSettings

    def __init__(self, settings: LSTMSettings, schema: Schema, vocabulary: Vocabulary) -> None:
        super().__init__(settings, schema, vocabulary)
        self.forwards = DirectedLSTM(self.input_dim, settings.state_dim)
        self.linear = nn.Linear(settings.state_dim, settings.hidden)

    def read(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        return torch.relu(self.linear(self.forwards(tokens, lengths)))
