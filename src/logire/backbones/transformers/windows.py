"""A pretrained transformer that reads documents of any length, window by window."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from logire.backbones.transformers.frozen import FrozenStates
from logire.backbones.transformers.pretrained import layers_path
from logire.backbones.transformers.settings import TransformerSettings
from logire.ground.errors import InputError

PASS = 8
"""Number of windows that the encoder reads at once."""


class Reading(NamedTuple):
    """What the encoder returns for a document.

    Attributes:
        states: (L, d) last hidden states.
        attention: (heads, M, L) the last layer's attention of M requested positions; each row sums to 1.
    """

    states: Tensor
    attention: Tensor


class WindowedEncoder(nn.Module):
    """Reads documents of any length in overlapping windows and averages the states where they overlap.

    Args:
        encoder: a transformer of :mod:`logire.backbones.transformers.pretrained`.
        tokenizer: its tokenizer.

    Raises:
        InputError: the window is longer than the encoder can read, the overlap leaves a window no new subword, or the
            encoder has fewer layers than are to be frozen.
    """

    def __init__(self, encoder: Any, tokenizer: Any, settings: TransformerSettings) -> None:
        super().__init__()
        self.encoder = encoder
        self.specials: tuple[int, int, int] = (
            tokenizer.cls_token_id,
            tokenizer.sep_token_id,
            tokenizer.pad_token_id,
        )
        longest = min(tokenizer.model_max_length, encoder.config.max_position_embeddings)
        if settings.window > longest:
            raise InputError(f"the encoder reads at most {longest} subwords", field="window", remedy="lower it")
        self.size, self.overlap = settings.window - 2, settings.overlap
        if self.overlap >= self.size:
            raise InputError(f"must be under window - 2 = {self.size}", field="overlap", remedy="lower it")
        self.bf16 = settings.precision == "bf16"
        layers = encoder.get_submodule(layers_path(encoder))
        if settings.frozen_layers > len(layers):
            raise InputError(f"the encoder has {len(layers)} layers", field="frozen_layers", remedy="lower it")
        self.frozen = [*layers[: settings.frozen_layers], *([encoder.embeddings] if settings.freeze_embeddings else [])]
        for part in self.frozen:
            part.requires_grad_(False)
        self.below = (
            FrozenStates(encoder, settings.frozen_layers, bf16=self.bf16) if settings.freeze_embeddings else None
        )

    def train(self, mode: bool = True) -> Self:
        """Frozen parts stay in evaluation mode, without dropout."""
        super().train(mode)
        for part in self.frozen:
            part.eval()
        return self

    @property
    def dim(self) -> int:
        return int(self.encoder.config.hidden_size)

    def forward(self, documents: Sequence[Tensor], rows: Sequence[Tensor] | None = None) -> list[Reading]:
        """Read documents of subword ids (L,); ``rows`` are the positions (M,) whose attention is returned."""
        wanted = rows or [torch.zeros(0, dtype=torch.long, device=self.encoder.device)] * len(documents)
        windows = [
            (number, start, end)
            for number, document in enumerate(documents)
            for start, end in cut(len(document), self.size, self.overlap)
        ]
        # Windows of one length go together, which saves padding.
        windows.sort(key=lambda window: (window[1] - window[2], window[0]))
        found: list[list[Window]] = [[] for _ in documents]
        for begin in range(0, len(windows), PASS):
            chosen = windows[begin : begin + PASS]
            texts = [documents[number][start:end] for number, start, end in chosen]
            states, attentions = self._read(texts, with_attention=rows is not None)
            # unbind, not indexing: each index would allocate a gradient as large as the whole batch.
            attention_of = [None] * len(chosen) if attentions is None else attentions.unbind()
            for (number, start, end), state, attention in zip(chosen, states.unbind(), attention_of, strict=True):
                found[number].append(Window(start, end, state[1 : 1 + end - start], attention))
        return [
            merge(windows_of, len(document), positions)
            for windows_of, document, positions in zip(found, documents, wanted, strict=True)
        ]

    def _read(self, texts: Sequence[Tensor], *, with_attention: bool) -> tuple[Tensor, Tensor | None]:
        """States (B, S, d) and last attention (B, heads, S, S) of texts between the special tokens."""
        first, last, padding = self.specials
        whole = [pad(pad(text, (1, 0), value=first), (0, 1), value=last) for text in texts]
        ids = pad_sequence(whole, True, padding)
        lengths = torch.tensor([len(text) for text in whole], device=ids.device)
        mask = (torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]).long()
        start: AbstractContextManager[None] = nullcontext()
        if self.below is not None:
            start = self.below.above(self.encoder, pad_sequence(self.below.states(self.encoder, whole), True))
        with start, torch.autocast(ids.device.type, torch.bfloat16, enabled=self.bf16):
            output = self.encoder(input_ids=ids, attention_mask=mask, output_attentions=with_attention)
        attention = output.attentions[-1].float() if with_attention else None
        return output.last_hidden_state.float(), attention


class Window(NamedTuple):
    """A window [start, end) of a document: its states (end - start, d), and attention with the special tokens."""

    start: int
    end: int
    states: Tensor
    attention: Tensor | None


def cut(length: int, size: int, overlap: int) -> list[tuple[int, int]]:
    """Windows [start, end) of at most ``size`` that cover ``length``; neighbours share at least ``overlap``."""
    if length <= size:
        return [(0, length)]
    starts = [*range(0, length - size, size - overlap), length - size]
    return [(start, start + size) for start in starts]


def merge(windows: Sequence[Window], length: int, rows: Tensor) -> Reading:
    """Join the windows of a document: average the states, sum the rows of attention and normalise them to 1."""
    d = windows[0].states.shape[-1]
    states = windows[0].states.new_zeros(length, d)
    covered = states.new_zeros(length, 1)
    attention = states.new_zeros(0, len(rows), length)
    for window in sorted(windows, key=lambda window: window.start):
        start, end = window.start, window.end
        states = states + pad(window.states, (0, 0, start, length - end))
        covered[start:end] += 1
        if window.attention is not None:
            inside = (rows >= start) & (rows < end)
            here = (rows - start).clamp(0, max(end - start - 1, 0))
            part = window.attention[:, 1 + here, 1 : 1 + end - start] * inside[None, :, None]
            part = pad(part, (start, length - end))
            attention = part if not len(attention) else attention + part
    return Reading(states / covered.clamp(min=1), attention / attention.sum(-1, keepdim=True).clamp(min=1e-10))
