"""The corpus sources: what each is called, its form, its options, how it is fetched and prepared.

A source is a module in this package with a ``SOURCE``; nothing else has to be changed for a new one. The modules
import nothing heavy (no spaCy, no torch): the command line and the workflow read them at every start.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from logire.corpus import sources as package
from logire.ground.errors import InputError
from logire.ground.settings import Settings, settings_from


class NoOptions(Settings):
    """The options of a source that has none."""


@dataclass(frozen=True)
class Source:
    """A corpus that can be prepared.

    Attributes:
        name: what the command line and ``data.source`` in the params call it.
        help: one line on what it is, for the command line.
        titles: what readers see, by the name that a prepared corpus has in its ``corpus.json``.
        form: whose annotation form its documents have. A corpus in DocRED's form has its main results in Table 3, and
            Table 4 looks at its labels.
        prepare: writes the prepared corpus; called with the raw data (None where none is given), the folder to write,
            and the options.
        order: the place among the sources.
        Options: the class of its options.
        synthetic: whether it is generated, so that no number on it compares with the paper's.
        papers: whether the paper reports on this very corpus.
        raw: help on the raw data it reads; None if it reads none.
        needs_raw: whether it cannot do without raw data.
        fetched: where below the working folder its raw data is fetched to; None if nothing can be fetched.
        fetch: brings the raw data from its public source; called with the path to write, the address of the files
            (None: the pinned one), and a function that is told how many files of how many are there.
        check: refuses, in a moment, what ``prepare`` would refuse later; called with the raw data (None where it is
            not there yet) and the options, before the first job of a run.
    """

    name: str
    help: str
    titles: Mapping[str, str]
    form: Literal["dwie", "docred"]
    prepare: Callable[[Any, Path, Any], None]
    order: int
    Options: type[Settings] = field(default=NoOptions)
    synthetic: bool = False
    papers: bool = False
    raw: str | None = "The raw data."
    needs_raw: bool = True
    fetched: str | None = None
    fetch: Callable[[Path, str | None, Callable[[int, int], None] | None], None] | None = None
    check: Callable[[Path | None, Any], None] | None = None

    @property
    def module(self) -> str:
        """The module that declares it."""
        return self.prepare.__module__


@cache
def sources() -> tuple[Source, ...]:
    """All sources, in their order."""
    names = (module.name for module in pkgutil.iter_modules(package.__path__) if module.name != "registry")
    found = (importlib.import_module(f"{package.__name__}.{name}").SOURCE for name in names)
    return tuple(sorted(found, key=lambda source: source.order))


def find(name: str) -> Source:
    """The source of this name.

    Raises:
        InputError: there is none.
    """
    for source in sources():
        if source.name == name:
            return source
    raise InputError(
        f"unknown corpus source {name!r}", remedy=f"one of {', '.join(source.name for source in sources())}"
    )


def command_options(source: Source, options: Mapping[str, Any]) -> list[str]:
    """Options as the words that ``logire prepare SOURCE`` takes, in the order of the source's own list.

    Args:
        options: option -> value; None leaves the option out.

    Raises:
        InputError: the source has no such option, or its value is wrong.
    """
    checked = settings_from(source.Options, options, where=source.name)
    words: list[str] = []
    for name in source.Options.model_fields:
        value = getattr(checked, name)
        if name not in options or value is None:
            continue
        if isinstance(value, bool):
            words.append(option_name(name) if value else option_name(name, off=True))
        else:
            words += [option_name(name), *map(str, value if isinstance(value, tuple) else (value,))]
    return words


def option_name(name: str, *, off: bool = False) -> str:
    """``--sentences``, or ``--no-sentences`` for ``off``."""
    return f"--{'no-' if off else ''}{name.replace('_', '-')}"
