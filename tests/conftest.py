"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real corpora; a test that needs it is skipped, saying so, where it is missing."""
    folder = Path(os.environ.get("LOGIRE_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (folder / "dwie" / "annos_with_content.jsonl.gz").exists():
        pytest.skip(f"the real corpora are not in {folder} (set LOGIRE_REAL_DATA to their folder)")
    return folder
