"""Writes what follows from the settings classes: ``params/default.yaml`` and the JSON schema of params files.

python -m workflow.lib.defaults
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from logire.ground.files import write_text
from logire.ground.settings import Settings, as_yaml
from workflow.lib.params import NAME, params_class

ROOT = Path(__file__).parents[2]
DEFAULTS, SCHEMA = Path("params/default.yaml"), Path("workflow/schemas/params.schema.json")
DATASETS = ("embedded", "embedded-docred")
WIDTH = 120
_HEADER = """\
# The defaults of every dataset. params/<dataset>.yaml is laid over this file, mapping by mapping, and what a call gives
# (--configfile, --config) over both. Every key is checked before the first job.
#
# Written by `python -m workflow.lib.defaults` from the settings classes: change a default or a text there.
"""
_DATASETS = "what `snakemake` makes when it is asked for nothing by its path, and what `dvc repro` records"


def defaults(datasets: Sequence[str] = DATASETS) -> str:
    """``params/default.yaml``: every key with its default, its type and its description."""
    parts = [_HEADER, f"{_comment(_DATASETS)}datasets: [{', '.join(datasets)}]\n"]
    for name, field in params_class().model_fields.items():
        comment = _comment(field.description or "")
        kind = _settings_class(field.annotation)
        if name == "backbones":
            parts.append(f"{comment}{name}: {{}}\n")
        elif kind is None or field.default is None:
            parts.append(f"{comment}{name}: {as_flow(field.default)}\n")
        else:
            default: Any = field.get_default()
            values = (default if isinstance(default, Settings) else kind()).model_dump(mode="json")
            parts.append(f"{comment}{name}:\n{as_yaml(kind, values, indent=2)}")
    return "\n".join(parts)


def schema() -> str:
    """The JSON schema of a params file, for editors; every key is described."""
    found = params_class().model_json_schema()
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = "Params of a dataset"
    found.pop("required", None)  # a file gives what differs
    text = {"type": "string", "pattern": NAME}
    found["properties"] |= {
        "dataset": text | {"description": "whose params the file holds; its name is <dataset>.yaml"},
        "datasets": {"type": "array", "items": text, "minItems": 1, "description": _DATASETS},
        "like": text | {"description": "a dataset whose params this file is laid over"},
    }
    return json.dumps(found, indent=1) + "\n"


def as_flow(value: Any) -> str:
    """A value on one line, as YAML and as JSON."""
    return "null" if value is None else value if isinstance(value, str) else json.dumps(value)


def _comment(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return textwrap.indent(textwrap.fill(text, WIDTH - 2, break_on_hyphens=False), "# ") + "\n"


def _settings_class(annotation: Any) -> type[Settings] | None:
    for kind in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(kind, type) and issubclass(kind, Settings):
            return kind
    return None


def main() -> None:
    write_text(ROOT / DEFAULTS, defaults())
    write_text(ROOT / SCHEMA, schema())


if __name__ == "__main__":
    main()
