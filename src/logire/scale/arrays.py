"""Arrays of a safetensors file that are checked, and read as far as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from logire.ground.errors import InputError
from logire.ground.files import check_file

MISSING = "run the step that makes it first, or `fit`, which runs all of them"
AGAIN = "delete it and run the command again: it is made anew"
_TYPES = {"BOOL": np.bool_, "F32": np.float32, "F64": np.float64, "I32": np.int32, "I64": np.int64}


@dataclass(frozen=True)
class Stored:
    """An open file.

    Attributes:
        file: for the messages.
        opened: the handle of safetensors.
    """

    file: Path
    opened: Any

    @classmethod
    @contextmanager
    def open(cls, file: Path, form: str, key: str = "") -> Iterator[Stored]:
        """Open a file of a format.

        Args:
            form: what its metadata say as ``format``.
            key: what they say as ``key``: what the file was made from.

        Raises:
            InputError: it is missing, damaged, of another format, or made from something else.
        """
        check_file(file, remedy=MISSING)
        try:
            with safe_open(file, framework="numpy") as opened:
                about = opened.metadata() or {}
                if about.get("format") != form or about.get("key", "") != key:
                    raise InputError(f"is not a file of the format {form} of this fit", file=file, remedy=AGAIN)
                yield cls(file, opened)
        except (SafetensorError, OSError) as error:
            raise InputError(f"is damaged ({error})", file=file, remedy=AGAIN) from error

    def wrong(self, field: str, message: str) -> InputError:
        """What to raise where a field is wrong."""
        return InputError(message, file=self.file, field=field, remedy=AGAIN)

    def array(self, name: str, dtype: type[Any], *shape: int, part: slice | None = None) -> npt.NDArray[Any]:
        """An array of this type and shape; -1 stands for any length.

        Args:
            part: of the first axis; only it is read, and it must be inside.

        Raises:
            InputError: the array is missing, or not so.
        """
        if name not in self.opened.keys():  # noqa: SIM118 (not a mapping)
            raise self.wrong(name, "is missing")
        lazy = self.opened.get_slice(name)
        found = lazy.get_shape()
        if (
            _TYPES.get(lazy.get_dtype()) is not dtype
            or len(found) != len(shape)
            or any(want not in (-1, n) for want, n in zip(shape, found, strict=True))
        ):
            raise self.wrong(name, f"is {lazy.get_dtype()} of shape {found}, which does not fit the rest")
        if part is None:
            array: npt.NDArray[Any] = self.opened.get_tensor(name)
        else:
            if not 0 <= part.start <= part.stop <= found[0]:
                raise self.wrong(name, f"has no rows {part.start} to {part.stop}")
            if part.start == part.stop:
                return np.zeros((0, *found[1:]), dtype=dtype)
            array = lazy[part.start : part.stop]
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise self.wrong(name, "has values that are not finite")
        return array
