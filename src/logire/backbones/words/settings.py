"""The settings that every backbone on words has."""

from __future__ import annotations

from pydantic import Field

from logire.backbones.settings import TrainingSettings
from logire.ground.settings import MOST


class WordSettings(TrainingSettings):
    """Settings of the backbones that read words."""

    # Tuned for the BiLSTM on DWIE's development split; weight decay lifts it most (dev F1 from 48 to over 49).
    epochs: int = Field(20, ge=1, le=MOST)
    learning_rate: float = Field(4e-3, gt=0)
    weight_decay: float = Field(0.3, ge=0)

    vectors: str = Field(
        "learned",
        min_length=1,
        description="`learned` with the model, or the path or URL of GloVe vectors, which stay frozen.",
    )
    vectors_sha256: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 that the GloVe file must have; null checks nothing.",
    )
    word_dim: int = Field(100, ge=1, le=MOST, description="size of a word vector.")
    lowercase: bool = Field(True, description="read words in lower case (GloVe 6B needs it).")
    min_count: int = Field(
        1, ge=1, description="with learned vectors, words that occur fewer times in training are unknown."
    )
    word_dropout: float = Field(
        0.1, ge=0, lt=1, description="share of the words that the unknown word replaces in training."
    )
    coreference_dim: int = Field(20, ge=1, le=MOST, description="size of the coreference id embedding.")
    type_dim: int = Field(20, ge=1, le=MOST, description="size of the entity type embedding.")
    distance_dim: int = Field(
        20, ge=1, le=MOST, description="size of the embedding of the distance between two entities."
    )
    embedding_scale: float = Field(
        1.0,
        gt=0,
        description="factor on the initial word, coreference and type embeddings, which are drawn from a standard "
        "normal. Small ones learn faster; with an LSTM large ones end higher (dev F1 51.2 against 48.6).",
    )
    distance_scale: float = Field(1.0, gt=0, description="factor on the initial distance embedding.")
    hidden: int = Field(
        128, ge=1, le=MOST, description="size of a token's vector after the encoder, and of an entity's."
    )
    input_dropout: float = Field(
        0.2, ge=0, lt=1, description="dropout on the encoder's input; all tokens of a document share one mask."
    )
    dropout: float = Field(0.3, ge=0, lt=1, description="dropout on the entity vectors.")
