"""Settings of a backbone: what every training run has, and how a mapping of settings is checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from logire.errors import InputError


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

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

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

    @classmethod
    def parse(cls, settings: Mapping[str, Any]) -> Self:
        """Check ``settings`` and fill in the defaults.

        Raises:
            InputError: a key that does not exist, or a value of the wrong type or out of range; it names the key.
        """
        try:
            return cls.model_validate(dict(settings))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            if first["type"] == "extra_forbidden":
                known = ", ".join(cls.model_fields)
                raise InputError("unknown setting", field=key, remedy=f"the settings are {known}") from error
            raise InputError(f"{first['msg']}, {first['input']!r} found", field=key) from error
