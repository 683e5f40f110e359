"""Settings from a params file into a dataclass: unknown keys and wrong types stop the run, naming the key."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from logire.errors import InputError

T = TypeVar("T")

STRICT = ConfigDict(extra="forbid", strict=True)
"""For ``@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)``: no unknown key, no silent conversion."""


def settings_from(kind: type[T], values: Mapping[str, Any], *, where: str) -> T:
    """Build a settings dataclass from a mapping.

    Args:
        kind: a pydantic dataclass made with :data:`STRICT`.
        where: what the settings belong to, for the message, such as ``logire`` or ``backbones.bilstm``.

    Raises:
        InputError: an unknown key, a wrong type or a value out of range; the message names the key.
    """
    try:
        return TypeAdapter(kind).validate_python(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        known = ", ".join(field.name for field in dataclasses.fields(kind))  # type: ignore[arg-type]
        unknown = first["type"] == "unexpected_keyword_argument"
        raise InputError(
            "there is no such setting" if unknown else f"{first['msg']} (given: {first.get('input')!r})",
            field=f"{where}.{key}",
            remedy=f"the settings are {known}",
        ) from error
