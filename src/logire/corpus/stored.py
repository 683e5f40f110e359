"""The arrays of a safetensors dump, full or compact, by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from logire.corpus import compact
from logire.corpus.document import FloatArray
from logire.ground.errors import InputError
from logire.ground.files import check_file

_OF_NUMPY = {"BOOL", "F16", "F32", "F64", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64"}
"""The number types of safetensors that numpy has: not bfloat16, nor floats of 8 bits."""


class StoredDump:
    """A dump that is open: its names are read once, its arrays when they are asked for.

    A compact dump gives the names and arrays of the dump that it was made from; bfloat16 becomes float32.

    Raises:
        InputError: the file cannot be read, or is damaged; also whenever an array is read.
    """

    def __init__(self, path: Path) -> None:
        self.path = check_file(path)
        with self._damage():
            self._file = cast("Any", safe_open(path, framework="numpy"))  # its methods have no types
            self._names: list[str] = list(self._file.keys())
            self._compact = (self._file.metadata() or {}).get("format") == compact.FORMAT

    def titles(self, split: str) -> list[str]:
        """The documents of a split that have logits."""
        key = compact.PARTS[0] if self._compact else "logits"
        names = (name.removeprefix(f"{split}/") for name in self._names if name.startswith(f"{split}/"))
        return [name.removesuffix(f"/{key}") for name in names if name.endswith(f"/{key}")]

    def logits(self, document: str) -> FloatArray:
        """The logits of one document, float32; no other is read.

        Args:
            document: ``SPLIT/TITLE``.
        """
        with self._damage():
            if self._compact:
                return self._unpacked(document)
            [(_, array)] = self._read([f"{document}/logits"])
            return array.astype(np.float32, copy=False)

    def arrays(self, prefix: str) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """Yield the names that begin with ``prefix``, and their arrays."""
        names = [name for name in self._names if name.startswith(prefix)]
        with self._damage():
            if not self._compact:
                yield from self._read(names)
                return
            for document in dict.fromkeys(name.rpartition("/")[0] for name in names):
                yield f"{document}/logits", self._unpacked(document)

    def _read(self, names: list[str]) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        known = {name for name in names if self._file.get_slice(name).get_dtype() in _OF_NUMPY}
        for name in names:
            if name in known:
                yield name, self._file.get_tensor(name)
        if len(known) < len(names):  # torch, whose import takes longer than reading a dump, reads these alone
            with safe_open(self.path, framework="pt") as file:
                for name in names:
                    if name not in known:
                        yield name, file.get_tensor(name).float().numpy()

    def _unpacked(self, document: str) -> FloatArray:
        try:
            return compact.unpack({part: self._file.get_tensor(f"{document}/{part}") for part in compact.PARTS})
        except ValueError as error:
            title = document.partition("/")[2]
            raise InputError(f"is damaged: {error}", file=self.path, document=title, field="logits") from error

    @contextmanager
    def _damage(self) -> Iterator[None]:
        try:
            yield
        except SafetensorError as error:
            raise InputError(f"is damaged or not a safetensors file ({error})", file=self.path) from error


def stored_arrays(path: Path, prefix: str) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Yield the names that begin with ``prefix`` and the arrays of a dump.

    Raises:
        InputError: the file cannot be read, or is damaged.
    """
    yield from StoredDump(path).arrays(prefix)
