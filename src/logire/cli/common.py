"""What the commands share: options, settings, the console, progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from logire.ground.errors import InputError
from logire.ground.runtime import SEEDS

Split = Literal["train", "dev", "test"]
SplitOrBoth = Annotated[
    Split | None, typer.Option(help="train, dev or test; default: dev and test.", show_default=False)
]
Documents = Annotated[Path, typer.Option("--documents", help="A folder that `logire prepare` wrote.")]
Out = Annotated[Path, typer.Option("--out", help="Where to write.")]
Seed = Annotated[int, typer.Option(help="Everything random follows from it.", min=0, max=SEEDS - 1)]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Remove another finished run that --out holds.", show_default=False)
]
Settings = Annotated[
    str, typer.Option(help="Settings that differ from the defaults: a JSON object, or a .json / .yaml file.")
]
Run = Annotated[Path, typer.Argument(help="A folder that `logire fit` wrote.")]
Distances = Annotated[str, typer.Option(help="Edges of the distance groups, in tokens.")]
GoldRules = Annotated[Path | None, typer.Option(help="Rules of the logic score; default: DWIE's 39.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


def splits_of(split: Split | None) -> tuple[Split, ...]:
    """The split that was asked for, or the two that a run is measured on."""
    return (split,) if split else ("dev", "test")


def read_edges(text: str) -> tuple[int, ...]:
    """The edges of distance groups."""
    try:
        return tuple(int(edge) for edge in text.split(","))
    except ValueError as error:
        raise InputError(f"whole numbers with commas expected, {text!r} found", field="--distances") from error


def read_settings(text: str) -> dict[str, Any]:
    """Settings from a JSON object or a file."""
    if text.strip().startswith("{"):
        try:
            return dict(json.loads(text, object_pairs_hook=_once))
        except (ValueError, RecursionError) as error:
            raise InputError(f"is not JSON ({error})", field="--settings") from error
    from logire.ground.yamlfiles import read_mapping

    return read_mapping(Path(text), what="settings")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, no key of which occurs twice."""
    for number, (key, _) in enumerate(pairs):
        if key in [other for other, _ in pairs[:number]]:
            raise InputError("the key occurs twice", field=f"--settings, {key}", remedy="remove one of them")
    return dict(pairs)


def console() -> Console:
    """The terminal, or a wide page where the output is piped; names print as they are, brackets and colons too."""
    plain: dict[str, Any] = {"markup": False, "emoji": False}
    # Piped output is not cut at 80 columns.
    return Console(**plain) if sys.stdout.isatty() else Console(width=160, highlight=False, **plain)


@contextmanager
def progress() -> Iterator[Any]:
    """A progress bar on a terminal, one line a step in a log file."""
    terminal = Console(stderr=True)
    if not terminal.is_terminal:
        yield lambda what, done, total: print(f"{what} {done}/{total}", file=sys.stderr, flush=True)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=terminal) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
