"""The methods that take part in a trial: the package's own, and what every module of :mod:`logire.trial.rivals` gives.

A new rival is one file there, with its methods as ``RIVALS``, and its test; nothing else has to be changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from logire.ground.errors import InputError
from logire.trial import rivals as package
from logire.trial.own import BACKBONE, OWN
from logire.trial.task import Method


@cache
def rivals() -> tuple[Method, ...]:
    """Every rival: the modules in the order of their names, the methods of one in its own order.

    Raises:
        InputError: two rivals have the same name.
    """
    modules = sorted(module.name for module in iter_modules(package.__path__))
    found = tuple(method for name in modules for method in import_module(f"{package.__name__}.{name}").RIVALS)
    names = [method.name for method in (*OWN, *found)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"two methods are called {twice[0]}", field="RIVALS", remedy="give each its own name")
    return found


def methods(names: Sequence[str] = ()) -> tuple[Method, ...]:
    """The methods called ``names`` in their own order, all where none is given; the backbone is always among them.

    Raises:
        InputError: there is no such method.
    """
    known = {method.name: method for method in (*OWN, *rivals())}
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise InputError(f"{unknown!r} is not a method", field="method", remedy=f"one of {', '.join(known)}")
    chosen = set(names or known) | {BACKBONE}
    return tuple(method for name, method in known.items() if name in chosen)
