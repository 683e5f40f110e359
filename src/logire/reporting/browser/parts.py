"""What every self-contained page is put together from: shared style and script, and data that cannot become markup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_SHARED = Path(__file__).parent


def style(own: Path) -> str:
    """The shared style and the page's own."""
    return _text(_SHARED / "shared.css") + _text(own)


def script(own: Path) -> str:
    """The shared script and the page's own."""
    return _text(_SHARED / "shared.js") + _text(own)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def inline_json(value: Any) -> str:
    """JSON that nothing in it can end the script element around it, or start another."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
