"""Reading settings and params: YAML in which nothing is said twice, and nothing unfolds to more than it seems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from logire.ground.errors import InputError
from logire.ground.files import check_file, read_text

LARGEST = 2**20
"""Bytes; no settings file is as large."""
MOST_VALUES = 100_000


def read_mapping(file: Path, *, what: str, remedy: str | None = None) -> dict[str, Any]:
    """The mapping that a YAML or JSON file holds; {} where it is empty.

    Args:
        what: what the mapping is of, for messages, such as ``params``.

    Raises:
        InputError: the file cannot be read, is larger than :data:`LARGEST`, or what :func:`parse_mapping` raises.
    """
    if check_file(file, remedy=remedy).stat().st_size > LARGEST:
        raise InputError(f"is larger than any file of {what}", file=file, remedy=f"name a file of {what}")
    return parse_mapping(read_text(file, remedy=remedy), file=file, what=what)


def parse_mapping(text: str, *, what: str, file: str | Path | None = None, field: str | None = None) -> dict[str, Any]:
    """The mapping that a YAML text holds; {} where it is empty. JSON is YAML.

    Args:
        file, field: where the text comes from, for messages.

    Raises:
        InputError: it is not YAML, not a mapping of texts to values, a key occurs twice, or its aliases unfold to more
            than :data:`MOST_VALUES` values.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        _check(node, file, field)
        value = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        where = f"{file}, line {line}" if file and line else file
        raise InputError(f"is not YAML ({error.problem or error.context})", file=where, field=field) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"is not YAML ({' '.join(str(error).split())})", file=file, field=field) from error
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise InputError(f"a mapping of {what} was expected", file=file, field=field)
    return value


def _check(node: yaml.Node | None, file: str | Path | None, field: str | None) -> None:
    """Refuse keys that occur twice, and aliases that unfold to more than a settings file can mean."""
    count = 0

    def walk(node: yaml.Node | None) -> None:
        nonlocal count
        count += 1
        if count > MOST_VALUES:
            problem = f"its aliases unfold to more than {MOST_VALUES:,} values"
            raise InputError(problem, file=file, field=field, remedy="write it out")
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                    where = f"{file}, line {key.start_mark.line + 1}" if file else None
                    raise InputError("the key occurs twice", file=where, field=key.value, remedy="remove one of them")
                if isinstance(key, yaml.ScalarNode):
                    seen.add(key.value)
                walk(value)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                walk(item)

    walk(node)
