"""The rivals that take part in a trial: every module of :mod:`logire.trial.rivals` gives its own as ``RIVALS``.

A new rival is one file there and its test; nothing else has to be changed.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from logire.ground.errors import InputError
from logire.trial import rivals as package
from logire.trial.task import Method


@cache
def rivals() -> tuple[Method, ...]:
    """Every rival: the modules in the order of their names, the methods of one in its own order.

    Raises:
        InputError: two rivals have the same name.
    """
    modules = sorted(module.name for module in iter_modules(package.__path__))
    found = tuple(method for name in modules for method in import_module(f"{package.__name__}.{name}").RIVALS)
    names = [method.name for method in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"two rivals are called {twice[0]}", field="RIVALS", remedy="give each its own name")
    return found
