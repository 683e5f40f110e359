"""Imports that leave out what is not needed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(name: str) -> Iterator[None]:
    """Inside, importing the module ``name`` fails as if it were not installed; what is loaded already stays."""
    if name in sys.modules:
        yield
        return
    # None is how Python's import system marks a module that must not be found.
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
