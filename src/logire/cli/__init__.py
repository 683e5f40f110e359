"""The command line: one module for each group of commands, put together in :mod:`logire.cli.app`."""

from logire.cli.app import main

__all__ = ["main"]
