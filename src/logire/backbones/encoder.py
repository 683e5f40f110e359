"""What the backbones that read words share: token inputs, entity vectors, the pair classifier."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import torch
from pydantic import Field
from torch import Tensor, nn

from logire.backbones import encoding, words
from logire.backbones.backbone import RARE, Backbone
from logire.backbones.bilinear import PairBilinear
from logire.backbones.encoding import COREFERENCE_IDS, WordBatch, WordDocument
from logire.backbones.settings import TrainingSettings
from logire.backbones.words import UNKNOWN, Vocabulary
from logire.corpus.document import Document, FloatArray, Schema
from logire.corpus.prepared import PreparedCorpus

VOCABULARY = "vocabulary.json"


class WordSettings(TrainingSettings):
    """Settings of the backbones that read words."""

    # Tuned for the BiLSTM on DWIE's development split; decay is what lifts it (dev F1 48 to 49 and more).
    epochs: int = Field(20, ge=1)
    learning_rate: float = Field(4e-3, gt=0)
    weight_decay: float = Field(0.3, ge=0)

    vectors: str = Field(
        "learned", description="``learned`` with the model, or a path or URL of GloVe vectors, which stay frozen."
    )
    vectors_sha256: str | None = Field(None, description="SHA-256 of the GloVe file; checked where given.")
    word_dim: int = Field(100, ge=1, description="size of a word vector.")
    lowercase: bool = Field(True, description="read words in lower case (GloVe 6B needs it).")
    min_count: int = Field(1, ge=1, description="learned vectors: words rarer than this in training are unknown.")
    word_dropout: float = Field(0.1, ge=0, lt=1, description="share of training words replaced by the unknown word.")
    coreference_dim: int = Field(20, ge=1, description="size of the coreference id embedding.")
    type_dim: int = Field(20, ge=1, description="size of the entity type embedding.")
    distance_dim: int = Field(20, ge=1, description="size of the distance embedding.")
    embedding_scale: float = Field(
        1.0,
        gt=0,
        description="what the word, coreference and type embeddings, drawn from a standard normal, are multiplied by "
        "at the start. Small ones learn faster; large ones end higher with an LSTM (dev F1 51.2 against "
        "48.6).",
    )
    distance_scale: float = Field(1.0, gt=0, description="the same for the distance embedding.")
    hidden: int = Field(128, ge=1, description="size of a token's vector after the encoder, and of an entity's.")
    input_dropout: float = Field(
        0.2, ge=0, lt=1, description="on the encoder's input, one mask for all of a document's tokens."
    )
    dropout: float = Field(0.3, ge=0, lt=1, description="on the entity vectors.")


class WordBackbone(Backbone[WordDocument]):
    """Yao et al. (2019): embed the words, read them in context, average mentions to entities, classify pairs.

    Subclasses give :meth:`read`.
    """

    Settings: ClassVar[type[TrainingSettings]] = WordSettings
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
        return encoding.encode(document, self.vocabulary, self.schema)

    @abstractmethod
    def read(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Token inputs (B, L, input_dim) to tokens in context (B, L, hidden); padding must not touch real tokens."""

    def forward(self, documents: Sequence[WordDocument]) -> list[Tensor]:
        batch = encoding.collate(documents, self.device)
        entities = self.entities(batch)
        return [
            self.scores(entities[i, :n], buckets)
            for i, (n, buckets) in enumerate(zip(batch.sizes, batch.buckets, strict=True))
        ]

    def scores(self, entities: Tensor, buckets: Tensor) -> Tensor:
        """Entity vectors (N, hidden) and distance buckets (N, N) of one document to scores (N, N, R)."""
        return self.pair(entities, entities, buckets)  # type: ignore[no-any-return]

    def entities(self, batch: WordBatch) -> Tensor:
        """(B, N, hidden) entity vectors: the mean over mentions of the mean over a mention's tokens."""
        tokens = self.read(self.tokens(batch), batch.lengths)
        return self.dropout(batch.pooling @ tokens)  # type: ignore[no-any-return]

    def tokens(self, batch: WordBatch) -> Tensor:
        """(B, L, input_dim) word, coreference and type embeddings, with their dropouts in training."""
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


class DirectedLSTM(nn.Module):
    """A one-layer LSTM that reads left to right, or right to left from each document's own last token.

    Padded input, not packed: on the CPU a packed sequence is some 15 times slower, and padding after the last token
    can't reach the tokens before it.
    """

    def __init__(self, input_dim: int, hidden: int, *, backwards: bool = False) -> None:
        super().__init__()
        self.lstm = nn.LSTM(input_dim, hidden, batch_first=True)
        self.backwards = backwards

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """(B, L, input_dim) to (B, L, hidden)."""
        if not self.backwards:
            return self.lstm(tokens)[0]  # type: ignore[no-any-return]
        index = reversal(lengths, tokens.shape[1]).to(tokens.device)
        output = self.lstm(_take(tokens, index))[0]
        return _take(output, index)


def reversal(lengths: Tensor, longest: int) -> Tensor:
    """(B, L) index that reverses each row's first ``lengths[i]`` positions and leaves the padding in place."""
    position = torch.arange(longest)[None, :]
    return torch.where(position < lengths[:, None], lengths[:, None] - 1 - position, position)


def _take(tokens: Tensor, index: Tensor) -> Tensor:
    return tokens.gather(1, index[:, :, None].expand_as(tokens))


def _vocabulary(settings: WordSettings, corpus: PreparedCorpus) -> tuple[Vocabulary, FloatArray | None]:
    if settings.vectors == "learned":
        vocabulary = words.count_words(corpus.train, lowercase=settings.lowercase, min_count=settings.min_count)
        return vocabulary, None
    # Frozen vectors need no training word: those of every split's texts are kept, as the whole of GloVe would be.
    documents = corpus.texts
    wanted = words.count_words(documents, lowercase=settings.lowercase)
    path = words.locate_vectors(settings.vectors, settings.vectors_sha256)
    return words.read_glove(path, wanted, settings.word_dim)
