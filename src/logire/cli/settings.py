"""The command that lists settings."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from logire.cli.common import Json
from logire.ground.errors import InputError

if TYPE_CHECKING:
    from logire.ground.settings import Settings


def settings(
    name: Annotated[str | None, typer.Argument(help="A backbone, logire or logire_plus; by default, all.")] = None,
    as_json: Json = False,
) -> None:
    """Print every setting with its default, as the commented YAML of a params file or (--json) as a JSON schema."""
    from logire.backbones.registry import backbones
    from logire.ground.settings import as_yaml, json_schema
    from logire.rules.methods import methods

    trained: dict[str, type[Settings]] = {spec.name: spec.Settings for spec in backbones()}
    fitted: dict[str, type[Settings]] = {method.name: method.Settings for method in methods()}
    known = trained | fitted
    if name is not None and name not in known:
        raise InputError(f"{name!r} has no settings", field="NAME", remedy=f"one of {', '.join(known)}")
    if as_json:
        schema = json_schema(known) if name is None else known[name].model_json_schema()
        print(json.dumps(schema, indent=1))
    elif name is not None:
        sys.stdout.write(as_yaml(known[name]))
    else:
        print("backbones:")
        for key, kind in trained.items():
            sys.stdout.write(f"  {key}:\n{as_yaml(kind, indent=4)}")
        for key, kind in fitted.items():
            sys.stdout.write(f"{key}:\n{as_yaml(kind, indent=2)}")
