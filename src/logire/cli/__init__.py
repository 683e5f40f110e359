"""The command line: one module for each group of commands, put together in :mod:`logire.cli.app`."""
