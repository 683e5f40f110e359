"""Where what can be computed again is kept for later runs of the same user."""

from __future__ import annotations

import os
from pathlib import Path

NOWHERE = Path(os.devnull)
"""Nothing can be written below it: who has no home keeps nothing."""


def cache_folder(part: str) -> Path:
    """The folder of one kind of things: in ``LOGIRE_CACHE_DIR`` if that is set, else in the user's cache folder.

    It may be one that cannot be written to: what is kept there must also do without.
    """
    chosen = os.environ.get("LOGIRE_CACHE_DIR")
    return (Path(chosen) if chosen else _users() / "logire") / part


def _users() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    if home:
        return Path(home)
    try:
        return Path.home() / ".cache"
    except RuntimeError:  # no HOME, and a user that the system does not know, as in containers
        return NOWHERE
