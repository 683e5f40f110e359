"""All methods of a trial: the package's own, and every rival."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from logire.ground.errors import InputError
from logire.trial import rivals as package
from logire.trial.own import OWN
from logire.trial.task import Method


@cache
def rivals() -> tuple[Method, ...]:
    """The methods of every module of :mod:`logire.trial.rivals`, modules by name."""
    modules = (import_module(f"{package.__name__}.{module.name}") for module in iter_modules(package.__path__))
    return tuple(method for module in modules for method in module.RIVALS)


def methods(names: Sequence[str] = ()) -> tuple[Method, ...]:
    """The methods called ``names`` in their own order, all where none is given; the backbone is always among them.

    Raises:
        InputError: there is no such method.
    """
    known = {method.name: method for method in (*OWN, *rivals())}
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise InputError(f"{unknown!r} is not a method", field="method", remedy=f"one of {', '.join(known)}")
    chosen = set(names or known) | {OWN[0].name}
    return tuple(method for name, method in known.items() if name in chosen)
