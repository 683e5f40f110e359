"""Settings: one pydantic class for each thing that has settings, from which help, schema and params files follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from logire.ground.errors import InputError

T = TypeVar("T", bound="Settings")


class Settings(BaseModel):
    """Base of every settings class: frozen, no unknown key, no silent conversion, no NaN or infinity.

    Every field is a ``Field(default, description=...)``: the description is what help, schema and params files say.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """A setting that a subclass gives another default keeps its description."""
        super().__pydantic_init_subclass__(**kwargs)
        lacking = {name: field for name, field in cls.model_fields.items() if field.description is None}
        for name, field in lacking.items():
            bases = (base for base in cls.__mro__[1:] if issubclass(base, Settings))
            described = (base.model_fields[name].description for base in bases if name in base.model_fields)
            field.description = next((text for text in described if text), None)
        if lacking:
            cls.model_rebuild(force=True)


class Setting(NamedTuple):
    """A setting as a reader sees it."""

    name: str
    type: str
    default: Any
    description: str


def settings_from(kind: type[T], values: Mapping[str, Any], *, where: str) -> T:
    """Build settings from a mapping.

    Args:
        kind: a settings class.
        where: what the settings belong to, for the message, such as ``logire`` or ``backbones.bilstm``.

    Raises:
        InputError: an unknown key, a wrong type or a value out of range; the message names the key.
    """
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in (where, *first["loc"]))
        if first["type"] == "extra_forbidden":
            remedy = f"the settings are {', '.join(kind.model_fields)}"
            raise InputError("there is no such setting", field=key, remedy=remedy) from error
        raise InputError(f"{first['msg']} (given: {first['input']!r})", field=key) from error


def describe(kind: type[Settings]) -> list[Setting]:
    """Every setting of a class, in its order."""
    return [
        Setting(name, type_name(field), field.default, field.description or "")
        for name, field in kind.model_fields.items()
    ]


def type_name(field: FieldInfo) -> str:
    """What a setting may be: ``whole number``, ``one of constant, linear, cosine``, ``text or null``."""
    return _name(field.annotation)


def _name(annotation: Any) -> str:
    plain = {int: "whole number", float: "number", bool: "true or false", str: "text", type(None): "null"}
    if annotation in plain:
        return plain[annotation]
    inside = get_args(annotation)
    if all(isinstance(value, str | int) and not isinstance(value, type) for value in inside) and inside:
        return f"one of {', '.join(map(str, inside))}"
    origin = getattr(annotation, "__origin__", None)
    if origin in (tuple, list):
        parts = [part for part in inside if part is not Ellipsis]
        return f"list of {_name(parts[0])}s"
    if getattr(annotation, "__metadata__", None):
        return _name(inside[0])
    return " or ".join(_name(part) for part in inside) if inside else "mapping"
