"""Reading a params file: what it says, and where it says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from logire.ground.errors import InputError
from logire.ground.yamlfiles import read_mapping, read_node

KeyPath = tuple[str | int, ...]
"""The keys, and places in lists, that lead to a value."""
_WHAT = "params"


def read_params(file: Path) -> dict[str, Any]:
    """A params file.

    Raises:
        InputError: what :func:`logire.ground.yamlfiles.read_mapping` raises.
    """
    return read_mapping(file, what=_WHAT)


def line_of(file: Path, path: KeyPath) -> int | None:
    """The line, from 1, at which a YAML file has a key; None where it does not."""
    try:
        node = read_node(file, what=_WHAT)
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
