"""Reading a params file: what it says, where it says it, and that nothing in it is said twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from logire.ground.errors import InputError

KeyPath = tuple[str | int, ...]
"""The keys, and places in lists, that lead to a value."""
_LARGEST = 2**20


def read_params(file: Path) -> dict[str, Any]:
    """A params file.

    Raises:
        InputError: it is missing, too large, not YAML, not a mapping, or a key occurs twice.
    """
    try:
        if file.stat().st_size > _LARGEST:
            raise InputError("is larger than any params file", file=file, remedy="name a params file")
        text = file.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        _check(node, file)
        value = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise InputError(f"cannot be read ({' '.join(str(error).split())})", file=file) from error
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise InputError("a mapping of params was expected", file=file)
    return value


def _check(node: yaml.Node | None, file: Path) -> None:
    """Refuse keys that occur twice, and aliases that unfold to more than a params file can mean."""
    count = 0

    def walk(node: yaml.Node | None) -> None:
        nonlocal count
        count += 1
        if count > 100_000:
            raise InputError("its aliases unfold to more than 100,000 values", file=file, remedy="write it out")
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                    where = f"{file}, line {key.start_mark.line + 1}"
                    raise InputError("the key occurs twice", file=where, field=key.value, remedy="remove one of them")
                seen.add(key.value)
                walk(value)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                walk(item)

    walk(node)


def line_of(file: Path, path: KeyPath) -> int | None:
    """The line, from 1, at which a YAML file has a key; None where it does not."""
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    line = None
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
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
