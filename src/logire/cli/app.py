"""The command line: ``logire --help``."""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler

from logire import __version__
from logire.cli import adapt, audit, compare, data, provenance, results, rules, scale, settings, train, trial
from logire.ground.errors import LogireError
from logire.ground.extras import extras

app = typer.Typer(
    help="Logic rules for document-level relation extraction (LogiRE, EMNLP 2021).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data.fetch, name="fetch", rich_help_panel="Data")
app.add_typer(data.prepare, name="prepare", rich_help_panel="Data")
app.command(rich_help_panel="Data")(adapt.adapt)
app.add_typer(audit.audit, name="audit", rich_help_panel="Data")
app.add_typer(train.train, name="train", rich_help_panel="Models")
app.add_typer(scale.scale, name="scale", rich_help_panel="Models")
app.add_typer(trial.trial, name="trial", rich_help_panel="Results")
PANELS: dict[str, list[Callable[..., None]]] = {
    "Models": [rules.fit, rules.predict, compare.threshold, settings.settings],
    "Reading a run": [rules.rules, rules.explain],
    "Results": [
        results.evaluate,
        compare.compare,
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


UNFORESEEN = 70
"""The exit code of a defect, as sysexits.h names it."""


class _InterruptedError(BaseException):
    """Ctrl-C; not a KeyboardInterrupt, which the command line library would swallow."""


def _interrupt(*_: object) -> None:
    raise _InterruptedError


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its words are those of the process where none are given.

    Returns:
        The exit code: 0; 1 for a LogireError (one message, no traceback); 2 for words that are not a command; 70 for an
        error that nobody foresaw, whose traceback goes to a file; 130 for Ctrl-C.
    """
    try:
        with extras():
            app(arguments)
    except LogireError as error:
        return _failed(str(error), 1)
    except _InterruptedError:
        return _failed("interrupted; the same command goes on from here", 130)
    except OSError as error:
        where = f"file {error.filename}: " if error.filename else ""
        return _failed(f"{where}{error.strerror or error}", 1)
    except MemoryError:
        return _failed("memory ran out\n  what to do: give it fewer documents, or more memory", 1)
    except SystemExit as stopped:  # the command line library ends every call so
        return stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
    except Exception as error:
        return _failed(_unforeseen(error), UNFORESEEN)
    return 0


def _failed(message: str, code: int) -> int:
    # A name from a file may hold what the terminal's encoding lacks.
    encoding = sys.stderr.encoding or "utf-8"
    print(f"logire: {message}".encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr)
    return code


def _unforeseen(error: Exception) -> str:
    """What to say of an error that is a defect of this package; its traceback goes to a file."""
    lines = traceback.format_exception(error)
    words = f"unexpected {type(error).__name__}: {' '.join(str(error).split())[:300]}"
    try:
        handle, name = tempfile.mkstemp(prefix="logire-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(["logire ", __version__, ": ", *(f"{word!r} " for word in sys.argv), "\n", *lines])
    except OSError:
        return "".join((words, "\n", *lines))
    return f"{words}\n  what to do: report this defect with {name}, which holds the traceback and the command"


def main() -> None:
    """The command ``logire``."""
    signal.signal(signal.SIGINT, _interrupt)
    terminal = Console(stderr=True)
    handler = RichHandler(console=terminal, show_path=False, show_level=False) if terminal.is_terminal else None
    log = logging.getLogger("logire")
    log.setLevel(logging.INFO)
    log.addHandler(handler or logging.StreamHandler())
    sys.exit(run())


if __name__ == "__main__":
    main()
