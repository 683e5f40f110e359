"""Context-Aware backbone (Sorokin and Gurevych, 2017, in the form of Yao et al., 2019)."""

from __future__ import annotations

from pydantic import Field

from logire.backbones.registry import BackboneSpec
from logire.backbones.words.bilstm import BiLSTMSettings
from logire.ground.settings import MOST


class ContextAwareSettings(BiLSTMSettings):
    """Settings of Context-Aware; the defaults are tuned on DWIE's development split."""

    pair_dim: int = Field(64, ge=1, le=MOST, description="size of the vectors with which pairs attend to pairs.")


BACKBONE = BackboneSpec(
    name="context_aware",
    title="Context-Aware",
    family="words",
    order=4,
    Settings=ContextAwareSettings,
    model="logire.backbones.words.context_aware.model:ContextAware",
)
