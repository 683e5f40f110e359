"""ATLOP backbone (Zhou et al., 2021): localized context pooling and an adaptive threshold."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from logire.backbones.registry import BackboneSpec
from logire.backbones.transformers.settings import TransformerSettings
from logire.ground.settings import MOST


class ATLOPSettings(TransformerSettings):
    """Settings of ATLOP; the defaults are for the compact encoder on DWIE."""

    learning_rate: float = Field(1e-3, gt=0)
    encoder_learning_rate: float = Field(1e-4, gt=0)
    weight_decay: float = Field(0.01, ge=0)
    adam_epsilon: float = Field(1e-6, gt=0)
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    warmup: float = Field(0.06, ge=0, lt=1)
    hidden: int = Field(
        384,
        ge=1,
        le=MOST,
        description="size of the head's and the tail's vector before the bilinear form (768 for a base encoder).",
    )
    group: int = Field(
        64,
        ge=1,
        validate_default=True,
        description="size of the groups in the bilinear form; it must divide `hidden`.",
    )
    markers: bool = Field(
        False,
        description="put `*` around each mention, as published. A mostly frozen encoder has never learnt what the "
        "marker means and does better without (5 of 6 layers frozen, first epoch on DWIE: dev F1 23, with markers 4).",
    )
    mention: Literal["first", "mean"] = Field(
        "mean",
        description="what stands for a mention: its `first` subword or marker, as published, or the `mean` of them.",
    )
    negatives: int = Field(8, ge=0)
    decision: Literal["dev", "published"] = Field(
        "dev",
        description="what is predicted: `dev`, all above one threshold, which maximises dev F1; or `published`, a "
        "relation that scores above the threshold class, if it is among the pair's `most` highest. The best epoch is "
        "the one whose predictions have the highest dev F1; LogiRE reads its logits, not its predictions.",
    )
    most: int = Field(
        4,
        ge=1,
        description="most relations of a pair with the `published` decision; ties with the last of them count as well.",
    )

    @field_validator("group")
    @classmethod
    def _divides_hidden(cls, group: int, others: ValidationInfo) -> int:
        if others.data.get("hidden", 0) % group:
            raise ValueError(f"{group} does not divide hidden, {others.data['hidden']}")
        return group


BACKBONE = BackboneSpec(
    name="atlop",
    title="ATLOP",
    family="pretrained",
    order=6,
    Settings=ATLOPSettings,
    model="logire.backbones.transformers.atlop.model:ATLOP",
)
