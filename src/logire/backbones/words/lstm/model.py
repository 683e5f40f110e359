"""The LSTM's model."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from logire.backbones.words.base import WordBackbone
from logire.backbones.words.directed_lstm import DirectedLSTM
from logire.backbones.words.lstm import LSTMSettings
from logire.backbones.words.tensors import take
from logire.backbones.words.vocabulary import Vocabulary
from logire.corpus.document import Schema


class LSTM(WordBackbone):
    """One LSTM layer that reads left to right, then a linear layer and ReLU to ``hidden``."""

    settings: LSTMSettings

    def __init__(self, settings: LSTMSettings, schema: Schema, vocabulary: Vocabulary) -> None:
        super().__init__(settings, schema, vocabulary)
        self.forwards = DirectedLSTM(self.input_dim, settings.state_dim)
        self.linear = nn.Linear(settings.state_dim, settings.hidden)

    def read(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        return self.forwards(tokens, lengths)  # type: ignore[no-any-return]

    def finish(self, states: Tensor, positions: Tensor) -> Tensor:
        return torch.relu(self.linear(take(states, positions)))
