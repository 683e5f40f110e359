"""What the workflow asks the package, and that the environments agree."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from logire import pipeline
from logire.backbones.registry import names
from logire.ground.errors import InputError

ROOT = Path(__file__).parents[1]


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A copy of the package whose files a test may change."""
    copy = tmp_path / "logire"
    shutil.copytree(pipeline.SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(pipeline, "SOURCE", copy)
    return copy


def change(file: Path) -> None:
    file.write_text(file.read_text() + "\n# changed\n")


def test_a_backbones_own_file_changes_its_digest_alone(source):
    before = {name: pipeline.backbone_code(name) for name in pipeline.BACKBONES}
    change(source / "backbones" / "cnn.py")
    after = {name: pipeline.backbone_code(name) for name in pipeline.BACKBONES}
    assert {name for name in after if after[name] != before[name]} == {"cnn"}


def test_a_shared_file_changes_every_backbones_digest_but_not_logires(source):
    before = {name: pipeline.backbone_code(name) for name in pipeline.BACKBONES}
    rules = pipeline.code("corpus", "rules")
    change(source / "backbones" / "training.py")
    assert all(pipeline.backbone_code(name) != before[name] for name in pipeline.BACKBONES)
    assert pipeline.code("corpus", "rules") == rules
    change(source / "rules" / "em.py")
    assert pipeline.code("corpus", "rules") != rules


def test_a_backbones_digest_covers_every_file_it_imports(source):
    """Imports inside backbones/ stay inside what the digest of that backbone covers."""
    import ast

    somebodys = {file for files in pipeline._OWN_FILES.values() for file in files}
    for name, own in pipeline._OWN_FILES.items():
        for file in own:
            tree = ast.parse((source / "backbones" / file).read_text())
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("logire.backbones"):
                    last = (node.module or "").split(".")[-1]
                    stems = [a.name for a in node.names] if last == "backbones" else [last]
                    for stem in stems:
                        assert f"{stem}.py" in own or f"{stem}.py" not in somebodys, (name, file, stem)


def test_the_workflow_knows_the_registrys_backbones():
    assert set(pipeline.BACKBONES) == set(names())


def test_paths_and_options():
    params = yaml.safe_load((ROOT / "params" / "default.yaml").read_text())
    paths = pipeline.Paths(params)
    assert paths.raw == []
    assert len(paths.metrics("dev", "test")) == 6 * 2 * 3 * 2, "backbones, seeds, methods, splits"
    assert len(pipeline.Paths(params | {"logire_plus": None}).metrics("test")) == 6 * 2 * 2
    one = params | {"backbones": dict.fromkeys(params["backbones"]) | {"cnn": {}}}
    with pytest.raises(InputError, match=r"field figure4\.backbone: bilstm is not among"):
        pipeline.Paths(one)
    assert pipeline.Paths(one | {"figure4": {"backbone": "cnn"}}).backbones == ["cnn"], "null leaves a backbone out"
    assert not any("paper" in path for path in paths.everything)
    dwie = pipeline.Paths(params | {"dataset": "dwie", "data": params["data"] | {"source": "dwie"}})
    assert dwie.raw == [pipeline.FETCHED["dwie"]]
    assert "results/dwie/tables/table2_paper.csv" in dwie.everything
    mine = {"dataset": "mine", "data": params["data"] | {"source": "docred", "raw": "a b"}}
    assert pipeline.prepare_options(mine) == "docred --raw 'a b' --name mine"
    assert pipeline.settings_option({"b": 1, "a": 2}) == '{"a": 2, "b": 1}'


def test_a_backbone_may_take_seeds_of_its_own():
    params = yaml.safe_load((ROOT / "params" / "default.yaml").read_text())
    own = {"seeds_of": {"bilstm": [7], "gain": [1]}, "crossfit": {"folds": 2, "backbones": ["lstm", "bilstm"]}}
    paths = pipeline.Paths(params | own)
    assert len(paths.metrics("dev", "test")) == 2 * 3 * (4 * 2 + 1 + 1), "splits, methods, seeds of each backbone"
    assert len(paths.folds) == 2 * (2 + 1)
    assert paths.shown("logire", "rules.csv") == "results/embedded/runs/logire/bilstm/seed7/rules.csv"
    assert not [file for file in paths.metrics("test") if "gain/seed2" in file or "bilstm/seed1" in file]


def test_a_variant_is_its_methods_settings_with_one_changed():
    params = yaml.safe_load((ROOT / "params" / "default.yaml").read_text())
    runs = {
        "in_sample": {"method": "logire_plus", "out_of_fold": False},
        "newton": {"method": "logire", "settings": {"optimizer": "newton"}},
        "gold": {"method": "logire_plus", "settings": {"rules": "gold", "gold_rules": "mine.txt"}},
    }
    paths = pipeline.Paths(params | {"variants": {"backbone": "bilstm", "seeds": [2], "runs": runs}})
    newton = paths.fitting("variants/newton")
    assert newton["settings"] == params["logire"] | {"optimizer": "newton"}
    assert paths.out_of_fold("variants/newton", "bilstm", 2) == [], (
        "the paper's LogiRE learns on the logits as they are"
    )
    folds = [f"results/embedded/runs/folds/bilstm/seed2/{k}of3/logits.safetensors" for k in (1, 2, 3)]
    assert paths.out_of_fold("logire_plus", "bilstm", 2) == folds
    assert paths.out_of_fold("variants/gold", "bilstm", 2) == folds, "shared by every variant"
    assert paths.out_of_fold("variants/in_sample", "bilstm", 2) == []
    assert paths.out_of_fold("logire_plus", "gain", 2) == [], "not among crossfit.backbones"
    assert paths.fitted_with("variants/gold") == ["mine.txt"]
    assert "--variant newton" in paths.fit_options("variants/newton")
    assert "results/embedded/runs/variants/newton/bilstm/seed2/metrics-dev.json" in paths.compared
    assert len(paths.compared) == 2 * (3 * 2 + 3), "splits, methods by seeds, variants"
    assert "results/embedded/tables/variants.csv" in paths.everything
    assert pipeline.Paths(params).variants == [], "no variants in the default run"


def test_the_second_dataset_is_laid_over_the_first(monkeypatch):
    monkeypatch.chdir(ROOT)
    params = yaml.safe_load((ROOT / "params" / "default.yaml").read_text())
    second = pipeline.second_params(params)
    assert (second["dataset"], second["also"]) == ("embedded-docred", None)
    assert second["data"]["deleted"] == 0.2
    assert second["data"]["seed"] == params["data"]["seed"], "what the file does not name stays"
    assert second["seeds"] == [1, 2], "lists are replaced"
    asked = pipeline.Paths(second).everything
    assert "results/embedded-docred/tables/table3.md" in asked
    assert "results/embedded-docred/tables/table4.md" in asked
    assert not any("table2" in path for path in asked)
    assert pipeline.prepare_options(second) == "embedded-docred --deleted 0.2 --seed 13 --documents 120 40 40"
    assert pipeline.second_params(params | {"also": None}) == {}
    with pytest.raises(InputError, match=r"nowhere\.yaml, field also"):
        pipeline.second_params(params | {"also": "nowhere.yaml"})


def test_conda_environment_has_the_versions_of_the_lock():
    lock = dict(line.split("==") for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line)
    locked = {name.lower().replace("_", "-"): version for name, version in lock.items()}
    files = sorted((ROOT / "workflow" / "envs").glob("*.yaml"))
    assert files
    for file in files:
        environment = yaml.safe_load(file.read_text())
        pins = environment["dependencies"][-1]["pip"]
        assert len(pins) > 10
        for pin in pins:
            name, version = pin.split("==")
            assert locked[name.lower().replace("_", "-")] == version, f"{file.name}: {pin}"
    top = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert "-r requirements.lock" in top["dependencies"][-1]["pip"]
