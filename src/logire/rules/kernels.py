"""Kernels: functions that numba compiles, once for each version of their source, whichever folder it lies in.

numba's own cache belongs to a source file's path, so that every clone compiles anew. This one is keyed by content: the
source file, the argument types, the versions, the processor. A kernel may call kernels of its own file alone.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite  # type: ignore[import-untyped]
import numba
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from logire.ground.errors import InputError
from logire.ground.files import atomic

MOST = 200
"""Compiled kernels that are kept, some 50 kB each; those not used for longest go first."""

ANY_ORDER = {"reassoc", "contract", "nsz"}
"""Sums may be taken in any order, so that the compiler can use vector instructions; infinities stay what they are."""


def kernel(*, any_order: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function on its first call with arguments of each type, or load what was compiled before.

    Args:
        any_order: whether its sums may be taken in any order; the result is then the same on equal processors only.
    """

    def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
        dispatcher: Any = numba.njit(fastmath=ANY_ORDER if any_order else False)(function)
        dispatcher._cache = Compiled(function)
        return dispatcher  # type: ignore[no-any-return]

    return compiled


class Compiled:
    """What numba's dispatcher asks for compiled code and gives it to: one file for each kernel and argument types.

    A file is whole or not there at all, so that jobs may share the folder, and one that is damaged is made anew. Where
    nothing can be written, nothing is kept.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled function, or None where it has to be compiled."""
        target.refresh()
        file = self._file(signature, target.codegen())
        with suppress(OSError, ValueError, EOFError, pickle.UnpicklingError, ImportError, AttributeError):
            content = file.read_bytes()
            if hashlib.sha256(content[32:]).digest() == content[:32]:
                os.utime(file)
                return CompileResult._rebuild(target, *pickle.loads(content[32:]))  # type: ignore[no-untyped-call]
        return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep a compiled function."""
        if result.lifted or result.library.has_dynamic_globals:
            return
        content = dumps(result._reduce())  # type: ignore[no-untyped-call]
        file = self._file(signature, result.codegen)
        with suppress(OSError, InputError):
            with atomic(file) as temporary:
                temporary.write_bytes(hashlib.sha256(content).digest() + content)
            _forget_all_but(file.parent, MOST)

    def _file(self, signature: Any, codegen: Any) -> Path:
        versions = (numba.__version__, llvmlite.__version__, sys.version_info[:2])
        source = _digest(inspect.getfile(self.function))
        key = repr((versions, codegen.magic_tuple(), source, self.function.__qualname__, str(signature)))
        return folder() / f"{self.function.__name__}-{hashlib.sha256(key.encode()).hexdigest()[:32]}.kernel"


def folder() -> Path:
    """Where compiled kernels are: in ``NUMBA_CACHE_DIR`` if that is set, else in the user's cache folder."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(chosen) / "kernels" if chosen else Path(home) / "logire" / "kernels"


@cache
def _digest(file: str) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def _forget_all_but(kept: Path, most: int) -> None:
    """Remove all but the ``most`` files of a folder that were used last; others may be removing them too."""

    def used(file: Path) -> float:
        with suppress(OSError):
            return file.stat().st_mtime
        return 0.0

    files = list(kept.glob("*.kernel"))
    for file in sorted(files, key=used)[: max(len(files) - most, 0)]:
        file.unlink(missing_ok=True)
