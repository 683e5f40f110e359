"""CNN backbone (Yao et al., 2019)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from logire.backbones.registry import BackboneSpec
from logire.backbones.words.settings import WordSettings
from logire.ground.settings import DEEPEST, MOST


def _whole(value: Any) -> Any:
    if type(value) is not int:  # among literals, true counts as 1 and 3.0 as 3
        raise ValueError("a whole number was expected")
    return value


class CNNSettings(WordSettings):
    """Settings of the CNN; the defaults are tuned on DWIE's development split."""

    learning_rate: float = Field(2e-3, gt=0)
    embedding_scale: float = Field(0.2, gt=0)
    distance_scale: float = Field(0.1, gt=0)
    dropout: float = Field(0.2, ge=0, lt=1)
    hidden: int = Field(
        200, ge=1, le=MOST, description="channels of a convolution: the size of a token's vector, and of an entity's."
    )
    layers: int = Field(3, ge=1, le=DEEPEST, description="number of convolutions.")
    kernel: Annotated[Literal[1, 3, 5, 7], BeforeValidator(_whole)] = Field(
        3, description="words that a convolution and a max-pooling see."
    )
    layer_dropout: float = Field(0.1, ge=0, lt=1, description="dropout between the convolutions.")


BACKBONE = BackboneSpec(
    name="cnn",
    title="CNN",
    family="words",
    order=1,
    Settings=CNNSettings,
    model="logire.backbones.words.cnn.model:CNN",
)
