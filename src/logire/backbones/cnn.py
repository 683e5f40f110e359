"""CNN backbone (Yao et al., 2019)."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from logire.backbones.encoder import WordBackbone, WordSettings
from logire.backbones.words import Vocabulary
from logire.corpus.document import Schema


class CNNSettings(WordSettings):
    """Settings of the CNN; the defaults are tuned on DWIE's development split. ``hidden`` is the channels."""

    learning_rate: float = Field(2e-3, gt=0)
    embedding_scale: float = Field(0.2, gt=0)
    distance_scale: float = Field(0.1, gt=0)
    dropout: float = Field(0.2, ge=0, lt=1)
    hidden: int = Field(200, ge=1)
    layers: int = Field(3, ge=1, description="number of convolutions.")
    kernel: Literal[1, 3, 5, 7] = Field(3, description="words a convolution and a max-pooling see.")
    layer_dropout: float = Field(0.1, ge=0, lt=1, description="between the convolutions.")


class CNN(WordBackbone):
    """Convolutions over the words; between them ReLU, max-pooling over a word's neighbours, and dropout.

    The last is linear: with ReLU and pooling behind it, too, entity vectors hardly differ and training crawls.
    """

    Settings = CNNSettings
    settings: CNNSettings

    def __init__(self, settings: CNNSettings, schema: Schema, vocabulary: Vocabulary) -> None:
        super().__init__(settings, schema, vocabulary)
        sizes = [self.input_dim] + [settings.hidden] * settings.layers
        pad = settings.kernel // 2
        self.convolutions = nn.ModuleList(nn.Conv1d(a, b, settings.kernel, padding=pad) for a, b in pairwise(sizes))
        self.pool = nn.MaxPool1d(settings.kernel, stride=1, padding=pad)
        self.layer_dropout = nn.Dropout(settings.layer_dropout)

    def read(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        real = (torch.arange(tokens.shape[1])[None, :] < lengths[:, None]).to(tokens.device)[:, None, :]
        states = tokens.transpose(1, 2) * real
        for number, convolution in enumerate(self.convolutions):
            if number:
                # Zero is neutral for the maximum after ReLU: zeroed padding never reaches a real word.
                states = self.layer_dropout(self.pool(torch.relu(states))) * real
            states = convolution(states) * real
        return states.transpose(1, 2)
