"""The BiLSTM's model."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from logire.backbones.words.base import WordBackbone
from logire.backbones.words.bilstm import BiLSTMSettings
from logire.backbones.words.directed_lstm import DirectedLSTM
from logire.backbones.words.tensors import take
from logire.backbones.words.vocabulary import Vocabulary
from logire.corpus.document import Schema


class BiLSTM(WordBackbone):
    """One LSTM layer in each direction, then a linear layer and ReLU to ``hidden``."""

    settings: BiLSTMSettings

    def __init__(self, settings: BiLSTMSettings, schema: Schema, vocabulary: Vocabulary) -> None:
        super().__init__(settings, schema, vocabulary)
        self.forwards = DirectedLSTM(self.input_dim, settings.state_dim)
        self.backwards = DirectedLSTM(self.input_dim, settings.state_dim, backwards=True)
        self.linear = nn.Linear(2 * settings.state_dim, settings.hidden)

    def read(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        return torch.cat([self.forwards(tokens, lengths), self.backwards(tokens, lengths)], dim=-1)

    def finish(self, states: Tensor, positions: Tensor) -> Tensor:
        return torch.relu(self.linear(take(states, positions)))
