"""LSTM backbone (Yao et al., 2019)."""

from __future__ import annotations

from pydantic import Field

from logire.backbones.registry import BackboneSpec
from logire.backbones.words.settings import WordSettings
from logire.ground.settings import MOST


class LSTMSettings(WordSettings):
    """Settings of the LSTM; the defaults are tuned on DWIE's development split."""

    state_dim: int = Field(128, ge=1, le=MOST, description="size of the LSTM's state.")


BACKBONE = BackboneSpec(
    name="lstm",
    title="LSTM",
    family="words",
    order=2,
    Settings=LSTMSettings,
    model="logire.backbones.words.lstm.model:LSTM",
)
