"""Reading settings and params: YAML in which nothing is said twice, and nothing unfolds to more than it seems."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from logire.ground.errors import InputError
from logire.ground.files import read_text

LARGEST = 2**16
"""Bytes; a params file with every setting has a quarter of them."""
MOST_VALUES = 100_000
_NOT_DECIMAL = re.compile(r"[-+]?0[0-9_]+|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+")
"""What YAML takes for a number in base 8 or 60: 010 is 8, 1:30 is 90."""


def read_mapping(file: Path, *, what: str) -> dict[str, Any]:
    """The mapping that a YAML file holds; {} where it is empty. JSON is YAML.

    Args:
        what: what the mapping is of, for messages, such as ``params``.

    Raises:
        InputError: what :func:`read_node` raises, or it is not a mapping of texts to values.
    """
    node = read_node(file, what=what)
    try:
        value = None if node is None else yaml.SafeLoader("").construct_document(node)
    except yaml.YAMLError as error:
        raise _unreadable(file, error) from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:  # a date or a tagged value that is none
        raise InputError(f"a value cannot be read ({error})", file=file, remedy="put texts in quotes") from error
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        remedy = "write `key: value` pairs, keys as text"
        raise InputError(f"a mapping of {what} was expected", file=file, remedy=remedy)
    return value


def read_node(file: Path, *, what: str) -> yaml.Node | None:
    """What a YAML file says, with the line of every key; None where it is empty.

    Raises:
        InputError: it cannot be read, is larger than :data:`LARGEST`, not YAML, has a key twice, or aliases that unfold
            to more than :data:`MOST_VALUES` values.
    """
    text = read_text(file, remedy=f"name a file of {what}", most=LARGEST)
    try:
        return _composed(file, text)
    except yaml.YAMLError as error:
        raise _unreadable(file, error) from error
    except RecursionError as error:
        raise InputError("is nested too deeply, or in itself", file=file, remedy="write it out flat") from error


@lru_cache(maxsize=32)  # read again for each line that is asked for
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
    """Refuse keys that occur twice, and aliases that unfold to more than a settings file can mean."""
    count = 0

    def refuse(problem: str, at: yaml.Node, remedy: str, key: str | None = None) -> InputError:
        return InputError(problem, file=f"{file}, line {at.start_mark.line + 1}", field=key, remedy=remedy)

    def walk(node: yaml.Node | None) -> None:
        nonlocal count
        count += 1
        if count > MOST_VALUES:
            problem = f"its aliases unfold to more than {MOST_VALUES:,} values"
            raise InputError(problem, file=file, remedy="write it out")
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
