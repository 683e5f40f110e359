"""The settings that every backbone has."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from logire.settings import STRICT


class TrainingSettings(BaseModel):
    """Settings of the training loop, shared by all backbones; each backbone gives its own defaults.

    Attributes:
        epochs: epochs at most; the schedule runs over all of them.
        patience: stop after this many epochs without a better development F1.
        batch_size: documents a batch.
        accumulate: batches whose gradients add up to one step of the optimiser.
        learning_rate: peak learning rate (Adam; AdamW's decoupled weight decay).
        weight_decay: applied to matrices, not to biases, norms and embeddings.
        adam_epsilon: Adam's epsilon.
        schedule: of the learning rate after the warm-up: ``constant``, ``linear`` to 0 or ``cosine`` to 0.
        warmup: share of all steps during which the learning rate rises from 0.
        clip: norm that the gradient is clipped to; 0 leaves it as it is.
    """

    model_config = ConfigDict(**STRICT, frozen=True)

    epochs: int = Field(30, ge=1)
    patience: int = Field(5, ge=1)
    batch_size: int = Field(4, ge=1)
    accumulate: int = Field(1, ge=1)
    learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    adam_epsilon: float = Field(1e-8, gt=0)
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    warmup: float = Field(0.0, ge=0, lt=1)
    clip: float = Field(1.0, ge=0)
