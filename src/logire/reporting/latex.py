"""Plain text for LaTeX."""

from __future__ import annotations

import re

_WRITTEN = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "⁻¹": "$^{-1}$",
    "±": r"$\pm$",
    "∧": r"$\wedge$",
    "→": r"$\rightarrow$",
    "←": r"$\leftarrow$",
    "−": "$-$",
    "≥": r"$\geq$",
    "<": "$<$",
    ">": "$>$",
    "–": "--",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
_PATTERN = re.compile("|".join(re.escape(key) for key in sorted(_WRITTEN, key=len, reverse=True)))


def latex_escape(text: str) -> str:
    """Plain text for LaTeX: its special characters, and the few symbols our tables use."""
    return _PATTERN.sub(lambda match: _WRITTEN[match.group()], text)
