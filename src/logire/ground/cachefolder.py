"""Where what can be computed again is kept for later runs of the same user."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(part: str) -> Path:
    """The folder of one kind of things: in ``LOGIRE_CACHE_DIR`` if that is set, else in the user's cache folder."""
    chosen = os.environ.get("LOGIRE_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return (Path(chosen) if chosen else Path(home) / "logire") / part
