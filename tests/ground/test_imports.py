"""Leaving modules out of what others import."""

from __future__ import annotations

import sys

import pytest

from logire.ground.imports import without


def test_a_module_that_is_not_loaded_is_not_found_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with pytest.raises(ImportError), without("this"):
        import this  # noqa: F401
    assert "this" not in sys.modules


def test_a_loaded_module_stays() -> None:
    with without("json"):
        import json
    assert sys.modules["json"] is json
