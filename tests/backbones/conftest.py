"""Fixtures of the backbones' tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from logire.backbones.base import Backbone
from logire.backbones.registry import find
from logire.corpus.prepared import PreparedCorpus
from logire.ground.runtime import seed_torch
from logire.ground.settings import settings_from

from . import made_up


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """The models are so small that threads would only slow each other down."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """States of frozen layers are kept for this session alone."""
    monkeypatch.setenv("LOGIRE_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> PreparedCorpus:
    return made_up.corpus(tmp_path_factory.mktemp("corpus") / "made-up")


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny transformer."""
    folder = tmp_path_factory.mktemp("encoder")
    made_up.encoder(folder)
    return folder


@pytest.fixture(scope="session")
def small(encoder: Path) -> Callable[[str], dict[str, Any]]:
    """Backbone name -> settings that make it small."""

    def settings(name: str) -> dict[str, Any]:
        own = {"encoder": str(encoder)} if "encoder" in find(name).Settings.model_fields else {}
        return made_up.small(name) | own

    return settings


@pytest.fixture(scope="session")
def build(small: Callable[[str], dict[str, Any]], corpus: PreparedCorpus) -> Callable[..., Backbone[Any]]:
    """(name, seed, further settings) -> an untrained small model."""

    def model(name: str, seed: int = 1, **settings: Any) -> Backbone[Any]:
        spec = find(name)
        seed_torch(seed, "initialisation")
        return spec.load().build(settings_from(spec.Settings, small(name) | settings, where=name), corpus)

    return model


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run"
