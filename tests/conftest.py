"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, so that all workers end together."""
    slow = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("long")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real corpora; a test that needs it is skipped, saying so, where it is missing."""
    folder = Path(os.environ.get("LOGIRE_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (folder / "dwie" / "annos_with_content.jsonl.gz").exists():
        pytest.skip(f"the real corpora are not in {folder} (set LOGIRE_REAL_DATA to their folder)")
    return folder
