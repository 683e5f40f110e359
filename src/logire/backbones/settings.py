"""The settings that every backbone has."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from logire.ground.settings import Settings


class TrainingSettings(Settings):
    """Settings of the training loop, shared by all backbones; each backbone gives its own defaults."""

    epochs: int = Field(30, ge=1, description="epochs at most; the schedule runs over all of them.")
    patience: int = Field(5, ge=1, description="stop after this many epochs without a better development F1.")
    batch_size: int = Field(4, ge=1, description="documents a batch.")
    accumulate: int = Field(1, ge=1, description="batches whose gradients add up to one step of the optimiser.")
    learning_rate: float = Field(1e-3, gt=0, description="peak learning rate (Adam; AdamW's decoupled weight decay).")
    weight_decay: float = Field(0.0, ge=0, description="applied to matrices, not to biases, norms and embeddings.")
    adam_epsilon: float = Field(1e-8, gt=0, description="Adam's epsilon.")
    schedule: Literal["constant", "linear", "cosine"] = Field(
        "linear",
        description="of the learning rate after the warm-up: ``constant``, ``linear`` to 0 or ``cosine`` to 0.",
    )
    warmup: float = Field(
        0.0, ge=0, lt=1, description="share of all steps during which the learning rate rises from 0."
    )
    clip: float = Field(1.0, ge=0, description="norm that the gradient is clipped to; 0 leaves it as it is.")
