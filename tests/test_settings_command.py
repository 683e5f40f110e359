"""Help, YAML and JSON schema of every backbone and method: they say the same, which is what the class says."""

from __future__ import annotations

import json

import pytest
import yaml
from typer.testing import CliRunner

from logire.backbones.registry import backbones
from logire.cli.app import app
from logire.ground.errors import InputError
from logire.ground.settings import describe, settings_from
from logire.rules.methods import methods

KINDS = {spec.name: spec.Settings for spec in (*backbones(), *methods())}


def ask(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("name", KINDS)
def test_the_yaml_gives_the_defaults_and_the_schema_the_descriptions(name: str) -> None:
    kind = KINDS[name]
    text = ask("settings", name)
    assert settings_from(kind, yaml.safe_load(text), where=name) == kind()
    schema = json.loads(ask("settings", name, "--json"))
    assert schema == kind.model_json_schema()
    said = " ".join(line.partition("# ")[2] for line in text.splitlines())
    for setting in describe(kind):
        assert setting.description, setting.name
        assert f"{setting.type}: {setting.description}" in said
        assert schema["properties"][setting.name]["description"] == setting.description
    assert schema["properties"].keys() == {setting.name for setting in describe(kind)}
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("name", [spec.name for spec in backbones()])
def test_the_help_lists_every_setting(name: str) -> None:
    help_text = ask("train", name, "--help")
    words = " ".join(help_text.replace("│", " ").split())
    for setting in describe(KINDS[name]):
        start = f"{setting.name} {setting.type} {setting.default} {setting.description}"
        assert " ".join(start.split()[:6]) in words, setting.name
    for option in ("--documents", "--out", "--seed", "--device", "--settings", "--fold"):
        assert option in help_text


def test_all_settings_are_a_params_file() -> None:
    params = yaml.safe_load(ask("settings"))
    trained = {spec.name for spec in backbones()}
    assert params["backbones"].keys() == trained
    assert params.keys() == {"backbones", *(method.name for method in methods())}
    for name, kind in KINDS.items():
        section = params["backbones"][name] if name in trained else params[name]
        assert settings_from(kind, section, where=name) == kind()
    assert json.loads(ask("settings", "--json"))["$defs"].keys() == KINDS.keys()


def test_every_backbone_is_in_the_help_of_train() -> None:
    text = ask("train", "--help")
    for spec in backbones():
        assert spec.name in text
        assert f"{spec.title}, which reads" in text


def test_a_name_without_settings_is_named() -> None:
    done = CliRunner().invoke(app, ["settings", "bert"])
    assert isinstance(done.exception, InputError)
    assert "'bert' has no settings" in str(done.exception)
    assert "bilstm, context_aware" in str(done.exception)
