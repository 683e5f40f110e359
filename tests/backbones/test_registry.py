"""The registry: what it knows without torch, and that a new package is all that a new backbone takes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from typer.testing import CliRunner

from logire import backbones
from logire.backbones import words
from logire.backbones.registry import FAMILIES, READS, find
from logire.cli.app import app
from logire.corpus.prepared import PreparedCorpus
from logire.ground.errors import InputError

from .made_up import QUICK, small

PAPER = {
    "cnn": "CNN",
    "lstm": "LSTM",
    "bilstm": "BiLSTM",
    "context_aware": "Context-Aware",
    "gain": "GAIN",
    "atlop": "ATLOP",
}


def test_the_papers_backbones_come_first_in_its_order() -> None:
    known = {spec.name: spec.title for spec in backbones.backbones()}
    assert list(known.items())[: len(PAPER)] == list(PAPER.items())


def test_a_backbone_loads_the_model_beside_its_settings() -> None:
    assert FAMILIES.keys() == READS.keys()
    for spec in backbones.backbones():
        assert spec.module == f"{FAMILIES[spec.family]}.{spec.name}.model"
        assert spec.Settings.__module__ == f"{FAMILIES[spec.family]}.{spec.name}"
        assert spec.load().__module__ == spec.module


def test_an_unknown_backbone_is_named() -> None:
    with pytest.raises(InputError, match="unknown backbone 'bert'") as error:
        find("bert")
    assert "bilstm" in str(error.value.remedy)


def test_names_and_settings_are_known_without_torch() -> None:
    code = """
    import sys
    import logire.backbones.registry
    logire.backbones.registry.backbones()
    print(*({"torch", "transformers", "numpy", "pandas", "scipy", "torch_geometric"} & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_package_offers_what_its_name_promises() -> None:
    for name in backbones.__all__:
        assert getattr(backbones, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'resolve'"):
        _ = backbones.resolve


def write_backbone(folder: Path, name: str) -> None:
    """Write the package of a backbone that reads words, each by itself."""
    package = folder / f"{name}_package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        dedent(f"""
        from pydantic import Field

        from logire.backbones.registry import BackboneSpec
        from logire.backbones.words.settings import WordSettings


        class BagSettings(WordSettings):
            depth: int = Field(2, ge=1, description="linear layers.")


        BACKBONE = BackboneSpec(
            name="{name}",
            title="Bag of words",
            family="words",
            order=7,
            Settings=BagSettings,
            model="logire.backbones.words.{package.name}.model:Bag",
        )
        """)
    )
    (package / "model.py").write_text(
        dedent("""
        import torch
        from torch import nn

        from logire.backbones.words.base import WordBackbone


        class Bag(WordBackbone):
            def __init__(self, settings, schema, vocabulary):
                super().__init__(settings, schema, vocabulary)
                sizes = [self.input_dim] + [settings.hidden] * settings.depth
                self.linear = nn.Sequential(*(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])))

            def read(self, tokens, lengths):
                return self.linear(tokens)
        """)
    )


@pytest.fixture
def seventh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a seventh backbone, whose package is on the path of ``words``."""
    write_backbone(tmp_path / "seventh", "bag")
    monkeypatch.setattr(words, "__path__", [*words.__path__, str(tmp_path / "seventh")])
    backbones.backbones.cache_clear()
    yield "bag"
    backbones.backbones.cache_clear()
    for module in [name for name in sys.modules if "bag_package" in name]:
        del sys.modules[module]


def ask(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.output
    return done.output


def test_a_package_is_all_that_a_new_backbone_takes(seventh: str, corpus: PreparedCorpus, tmp_path: Path) -> None:
    assert [spec.name for spec in backbones.backbones()] == [*PAPER, seventh]
    assert find(seventh).title == "Bag of words"
    assert "Bag of words, which reads words." in ask("train", "--help")
    assert "linear layers." in ask("train", seventh, "--help")
    assert yaml.safe_load(ask("settings"))["backbones"][seventh]["depth"] == 2
    assert json.loads(ask("settings", "--json"))["$defs"][seventh]["properties"]["depth"]["default"] == 2

    settings = json.dumps(small(seventh) | QUICK | {"epochs": 1, "depth": 1})
    ask(*("train", seventh, "--documents", str(corpus.path), "--out", str(tmp_path / "run"), "--settings", settings))
    assert len(backbones.load_backbone(tmp_path / "run", corpus.schema).linear) == 1


def test_two_backbones_of_one_name_are_refused(seventh: str, tmp_path: Path) -> None:
    package = tmp_path / "seventh" / "bag_package"
    package.rename(package.with_name("other_bag_package"))
    write_backbone(tmp_path / "seventh", seventh)
    with pytest.raises(InputError, match="both named 'bag'"):
        backbones.backbones()
