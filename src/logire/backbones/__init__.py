"""Backbones: relation models that read documents and give the logits that LogiRE starts from (section 4.2).

``backbones()`` lists them and ``find(name)`` gives one. ``train_backbone`` trains a backbone and writes its run
folder, ``load_backbone`` reads a trained one back, and ``infer_logits`` applies it to documents. Names, titles and
settings are available without torch; the last three functions import it when they are first asked for.

A new backbone is one package under ``words`` or ``transformers``: its ``__init__.py`` defines the settings and
``BACKBONE``, its ``model.py`` the torch module.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from logire.backbones.registry import BackboneSpec, backbones, find

if TYPE_CHECKING:
    from logire.backbones.training.inference import infer_logits
    from logire.backbones.training.run import load_backbone, train_backbone

__all__ = [
    "BackboneSpec",
    "backbones",
    "find",
    "infer_logits",
    "load_backbone",
    "train_backbone",
]

_NEEDS_TORCH = {
    "infer_logits": "logire.backbones.training.inference",
    "load_backbone": "logire.backbones.training.run",
    "train_backbone": "logire.backbones.training.run",
}


def __getattr__(name: str) -> Any:
    """Import on first use what needs torch."""
    if name not in _NEEDS_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_NEEDS_TORCH[name]), name)
