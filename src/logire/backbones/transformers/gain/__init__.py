"""GAIN backbone (Zeng et al., 2020): a graph of mentions, then a graph of entities with two-hop paths."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from logire.backbones.registry import BackboneSpec
from logire.backbones.transformers.settings import TransformerSettings
from logire.ground.settings import DEEPEST, MOST


class GAINSettings(TransformerSettings):
    """Settings of GAIN; the defaults are for the compact encoder on DWIE."""

    learning_rate: float = Field(1e-3, gt=0)
    encoder_learning_rate: float = Field(1e-5, gt=0)
    weight_decay: float = Field(1e-4, ge=0)
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    entity_dim: int = Field(
        20, ge=1, le=MOST, description="size of the entity number embedding that is appended to the encoder's states."
    )
    graph_dim: int | None = Field(
        256,
        ge=1,
        le=MOST,
        description="size of a node after a graph convolution, and of an edge between entities; null: that of the "
        "encoder's states with both embeddings, as published (808 for BERT).",
    )
    layers: int = Field(2, ge=1, le=DEEPEST, description="number of graph convolutions.")
    reach: int | None = Field(
        50,
        ge=0,
        description="most words between two mentions of one sentence that are connected; null: any number, as "
        "published. DWIE has no sentence boundaries: each document is one sentence, so null connects all its mentions.",
    )
    document_node: Literal["mean", "cls"] = Field(
        "mean",
        description="what the document's node starts from: the `mean` of all subwords' states and embeddings; or, as "
        "published, `cls`: the first window's [CLS] token through BERT's pooler (of an encoder without a pooler, its "
        "first special token's last state), with zeros for the embeddings.",
    )
    edges: Literal["all", "last"] = Field(
        "all",
        description="what an edge between entities is made from: the encoder's states and `all` graph convolutions of "
        "its two entities, or the `last` graph convolution alone, as published.",
    )
    edge_dropout: float = Field(
        0.0, ge=0, lt=1, description="dropout on the edges between entities; published: as much as `dropout`."
    )
    path_mapping: bool = Field(
        False,
        description="send what a pair attends to on its paths through a linear layer, ReLU and dropout, as published.",
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
