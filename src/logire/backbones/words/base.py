"""What the backbones that read words share: token inputs, entity vectors, the pair classifier."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from logire.backbones.base import RARE, Backbone
from logire.backbones.features import COREFERENCE_IDS
from logire.backbones.words.bilinear import PairBilinear
from logire.backbones.words.glove import locate_vectors, read_glove
from logire.backbones.words.settings import WordSettings
from logire.backbones.words.tensors import WordBatch, WordDocument, collate, encode, take
from logire.backbones.words.vocabulary import UNKNOWN, Vocabulary, count_words
from logire.corpus.document import Document, FloatArray, Schema
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.runfolder import VOCABULARY


class WordBackbone(Backbone[WordDocument]):
    """Yao et al. (2019): embed the words, read them in context, average mentions to entities, classify pairs.

    Subclasses define :meth:`read`.
    """

    settings: WordSettings

    def __init__(self, settings: WordSettings, schema: Schema, vocabulary: Vocabulary) -> None:
        super().__init__(settings, schema)
        self.vocabulary = vocabulary
        self.word_embedding = nn.Embedding(len(vocabulary), settings.word_dim, padding_idx=0)
        self.word_embedding.weight.requires_grad_(settings.vectors == "learned")
        self.coreference_embedding = nn.Embedding(COREFERENCE_IDS + 1, settings.coreference_dim, padding_idx=0)
        self.type_embedding = nn.Embedding(len(schema.types) + 1, settings.type_dim, padding_idx=0)
        self.dropout = nn.Dropout(settings.dropout)
        self.pair = PairBilinear(settings.hidden, settings.distance_dim, len(schema.relations), bias=RARE)
        with torch.no_grad():
            for embedding in (self.word_embedding, self.coreference_embedding, self.type_embedding):
                embedding.weight.mul_(settings.embedding_scale)
            self.pair.distance.weight.mul_(settings.distance_scale)

    @property
    def input_dim(self) -> int:
        return self.settings.word_dim + self.settings.coreference_dim + self.settings.type_dim

    @classmethod
    def build(cls, settings: WordSettings, corpus: PreparedCorpus) -> Self:
        vocabulary, vectors = _vocabulary(settings, corpus)
        model = cls(settings, corpus.schema, vocabulary)
        if vectors is not None:
            model.word_embedding.weight.data.copy_(torch.from_numpy(vectors))
        return model

    @classmethod
    def restore(cls, settings: WordSettings, schema: Schema, folder: Path) -> Self:
        return cls(settings, schema, Vocabulary.read(folder / VOCABULARY))

    def save_extras(self, folder: Path) -> None:
        self.vocabulary.write(folder / VOCABULARY)

    def encode(self, document: Document) -> WordDocument:
        return encode(document, self.vocabulary, self.schema)

    @abstractmethod
    def read(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Token inputs (B, L, input_dim) to states in context (B, L, S); padding must not change real tokens.

        S is ``hidden`` unless the model overrides :meth:`finish`.
        """

    def finish(self, states: Tensor, positions: Tensor) -> Tensor:
        """States (B, L, S) to the vectors (B, K, hidden) of the words at ``positions`` (B, K).

        Only words in mentions reach an entity, an eighth of DWIE's: what a model computes here, it computes for them
        alone.
        """
        return take(states, positions)

    def forward(self, documents: Sequence[WordDocument]) -> list[Tensor]:
        batch = collate(documents, self.device)
        padded = self.entities(batch)
        return self.scores(torch.cat([padded[i, :n] for i, n in enumerate(batch.sizes)]), batch.buckets)

    def scores(self, entities: Tensor, buckets: Sequence[Tensor]) -> list[Tensor]:
        """Scores (N, N, R) of each document.

        Args:
            entities: (M, hidden) entity vectors, one document after the other.
            buckets: distance buckets (N, N) of each document.
        """
        return self.pair(entities, entities, buckets)  # type: ignore[no-any-return]

    def entities(self, batch: WordBatch) -> Tensor:
        """(B, N, hidden) entity vectors: the mean over mentions of the mean over a mention's tokens."""
        words = self.finish(self.read(self.tokens(batch), batch.lengths), batch.mentioned)
        return self.dropout(batch.pooling @ words)  # type: ignore[no-any-return]

    def tokens(self, batch: WordBatch) -> Tensor:
        """(B, L, input_dim) word, coreference and type embeddings; in training with dropout."""
        ids = batch.words
        if self.training and self.settings.word_dropout:
            ids = torch.where(torch.rand(ids.shape, device=ids.device) < self.settings.word_dropout, UNKNOWN, ids)
        inputs = torch.cat(
            [self.word_embedding(ids), self.coreference_embedding(batch.coreference), self.type_embedding(batch.types)],
            dim=-1,
        )
        if self.training:
            mask = torch.ones_like(inputs[:, :1])
            inputs = inputs * nn.functional.dropout(mask, self.settings.input_dropout)
        return inputs


def _vocabulary(settings: WordSettings, corpus: PreparedCorpus) -> tuple[Vocabulary, FloatArray | None]:
    if settings.vectors == "learned":
        vocabulary = count_words(corpus.train, lowercase=settings.lowercase, min_count=settings.min_count)
        return vocabulary, None
    # Frozen vectors do not depend on training: as with all of GloVe in memory, the words of every text have theirs.
    wanted = count_words(corpus.texts, lowercase=settings.lowercase)
    path = locate_vectors(settings.vectors, settings.vectors_sha256)
    return read_glove(path, wanted, settings.word_dim)
