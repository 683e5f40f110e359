"""What a call of ``workflow/scale.smk`` gives: the shards, how LogiRE+ is fitted on them, and in how many parts."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from logire.ground.digests import content_digest
from logire.ground.errors import InputError
from logire.ground.settings import Settings, settings_from
from logire.rules.plus.settings import LogiREPlusSettings
from logire.scale.sampling import Sampling

Given = Annotated[str, Field(min_length=1)]


class ScaleParams(Settings):
    """The keys of the config."""

    shards: Given = Field(description="a folder that `logire scale split` wrote.")
    dev: Given = Field(description="a prepared folder, whose dev documents choose.")
    logits: Given = Field(description="a logits dump of the dev documents.")
    out: Given = Field(description="the run folder to write.")
    seed: int = Field(1, ge=0, description="everything random follows from it.")
    parts: int = Field(8, ge=1, le=10_000, description="jobs of each step.")
    settings: dict[str, Any] = Field({}, description="of LogiRE+, where they differ from the defaults.")
    sampling: dict[str, Any] = Field({}, description="which candidates that are no facts are read: floor, times.")

    @property
    def rounds(self) -> int:
        """Rounds of the fit."""
        found: int = settings_from(LogiREPlusSettings, self.settings, where="settings").rounds
        return found

    @property
    def words(self) -> list[str]:
        """What every command of `logire scale` is given beside its part."""
        given = {"dev": self.dev, "logits": self.logits, "out": self.out, "seed": str(self.seed)}
        given |= {"settings": json.dumps(self.settings), "sampling": json.dumps(self.sampling)}
        return [self.shards, *(word for name, value in given.items() for word in (f"--{name}", value))]

    @property
    def marks(self) -> str:
        """Where a finished part of a step is marked; other choices have marks of their own."""
        chosen = self.model_dump(exclude={"out", "parts"})
        return f"{Path(self.out)}.steps/{content_digest(chosen)[:16]}"


def stopping(config: Mapping[str, Any]) -> ScaleParams:
    """The params of a call; wrong ones end it with one message, where Snakemake would add its own call stack."""
    try:
        found = settings_from(ScaleParams, config, where="config")
        settings_from(LogiREPlusSettings, found.settings, where="settings")
        settings_from(Sampling, found.sampling, where="sampling")
    except InputError as error:
        sys.exit(f"config: {error}")
    return found
