"""The backbones by name. A new one is one file and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from logire.backbones.backbone import Backbone
from logire.ground.errors import InputError

# Imported on use: the transformer libraries take seconds to load.
_BACKBONES = {
    "cnn": "CNN",
    "lstm": "LSTM",
    "bilstm": "BiLSTM",
    "context_aware": "ContextAware",
    "gain": "GAIN",
    "atlop": "ATLOP",
}


def names() -> tuple[str, ...]:
    """The names that :func:`resolve` knows."""
    return tuple(_BACKBONES)


def resolve(name: str) -> type[Backbone[Any]]:
    """The backbone class called ``name``.

    Raises:
        InputError: there is none.
    """
    if name not in _BACKBONES:
        raise InputError(f"unknown backbone {name!r}", field="backbone", remedy=f"one of {', '.join(names())}")
    found: type[Backbone[Any]] = getattr(import_module(f"logire.backbones.{name}"), _BACKBONES[name])
    return found
