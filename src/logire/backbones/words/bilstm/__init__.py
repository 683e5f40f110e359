"""BiLSTM backbone (Yao et al., 2019)."""

from __future__ import annotations

from pydantic import Field

from logire.backbones.registry import BackboneSpec
from logire.backbones.words.settings import WordSettings
from logire.ground.settings import MOST


class BiLSTMSettings(WordSettings):
    """Settings of the BiLSTM; the defaults are tuned on DWIE's development split."""

    state_dim: int = Field(128, ge=1, le=MOST, description="size of the LSTM's state in each direction.")


BACKBONE = BackboneSpec(
    name="bilstm",
    title="BiLSTM",
    family="words",
    order=3,
    Settings=BiLSTMSettings,
    model="logire.backbones.words.bilstm.model:BiLSTM",
)
