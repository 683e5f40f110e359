"""A pretrained transformer that reads documents of any length, window by window."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from logire.backbones.transformers.attention import LastAttention
from logire.backbones.transformers.frozen import FrozenStates
from logire.backbones.transformers.precision import mixed
from logire.backbones.transformers.pretrained import fuse_attention, layers_path
from logire.backbones.transformers.settings import TransformerSettings
from logire.ground.errors import InputError

PASS = 8
"""Number of windows that the encoder reads at once."""


class Reading(NamedTuple):
    """What the encoder returns for a document.

    Attributes:
        states: (L, d) last hidden states.
        attention: (heads, M, L) the last layer's attention of M requested positions; each row sums to 1.
        pooled: (d,) what the encoder pools the first window to (BERT: its [CLS] through a layer and tanh); of an
            encoder that does not pool, the last state of the first special token.
    """

    states: Tensor
    attention: Tensor
    pooled: Tensor


class WindowedEncoder(nn.Module):
    """Reads documents of any length in overlapping windows and averages the states where they overlap.

    Args:
        encoder: a transformer of :mod:`logire.backbones.transformers.pretrained`.
        tokenizer: its tokenizer.
        looks: whether rows of the last layer's attention will be asked for.

    Raises:
        InputError: the window is longer than the encoder can read, or it has fewer layers than are to be frozen.
    """

    def __init__(self, encoder: Any, tokenizer: Any, settings: TransformerSettings, *, looks: bool = True) -> None:
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
        self.bf16 = mixed(settings.precision)
        # With dropout of the attention fused attention is no faster on a CPU, and its rows are not what it drops.
        self.last = LastAttention.of(encoder) if settings.attention_dropout == 0 else None
        if settings.attention_dropout == 0 and (self.last or not looks):
            fuse_attention(encoder)
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
        none = torch.zeros(0, dtype=torch.long, device=self.encoder.device)
        wanted = [none] * len(documents) if rows is None else rows
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
            asked = None
            if rows is not None:
                asked = [within(rows[number], start, end)[1] for number, start, end in chosen]
            states, attention, pooled = self._read(texts, asked)
            for (number, start, end), state, part, whole in zip(chosen, states, attention, pooled, strict=True):
                found[number].append(Window(start, end, state, part, whole))
        return [
            merge(windows_of, len(document), positions)
            for windows_of, document, positions in zip(found, documents, wanted, strict=True)
        ]

    def _read(
        self, texts: Sequence[Tensor], rows: Sequence[Tensor] | None
    ) -> tuple[list[Tensor], list[Tensor | None], list[Tensor]]:
        """Of each text, its last states (S, d), the last layer's attention (heads, M, S) of its ``rows`` (M,), and what
        it is pooled to (d,).

        The encoder reads the texts between its special tokens, whose states and attention are left out.
        """
        first, last, padding = self.specials
        whole = [pad(pad(text, (1, 0), value=first), (0, 1), value=last) for text in texts]
        ids = pad_sequence(whole, True, padding)
        lengths = torch.tensor([len(text) for text in whole], device=ids.device)
        mask = (torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]).long()
        kept: list[Tensor] = []
        with ExitStack() as stack:
            if self.below is not None:
                below = pad_sequence(self.below.states(self.encoder, whole), True)
                stack.enter_context(self.below.above(self.encoder, below))
            if rows is not None and self.last is not None:
                kept = stack.enter_context(self.last.kept())
            stack.enter_context(torch.autocast(ids.device.type, torch.bfloat16, enabled=self.bf16))
            # A mask of ones alone is left out: fused attention is faster without one.
            masked = {} if len({len(text) for text in whole}) == 1 else {"attention_mask": mask}
            looked_at = rows is not None and self.last is None
            output = self.encoder(input_ids=ids, output_attentions=looked_at, **masked)
            # unbind, not indexing: each index would allocate a gradient as large as the whole batch.
            states = [
                state[1 : 1 + len(text)].float()
                for state, text in zip(output.last_hidden_state.unbind(), texts, strict=True)
            ]
            given = getattr(output, "pooler_output", None)
            pooled = list((output.last_hidden_state[:, 0] if given is None else given).float().unbind())
            if rows is None:
                return states, [None] * len(texts), pooled
            if self.last is None:
                parts = [a[:, 1 + here] for a, here in zip(output.attentions[-1].unbind(), rows, strict=True)]
            else:
                pairs = zip(kept[0].unbind(), kept[1].unbind(), whole, rows, strict=True)
                parts = [self.last.rows(q[: len(text)], k[: len(text)], 1 + here) for q, k, text, here in pairs]
        attention: list[Tensor | None] = [
            part.float()[..., 1 : 1 + len(text)] for part, text in zip(parts, texts, strict=True)
        ]
        return states, attention, pooled


class Window(NamedTuple):
    """A window [start, end) of a document.

    Attributes:
        states: (end - start, d).
        attention: (heads, K, end - start) of those requested positions that lie in the window, in their order.
        pooled: (d,).
    """

    start: int
    end: int
    states: Tensor
    attention: Tensor | None
    pooled: Tensor


def cut(length: int, size: int, overlap: int) -> list[tuple[int, int]]:
    """The fewest windows [start, end) of at most ``size`` that cover ``length``; neighbours share ``overlap`` or more.

    All have one size, the smallest that does: a text a little longer than a window is not read almost twice.
    """
    if length <= size:
        return [(0, length)]
    number = -(-(length - overlap) // (size - overlap))
    each = -(-(length + (number - 1) * overlap) // number)
    # Spread evenly, so that rounding does not let the last ones share more than the first.
    starts = [k * (length - each) // (number - 1) for k in range(number)]
    return [(start, start + each) for start in starts]


def within(rows: Tensor, start: int, end: int) -> tuple[Tensor, Tensor]:
    """Which of the positions ``rows`` (M,) lie in a window: their numbers (K,), and where they are in it (K,)."""
    numbers = ((rows >= start) & (rows < end)).nonzero()[:, 0]
    return numbers, rows[numbers] - start


def merge(windows: Sequence[Window], length: int, rows: Tensor) -> Reading:
    """Join the windows of a document: average the states, sum the rows of attention and normalise them to 1."""
    d = windows[0].states.shape[-1]
    states = windows[0].states.new_zeros(length, d)
    covered = states.new_zeros(length, 1)
    attention = states.new_zeros(0, len(rows), length)
    ordered = sorted(windows, key=lambda window: window.start)
    for window in ordered:
        start, end = window.start, window.end
        states = states + pad(window.states, (0, 0, start, length - end))
        covered[start:end] += 1
        if window.attention is not None:
            if not len(attention):
                attention = states.new_zeros(len(window.attention), len(rows), length)
            part = pad(window.attention, (start, length - end))
            attention = attention.index_add(1, within(rows, start, end)[0], part)
    attention = attention / attention.sum(-1, keepdim=True).clamp(min=1e-10)
    return Reading(states / covered.clamp(min=1), attention, ordered[0].pooled)
