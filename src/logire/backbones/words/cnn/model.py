"""The CNN's model."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from logire.backbones.words.base import WordBackbone
from logire.backbones.words.cnn import CNNSettings
from logire.backbones.words.tensors import take
from logire.backbones.words.vocabulary import Vocabulary
from logire.corpus.document import Schema


class CNN(WordBackbone):
    """Convolutions over the words; between them ReLU, max-pooling over a word's neighbours, and dropout.

    The last convolution is linear: with ReLU and pooling after it as well, entity vectors barely differ and
    training crawls.
    """

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
        for convolution in self.convolutions[:-1]:
            # After ReLU no maximum is below zero, so padding set to zero never reaches a real word.
            states = self.layer_dropout(self.pool(torch.relu(convolution(states) * real))) * real
        return states.transpose(1, 2)

    def finish(self, states: Tensor, positions: Tensor) -> Tensor:
        """The last convolution, as a product over each word's window."""
        last = self.convolutions[-1]
        assert isinstance(last, nn.Conv1d)
        kernel = self.settings.kernel
        padded = nn.functional.pad(states, (0, 0, kernel // 2, kernel // 2))
        windows = positions[:, :, None] + torch.arange(kernel, device=positions.device)
        rows = take(padded, windows.flatten(1)).view(*positions.shape, kernel * states.shape[2])
        return nn.functional.linear(rows, last.weight.transpose(1, 2).flatten(1), last.bias)
