"""Errors that a user can act on: each names the file, the document, the field and the remedy."""

from __future__ import annotations

from pathlib import Path


class LogireError(Exception):
    """Base of every error this package raises on purpose; the command line prints it and exits 1."""


class InputError(LogireError):
    """A data file, a settings file or an argument can't be used as it is.

    Args:
        problem: what is wrong, in one clause.
        file: the file it was found in.
        document: the title (id) of the document.
        field: the field or key inside the document or file, such as ``mentions[3].begin``.
        remedy: what the user can do about it.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        document: str | None = None,
        field: str | None = None,
        remedy: str | None = None,
    ) -> None:
        where = [
            f"{name} {value}"
            for name, value in (("file", file), ("document", document), ("field", field))
            if value is not None
        ]
        message = f"{', '.join(where)}: {problem}" if where else problem
        if remedy:
            message = f"{message}\n  what to do: {remedy}"
        super().__init__(message)
        self.problem = problem
        self.file = str(file) if file is not None else None
        self.document = document
        self.field = field
        self.remedy = remedy
