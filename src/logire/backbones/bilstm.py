"""BiLSTM backbone (Yao et al., 2019)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from logire.backbones.encoder import ForwardLSTM, WordBackbone, WordSettings
from logire.backbones.words import Vocabulary
from logire.corpus.document import Schema


class BiLSTMSettings(WordSettings):
    """Settings of the BiLSTM; the defaults are tuned on DWIE's development split.

    Attributes:
        directions: size of the LSTM's state in each direction.
    """

    directions: int = 128


class BiLSTM(WordBackbone):
    """One LSTM layer in each direction, then linear and ReLU to ``hidden``."""

    Settings = BiLSTMSettings
    settings: BiLSTMSettings

    def __init__(self, settings: BiLSTMSettings, schema: Schema, vocabulary: Vocabulary) -> None:
        super().__init__(settings, schema, vocabulary)
        self.forwards = ForwardLSTM(self.input_dim, settings.directions)
        self.backwards = ForwardLSTM(self.input_dim, settings.directions, backwards=True)
        self.linear = nn.Linear(2 * settings.directions, settings.hidden)

    def read(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        both = torch.cat([self.forwards(tokens, lengths), self.backwards(tokens, lengths)], dim=-1)
        return torch.relu(self.linear(both))
