"""LogiRE: learning logic rules for document-level relation extraction (Ru et al., EMNLP 2021).

``from logire import LogiRE, LogiREPlus`` gives the plug-in for your own relation model, and ``as_knowledge_graph``
turns what it decides into a graph.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from logire.plugin.estimator import LogiRE, LogiREPlus
    from logire.plugin.graphs import as_knowledge_graph

__version__ = "0.1.0"
__all__ = ["LogiRE", "LogiREPlus", "__version__", "as_knowledge_graph"]

_PLUGIN = {
    "LogiRE": "logire.plugin.estimator",
    "LogiREPlus": "logire.plugin.estimator",
    "as_knowledge_graph": "logire.plugin.graphs",
}


def __getattr__(name: str) -> Any:
    if name not in _PLUGIN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # On first use, and named as text: a command that does without the plug-in does not depend on its code.
    return getattr(import_module(_PLUGIN[name]), name)
