"""Kernels: functions that numba compiles, once for each version of their source, whichever folder it lies in.

numba keeps compiled functions by their file's path, so that every clone compiles anew: 13 seconds. Here they are kept
by the file's content, in the user's cache folder. A kernel may call kernels of its own file alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Self

import llvmlite  # type: ignore[import-untyped]
import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator

from logire.ground.cachefolder import cache_folder
from logire.ground.errors import InputError
from logire.ground.files import alone

MOST = 40
"""Versions of source files whose compiled kernels are kept; those not used for longest go first."""

ANY_ORDER = {"reassoc", "contract", "nsz"}
"""Sums may be taken in any order, so that the compiler can use vector instructions; infinities stay what they are."""


def kernel(*, any_order: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function on its first call with arguments of each type, or load what was compiled before.

    Args:
        any_order: whether its sums may be taken in any order; the result is then the same on equal processors only.
    """

    def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
        dispatcher: Any = numba.njit(fastmath=ANY_ORDER if any_order else False)(function)
        dispatcher._cache = _Kept(function)  # type: ignore[no-untyped-call]
        return dispatcher  # type: ignore[no-any-return]

    return compiled


def folder() -> Path:
    """Where compiled kernels are: in ``NUMBA_CACHE_DIR`` if that is set, else with what else is kept."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    return Path(chosen) / "kernels" if chosen else cache_folder("kernels")


class _ByContent(_CacheLocator):
    """Tells numba to keep a function in a folder named by the content of its file."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        self.line = function.__code__.co_firstlineno
        self.digest = _digest(file)
        self._py_file = file  # numba names it in warnings
        self.path = folder() / f"{Path(file).stem}-{self.digest[:32]}"

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> Self:
        return cls(function, file)

    def get_cache_path(self) -> str:
        return str(self.path)

    def get_source_stamp(self) -> str:
        return self.digest

    def get_disambiguator(self) -> str:
        return str(self.line)


class _Implementation(CompileResultCacheImpl):
    _locator_classes = [_ByContent]  # noqa: RUF012 (numba's own is a list)


class _Kept(FunctionCache):
    """numba's cache of one function, for jobs side by side; where nothing can be written, nothing is kept."""

    _impl_class = _Implementation

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled function, or None where it has to be compiled: it is not there, or its file is damaged."""
        path = Path(self.cache_path)
        try:
            found = super().load_overload(signature, target)  # type: ignore[no-untyped-call]
        except Exception:  # damaged files make numba's reader raise anything
            shutil.rmtree(path, ignore_errors=True)
            return None
        if found is not None:
            with suppress(OSError):
                os.utime(path)
        return found

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep a compiled function."""
        path = Path(self.cache_path)
        # One at a time: numba reads its index, adds an entry and writes it back.
        with suppress(OSError, InputError), alone(path):
            super().save_overload(signature, result)  # type: ignore[no-untyped-call]
            _forget_all_but(path.parent, MOST)


@cache
def _digest(file: str) -> str:
    """Of a source file's content and of the compiler's version; numba itself tells processors and Pythons apart."""
    versions = f"{numba.__version__} {llvmlite.__version__}"
    return hashlib.sha256(versions.encode() + Path(file).read_bytes()).hexdigest()


def _forget_all_but(kept: Path, most: int) -> None:
    """Remove all but the ``most`` folders that were used last; others may be removing them too."""

    def used(path: Path) -> float:
        with suppress(OSError):
            return path.stat().st_mtime
        return 0.0

    folders = list(kept.iterdir())
    for path in sorted(folders, key=used)[: max(len(folders) - most, 0)]:
        shutil.rmtree(path, ignore_errors=True)
