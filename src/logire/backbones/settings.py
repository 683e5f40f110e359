"""The settings that every backbone has."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from logire.ground.settings import MOST, Settings


class TrainingSettings(Settings):
    """Settings of the training loop, shared by all backbones; each backbone gives its own defaults."""

    epochs: int = Field(
        30, ge=1, le=MOST, description="most epochs to train; the learning rate's schedule spans all of them."
    )
    patience: int = Field(5, ge=1, description="stop after this many epochs without a better development F1.")
    batch_size: int = Field(4, ge=1, le=MOST, description="documents in a batch.")
    accumulate: int = Field(
        1, ge=1, le=MOST, description="batches whose gradients are averaged for one optimiser step."
    )
    learning_rate: float = Field(1e-3, gt=0, description="peak learning rate of AdamW.")
    weight_decay: float = Field(
        0.0, ge=0, description="decoupled weight decay of matrices; biases, norms and embeddings have none."
    )
    adam_epsilon: float = Field(1e-8, gt=0, description="Adam's epsilon.")
    schedule: Literal["constant", "linear", "cosine"] = Field(
        "linear",
        description="learning rate after the warm-up: `constant`, or a `linear` or `cosine` decay to 0.",
    )
    warmup: float = Field(0.0, ge=0, lt=1, description="share of all steps in which the learning rate rises from 0.")
    clip: float = Field(1.0, ge=0, description="largest norm of the gradient; 0 does not clip it.")
