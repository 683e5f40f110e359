"""BiLSTM backbone (Yao et al., 2019)."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from logire.backbones.encoder import DirectedLSTM, WordBackbone, WordSettings
from logire.backbones.settings import TrainingSettings
from logire.backbones.words import Vocabulary
from logire.corpus.document import Schema


class BiLSTMSettings(WordSettings):
    """Settings of the BiLSTM; the defaults are tuned on DWIE's development split."""

    state_dim: int = Field(128, ge=1, description="size of the LSTM's state in each direction.")


class BiLSTM(WordBackbone):
    """One LSTM layer in each direction, then linear and ReLU to ``hidden``."""

    Settings: ClassVar[type[TrainingSettings]] = BiLSTMSettings
    settings: BiLSTMSettings

    def __init__(self, settings: BiLSTMSettings, schema: Schema, vocabulary: Vocabulary) -> None:
        super().__init__(settings, schema, vocabulary)
        self.forwards = DirectedLSTM(self.input_dim, settings.state_dim)
        self.backwards = DirectedLSTM(self.input_dim, settings.state_dim, backwards=True)
        self.linear = nn.Linear(2 * settings.state_dim, settings.hidden)

    def read(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        both = torch.cat([self.forwards(tokens, lengths), self.backwards(tokens, lengths)], dim=-1)
        return torch.relu(self.linear(both))
