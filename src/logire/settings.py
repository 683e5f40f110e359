"""Settings from a params file into a settings class: unknown keys and wrong types stop the run, naming the key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ConfigDict, ValidationError

from logire.errors import InputError

T = TypeVar("T")

STRICT = ConfigDict(extra="forbid", strict=True)
"""Of every settings class: no unknown key, no silent conversion."""


def settings_from(kind: type[T], values: Mapping[str, Any], *, where: str) -> T:
    """Build settings from a mapping.

    Args:
        kind: a pydantic dataclass or model made with :data:`STRICT`.
        where: what the settings belong to, for the message, such as ``logire`` or ``backbones.bilstm``.

    Raises:
        InputError: an unknown key, a wrong type or a value out of range; the message names the key.
    """
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in (where, *first["loc"]))
        if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            known = ", ".join(kind.__pydantic_fields__)  # type: ignore[attr-defined]
            raise InputError("there is no such setting", field=key, remedy=f"the settings are {known}") from error
        raise InputError(f"{first['msg']} (given: {first['input']!r})", field=key) from error
