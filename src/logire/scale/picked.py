"""The choice of a round as a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self

import msgspec

from logire.corpus.dump import ScoredDocument
from logire.ground.errors import InputError
from logire.ground.files import check_file, write_json
from logire.ground.typed import read_typed
from logire.rules.plus.design import Fits
from logire.rules.plus.round import pick
from logire.rules.plus.settings import LogiREPlusSettings
from logire.scale.arrays import AGAIN, MISSING
from logire.scale.batches import Ground
from logire.scale.development import Development


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which fit of a round is taken.

    Attributes:
        key: what the fit is made from.
        number: of the penalty. blend: the chosen one.
        tried: a row for each penalty and blend.
    """

    key: str
    number: Annotated[int, msgspec.Meta(ge=0)]
    blend: Annotated[float, msgspec.Meta(ge=0, le=1)]
    tried: list[dict[str, float]]

    @classmethod
    def on_dev(
        cls, dev: Sequence[ScoredDocument], fits: Fits, ground: Ground, settings: LogiREPlusSettings, key: str
    ) -> Self:
        """The choice with the best F1 on dev.

        Raises:
            InputError: there is no dev document.
        """
        if not dev:
            raise InputError("the round before is not chosen yet", remedy=MISSING)
        picked = pick(fits.penalties, settings.blend, Development.of(dev, fits, ground).threshold)
        # JSON has no infinity, the threshold where nothing is found.
        tried = [{name: min(value, 1e300) for name, value in row.items()} for row in picked.tried]
        return cls(key, picked.number, picked.blend, tried)

    def write(self, file: Path) -> None:
        """Write a file that :meth:`read` reads, atomically."""
        write_json(file, msgspec.to_builtins(self))

    @classmethod
    def read(cls, file: Path, key: str, penalties: int) -> Self:
        """Read what :meth:`write` wrote.

        Raises:
            InputError: the file is missing or damaged, made from something else, or names no penalty.
        """
        check_file(file, remedy=MISSING)
        found = read_typed(file, cls, remedy=AGAIN)
        if found.key != key or found.number >= penalties:
            raise InputError("is not the choice of this fit", file=file, remedy=AGAIN)
        return found
