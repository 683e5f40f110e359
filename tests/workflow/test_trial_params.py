"""The trial's params file: no corpus below it changes a backbone."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

import pytest
from snakemake.utils import update_config

from logire.backbones.registry import find
from workflow.lib.config import Config
from workflow.lib.reading import read_params

ROOT = Path(__file__).parents[2]
REAL = ("dwie", "redocred-resplit", "docred-partial", "redocred-partial")


@pytest.mark.parametrize("backbone", ["lstm", "bilstm", "gain"])
def test_the_trial_s_backbones_are_the_same_on_every_real_corpus(
    backbone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    found = {}
    for name in REAL:
        laid = deepcopy(read_params(Path(f"params/{name}.yaml")))
        update_config(laid, read_params(Path("params/trial.yaml")))
        given = json.loads(Config(laid)[name].backbone_settings(backbone))
        settings = find(backbone).Settings(**given).model_dump()
        del settings["patience"]  # no run of the trial has stopped early
        found[name] = settings
    assert found["dwie"]["epochs"] == (5 if backbone == "gain" else 20)
    assert all(settings == found["dwie"] for settings in found.values()), found
