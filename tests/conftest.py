"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


@pytest.fixture
def dies_in_epoch(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Called with k: the k-th epoch that begins from then on ends as by Ctrl-C, at its start or after ``documents``.

    Returns the list that the numbers of the epochs go to as they begin.
    """
    from logire.backbones.training import loop

    train_epoch = loop.train_epoch

    def patched(number: int, after: int = 0) -> list[int]:
        begun: list[int] = []

        def train(model: Any, optimizer: Any, documents: Any, state: Any, **rest: Any) -> float:
            begun.append(state.epoch)
            if len(begun) == number:
                for place, _ in enumerate(documents.epoch(state.epoch, 2, 3) if after else ()):
                    if place == after:
                        raise KeyboardInterrupt
                raise KeyboardInterrupt
            return train_epoch(model, optimizer, documents, state, **rest)

        monkeypatch.setattr(loop, "train_epoch", train)
        return begun

    return patched
