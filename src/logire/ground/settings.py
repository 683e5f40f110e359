"""Settings: one pydantic class for each thing that has settings, from which help, schema and params files follow."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from logire.ground.errors import InputError

T = TypeVar("T", bound="Settings")

MOST = 10_000
"""More epochs, documents in a batch or units in a layer than this are a slip, and may not fit in memory."""
DEEPEST = 100
"""So are more layers than this."""
WIDTH = 120
"""Longest line of :func:`as_yaml`."""
_COMMENTS = 40
"""Widest column that the comments of :func:`as_yaml` start in."""
_LONGEST_VALUE = 60
"""Letters of a wrong value that a message quotes."""
_PLAIN = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path",
    NoneType: "null",
    dict: "mapping",
}


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
    """A setting as a reader sees it.

    Attributes:
        type: in words, as :func:`type_name` puts it.
        default: as YAML.
    """

    name: str
    type: str
    default: str
    description: str


class Complaint(NamedTuple):
    """What is wrong with a value: at which keys, what, and what may stand there (None where nothing can be said)."""

    path: tuple[str | int, ...]
    problem: str
    remedy: str | None


def complaint(kind: type[Settings], error: ValidationError, noun: str = "setting") -> Complaint:
    """The first complaint of a settings class, for a reader of params files.

    Args:
        kind: the class that the error is about.
        noun: what a field of it is called.
    """
    first = error.errors()[0]
    path, value = first["loc"], first["input"]
    if first["type"] == "extra_forbidden":
        owner = _inside(kind, path[:-1])
        known = owner.model_fields if isinstance(owner, type) and issubclass(owner, Settings) else {}
        return Complaint(path, f"there is no such {noun}", f"one of {', '.join(known)}" if known else "remove it")
    if path and path[-1] == "[key]":  # pydantic's mark that a mapping's key is wrong, not its value
        path = path[:-1]
    elif first["type"] == "missing":
        too_short = isinstance(path[-1], int)
        return Complaint(path, "is missing", "make the list longer" if too_short else "add it")
    elif isinstance(value, str) and first["type"] in ("int_type", "float_type") and _is_number(value):
        problem = f"the text {shortened(value)} stands where a number is expected"
        return Complaint(path, problem, "write it without quotes, 1e-3 as 1.0e-3, and lists of numbers in a file")
    elif first["type"] in ("model_type", "model_attributes_type", "dict_type"):
        return Complaint(path, f"a mapping was expected (given: {shortened(value)})", "write `key: value` pairs there")
    problem = f"{first['msg'].removeprefix('Value error, ')} (given: {shortened(value)})"
    setting = _innermost(kind, path)
    if setting is None:
        return Complaint(path, problem, "correct the value")
    # A type says nothing on what a pattern or a function refused.
    about = setting.description if first["type"] in ("value_error", "string_pattern_mismatch") else type_name(setting)
    return Complaint(path, problem, f"give: {about}")


def shortened(value: Any) -> str:
    """A value as Python writes it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _innermost(kind: type[Settings], path: Sequence[str | int]) -> FieldInfo | None:
    """The innermost setting on a path of keys."""
    for end in range(len(path), 0, -1):
        owner, name = _inside(kind, path[: end - 1]), path[end - 1]
        if isinstance(owner, type) and issubclass(owner, Settings) and name in owner.model_fields:
            return owner.model_fields[str(name)]
    return None


def _inside(annotation: Any, path: Sequence[str | int]) -> Any:
    """The type that stands at a path of keys below a type; None where it is not known."""
    kinds = list(_parts(annotation))
    owner = next((part for part in kinds if isinstance(part, type) and issubclass(part, Settings)), None)
    if not path:
        return owner or annotation
    if owner is not None:
        field = owner.model_fields.get(str(path[0]))
        return None if field is None else _inside(field.annotation, path[1:])
    values = next((get_args(part)[1] for part in kinds if get_origin(part) is dict), None)
    return None if values is None else _inside(values, path[1:])


def _parts(annotation: Any) -> Iterator[Any]:
    """A type, and those that it is a union or a commented form of."""
    yield annotation
    if get_origin(annotation) in (Annotated, Union, UnionType):
        for part in get_args(annotation):
            yield from _parts(part)


def settings_from(kind: type[T], values: Mapping[str, Any], *, where: str) -> T:
    """Build settings from a mapping.

    Args:
        kind: a settings class.
        where: what the settings belong to, for the message, such as ``logire`` or ``backbones.bilstm``.

    Raises:
        InputError: an unknown key, a wrong type or a value out of range; the message names the key.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        found = complaint(kind, error)
        key = ".".join(str(part) for part in (where, *found.path))
        raise InputError(found.problem, field=key, remedy=found.remedy) from error


def describe(kind: type[Settings]) -> list[Setting]:
    """Every setting of a class, in its order."""
    return [
        Setting(name, type_name(field), _yaml(field.get_default(call_default_factory=True)), field.description or "")
        for name, field in kind.model_fields.items()
    ]


def as_yaml(kind: type[Settings], values: Mapping[str, Any] | None = None, *, indent: int = 0) -> str:
    """The settings of a class as a section of a params file, each commented with its type and description.

    Args:
        values: the settings to list, with their values; by default every setting with its default.
        indent: blanks before each line.
    """
    described = {setting.name: setting for setting in describe(kind)}
    if values is None:
        items = {f"{_yaml(setting.name)}: {setting.default}": setting for setting in described.values()}
    else:
        items = {f"{_yaml(name)}: {_yaml(value)}": described[name] for name, value in values.items()}
    column = min(max(map(len, items), default=0) + 2, _COMMENTS)
    lines: list[str] = []
    for item, setting in items.items():
        width = WIDTH - indent - column - len("# ")
        comments = textwrap.wrap(f"{setting.type}: {setting.description}", width, break_on_hyphens=False)
        if len(item) + 2 > column:  # it reaches into the comments, so they start below it
            lines.append(item)
            item = ""
        keys = [item, *[""] * (len(comments) - 1)]
        lines += [f"{key:{column}}# {comment}" for key, comment in zip(keys, comments, strict=True)]
    return textwrap.indent("".join(f"{line}\n" for line in lines), " " * indent)


def json_schema(kinds: Mapping[str, type[Settings]]) -> dict[str, Any]:
    """A JSON schema whose ``$defs`` hold the schema of each class, by the given names."""
    defined = {name: kind.model_json_schema() for name, kind in kinds.items()}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": defined}


def type_name(field: FieldInfo) -> str:
    """What a setting may be: ``whole number from 1``, ``one of constant, linear, cosine``, ``text or null``."""
    return _name(field.annotation, field.metadata)


def _name(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        fields = [part for part in inside[1:] if isinstance(part, FieldInfo)]
        limits = [limit for field in fields for limit in field.metadata]
        return _name(inside[0], [*metadata, *inside[1:], *limits])
    if origin is Literal:
        return f"one of {', '.join(map(str, inside))}"
    if origin in (Union, UnionType):
        return " or ".join(_name(part, () if part is NoneType else metadata) for part in inside)
    if origin in (tuple, list):
        return f"list, each a {_name(inside[0])}"
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return f"mapping of {', '.join(annotation.model_fields)}"
    return _PLAIN.get(origin or annotation, str(annotation)) + _bounds(metadata)


def _bounds(metadata: Sequence[Any]) -> str:
    """The limits of a number, in words that follow it: `` from 0 to under 1``."""
    words = {"ge": " from {:,}", "gt": " over {:,}", "le": " to {:,}", "lt": " to under {:,}"}
    limits = {key: getattr(limit, key) for limit in metadata for key in words if hasattr(limit, key)}
    return "".join(text.format(limits[key]) for key, text in words.items() if key in limits)


def _yaml(value: Any) -> str:
    """A value as YAML on one line."""
    plain = value.model_dump(mode="json") if isinstance(value, Settings) else value
    plain = list(plain) if isinstance(plain, tuple) else plain
    text: str = yaml.safe_dump(plain, default_flow_style=True, width=math.inf, allow_unicode=True)
    return text.removesuffix("...\n").strip()
