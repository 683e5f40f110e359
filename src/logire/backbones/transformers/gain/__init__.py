"""GAIN backbone (Zeng et al., 2020): a graph of mentions, then a graph of entities with two-hop paths."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from logire.backbones.registry import BackboneSpec
from logire.backbones.transformers.settings import TransformerSettings


class GAINSettings(TransformerSettings):
    """Settings of GAIN; the defaults are for the compact encoder on DWIE."""

    learning_rate: float = Field(1e-3, gt=0)
    encoder_learning_rate: float = Field(1e-5, gt=0)
    weight_decay: float = Field(1e-4, ge=0)
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    entity_dim: int = Field(
        20, ge=1, description="size of the entity number embedding that is appended to the encoder's states."
    )
    graph_dim: int = Field(
        256, ge=1, description="size of a node after a graph convolution, and of an edge between entities."
    )
    layers: int = Field(2, ge=1, description="number of graph convolutions.")
    reach: int = Field(
        50,
        ge=0,
        description="most words between two mentions of one sentence that are connected. DWIE has no sentence "
        "boundaries: each document is one sentence.",
    )
    dropout: float = Field(0.6, ge=0, lt=1, description="dropout in the graph convolutions and the classifier.")


BACKBONE = BackboneSpec(
    name="gain",
    title="GAIN",
    family="pretrained",
    order=5,
    Settings=GAINSettings,
    model="logire.backbones.transformers.gain.model:GAIN",
)
