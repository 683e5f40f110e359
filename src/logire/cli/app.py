"""The command line: ``logire --help``."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler

from logire import __version__
from logire.cli import data, provenance, results, rules, settings, train
from logire.ground.errors import LogireError

app = typer.Typer(
    help="Logic rules for document-level relation extraction (LogiRE, EMNLP 2021).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data.fetch, name="fetch", rich_help_panel="Data")
app.add_typer(data.prepare, name="prepare", rich_help_panel="Data")
app.add_typer(train.train, name="train", rich_help_panel="Models")
PANELS: dict[str, list[Callable[..., None]]] = {
    "Models": [rules.fit, rules.predict, settings.settings],
    "Reading a run": [rules.rules, rules.explain],
    "Results": [
        results.evaluate,
        results.report,
        results.browse,
        provenance.provenance,
    ],
}
for panel, commands in PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)


def _version(show: bool) -> None:
    if show:
        print(f"logire {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    pass


class _InterruptedError(BaseException):
    """Ctrl-C; not a KeyboardInterrupt, which the command line library would swallow."""


def _interrupt(*_: object) -> None:
    raise _InterruptedError


def main() -> None:
    """Run the command line: 1 for a LogireError (one message, no traceback), 130 for Ctrl-C."""
    signal.signal(signal.SIGINT, _interrupt)
    terminal = Console(stderr=True)
    handler = RichHandler(console=terminal, show_path=False, show_level=False) if terminal.is_terminal else None
    log = logging.getLogger("logire")
    log.setLevel(logging.INFO)
    log.addHandler(handler or logging.StreamHandler())
    try:
        app()
    except LogireError as error:
        print(f"logire: {error}", file=sys.stderr)
        sys.exit(1)
    except _InterruptedError:
        print("logire: interrupted; the same command goes on from here", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
