"""LogiRE and LogiRE+: rules found, grounded and weighted on a backbone's logits.

The classes load on first use, so that the registry of methods and the settings load without torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from logire.rules.logire.model import LogiRE
    from logire.rules.logire.settings import LogiRESettings
    from logire.rules.plus.model import LogiREPlus
    from logire.rules.plus.settings import LogiREPlusSettings

__all__ = ["LogiRE", "LogiREPlus", "LogiREPlusSettings", "LogiRESettings"]

_MODULES = {
    "LogiRE": "logire.rules.logire.model",
    "LogiRESettings": "logire.rules.logire.settings",
    "LogiREPlus": "logire.rules.plus.model",
    "LogiREPlusSettings": "logire.rules.plus.settings",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
