"""What the backbones on a pretrained transformer share."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Self

from torch import nn

from logire.backbones.base import Backbone
from logire.backbones.transformers.pieces import PieceDocument, encode
from logire.backbones.transformers.pretrained import empty_encoder, pretrained_encoder
from logire.backbones.transformers.settings import TransformerSettings
from logire.backbones.transformers.windows import WindowedEncoder
from logire.corpus.document import Document, Schema
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.runfolder import ENCODER


class TransformerBackbone(Backbone[PieceDocument]):
    """A backbone on a pretrained transformer. Subclasses define ``make_head`` and ``forward``."""

    settings: TransformerSettings
    looks: ClassVar[bool] = False
    """Whether the backbone uses rows of the encoder's attention."""

    def __init__(self, settings: Any, schema: Schema, encoder: Any, tokenizer: Any) -> None:
        super().__init__(settings, schema)
        self.tokenizer = tokenizer
        self.encoder = WindowedEncoder(encoder, tokenizer, settings, looks=self.looks)
        self.make_head()

    @abstractmethod
    def make_head(self) -> None:
        """Create the modules above the encoder."""

    @classmethod
    def build(cls, settings: TransformerSettings, corpus: PreparedCorpus) -> Self:
        encoder, tokenizer = pretrained_encoder(settings.encoder, settings.revision, settings.attention_dropout)
        return cls(settings, corpus.schema, encoder, tokenizer)

    @classmethod
    def restore(cls, settings: TransformerSettings, schema: Schema, folder: Path) -> Self:
        encoder, tokenizer = empty_encoder(folder / ENCODER)
        return cls(settings, schema, encoder, tokenizer)

    def save_extras(self, folder: Path) -> None:
        """Write the encoder's configuration and tokenizer, so that reading a run back needs neither hub nor package."""
        self.encoder.encoder.config.save_pretrained(folder / ENCODER)
        self.tokenizer.save_pretrained(folder / ENCODER)

    @property
    def markers(self) -> bool:
        """Whether mentions stand between markers."""
        return False

    def encode(self, document: Document) -> PieceDocument:
        return encode(document, self.tokenizer, self.schema, markers=self.markers)

    def parameter_groups(self) -> list[tuple[list[nn.Parameter], float]]:
        encoder = {id(p) for p in self.encoder.parameters()}
        trained = [p for p in self.parameters() if p.requires_grad]
        return [
            ([p for p in trained if id(p) not in encoder], self.settings.learning_rate),
            ([p for p in trained if id(p) in encoder], self.settings.encoder_learning_rate),
        ]
