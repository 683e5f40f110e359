"""The methods that are fitted on a backbone's logits: every package below ``rules/`` with a module ``method``.

That module gives a :class:`Method` called ``METHOD``. Neither it nor this module imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from logire.ground.errors import InputError
from logire.ground.settings import Settings

if TYPE_CHECKING:
    from logire.rules.model import RuleModel


@dataclass(frozen=True)
class Method:
    """A method as the command line, the workflow and the tables know it.

    Attributes:
        name: in commands, params files and ``run.json``.
        title: in tables and figures.
        order: its place among the methods there.
        Settings: the class of its settings.
        model: where its model is, ``module:class``.
        out_of_fold: whether it trains on out-of-fold logits by default.
        on_shards: whether `logire scale` fits it with one shard in memory.
    """

    name: str
    title: str
    order: int
    Settings: type[Settings]
    model: str
    out_of_fold: bool
    on_shards: bool = False

    @property
    def module(self) -> str:
        """The module that its model is in."""
        return self.model.partition(":")[0]

    def load(self) -> type[RuleModel[Any]]:
        """The class of its models."""
        found: type[RuleModel[Any]] = getattr(import_module(self.module), self.model.partition(":")[2])
        return found


@cache
def methods() -> tuple[Method, ...]:
    """Every method, by its order."""
    package = import_module("logire.rules")
    names = [module.name for module in iter_modules(package.__path__) if module.ispkg]
    found = [import_module(f"logire.rules.{name}.method").METHOD for name in names]
    return tuple(sorted(found, key=lambda method: method.order))


def find(name: str) -> Method:
    """The method called ``name``.

    Raises:
        InputError: there is no such method.
    """
    known = {method.name: method for method in methods()}
    if name not in known:
        raise InputError(f"unknown method {name!r}", field="method", remedy=f"one of {', '.join(known)}")
    return known[name]
