"""Reading a params file: what it says, where it says it, and that nothing in it is said twice."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from logire.ground.errors import InputError
from logire.ground.files import read_bytes

KeyPath = tuple[str | int, ...]
"""The keys, and places in lists, that lead to a value."""
_LARGEST = 2**16
"""Bytes; params/default.yaml has a quarter of them."""
_NOT_DECIMAL = re.compile(r"[-+]?0[0-9_]+|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+")
"""What YAML takes for a number in base 8 or 60: 010 is 8, 1:30 is 90."""


def read_params(file: Path) -> dict[str, Any]:
    """A params file.

    Raises:
        InputError: it is missing, too large, not YAML, not a mapping, or a key occurs twice.
    """
    node = _node(file)
    try:
        value = None if node is None else yaml.SafeLoader("").construct_document(node)
    except yaml.YAMLError as error:
        raise _unreadable(file, error) from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:  # a date or a tagged value that is none
        raise InputError(f"a value cannot be read ({error})", file=file, remedy="put texts in quotes") from error
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise InputError("a mapping of params was expected", file=file, remedy="write `key: value` pairs, keys as text")
    return value


def _node(file: Path) -> yaml.Node | None:
    """What a params file says, with the line of every key; checked, for it is read again for each line asked for."""
    text = read_bytes(file, remedy="name a params file", most=_LARGEST)
    try:
        return _composed(file, text.decode("utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise _unreadable(file, error) from error
    except RecursionError as error:
        raise InputError("is nested too deeply, or in itself", file=file, remedy="write it out flat") from error


@lru_cache(maxsize=32)
def _composed(file: Path, text: str) -> yaml.Node | None:
    node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    _check(node, file)
    return node


def _unreadable(file: Path, error: Exception) -> InputError:
    mark = getattr(error, "problem_mark", None)
    where = f"{file}, line {mark.line + 1}" if mark else str(file)
    said = [part for part in (getattr(error, "context", None), getattr(error, "problem", None)) if part]
    problem = ", ".join(said) or " ".join(str(error).split())
    return InputError(f"cannot be read ({problem})", file=where, remedy="write YAML in UTF-8, indented with spaces")


def _check(node: yaml.Node | None, file: Path) -> None:
    """Refuse keys that occur twice, and aliases that unfold to more than a params file can mean."""
    count = 0

    def refuse(problem: str, at: yaml.Node, remedy: str, key: str | None = None) -> InputError:
        return InputError(problem, file=f"{file}, line {at.start_mark.line + 1}", field=key, remedy=remedy)

    def walk(node: yaml.Node | None) -> None:
        nonlocal count
        count += 1
        if count > 100_000:
            raise InputError("its aliases unfold to more than 100,000 values", file=file, remedy="write it out")
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise refuse("a key is a list or a mapping", key, "write keys as text")
                if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                    raise refuse("the key occurs twice", key, "remove one of them", key.value)
                seen.add(key.value)
                walk(value)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                walk(item)
        elif isinstance(node, yaml.ScalarNode) and node.tag.endswith(":int") and _NOT_DECIMAL.fullmatch(node.value):
            raise refuse(
                f"YAML does not read {node.value} as a decimal number", node, "write it without : and leading 0"
            )

    walk(node)


def line_of(file: Path, path: KeyPath) -> int | None:
    """The line, from 1, at which a YAML file has a key; None where it does not."""
    try:
        node = _node(file)
    except InputError:
        return None
    line = None
    for part in path:
        if isinstance(node, yaml.MappingNode):
            # What `<<` brings in comes before the mapping's own keys.
            found = next(((key, value) for key, value in reversed(node.value) if key.value == str(part)), None)
            if found is None:
                return None
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return None
    return line


def preset(file: Path, method: str) -> dict[str, Any]:
    """The settings of a method in a params file, for others to be laid over.

    Raises:
        InputError: what :func:`read_params` raises, or it has none.
    """
    found = read_params(file).get(method)
    if not isinstance(found, dict) or not found:
        raise InputError(f"has no settings of {method}", file=file)
    return found
