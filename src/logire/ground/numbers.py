"""Numbers as people read them; what rounds to zero is never ``-0.00``."""

from __future__ import annotations


def fixed(value: float, digits: int = 2) -> str:
    """``1.20``, ``-1.20``, ``0.00``."""
    return f"{value:z.{digits}f}"


def signed(value: float, digits: int = 2) -> str:
    """``+1.20``, ``-1.20``, ``+0.00``."""
    return f"{value:+z.{digits}f}"
