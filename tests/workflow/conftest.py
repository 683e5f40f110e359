"""One folder of compiled kernels for all clones of all workers."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiling takes longer than a tiny run: it is done once."""
    return tmp_path_factory.getbasetemp().parent / "numba"
