"""Params files: laid over each other, checked before any job, each complaint with file, line, key and remedy."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from logire.backbones.registry import backbones
from logire.ground.errors import InputError
from logire.rules.logire.settings import LogiRESettings
from logire.rules.methods import methods
from workflow.lib.config import Config
from workflow.lib.datasets import Dataset
from workflow.lib.defaults import DEFAULTS, SCHEMA, defaults, schema
from workflow.lib.params import params_class
from workflow.lib.reading import line_of, read_params

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "params").glob("*.yaml"))
PARAMS = [file.stem for file in FILES if "dataset" in read_params(file)]
PRESETS = [file.stem for file in FILES if file.stem not in ("default", *PARAMS)]
SMALL = {"dataset": "mine", "data": {"source": "embedded"}, "backbones": {"bilstm": {}}}


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def dataset(**given: Any) -> Dataset:
    return Config({**SMALL, **given})["mine"]


def refusal(given: dict[str, Any], files: list[Path] | None = None) -> str:
    with pytest.raises(InputError) as caught:
        Config(given, files or ())
    return str(caught.value)


def test_the_defaults_and_the_schema_are_those_of_the_settings_classes() -> None:
    remedy = "python -m workflow.lib.defaults"
    assert (ROOT / DEFAULTS).read_text() == defaults(), remedy
    assert (ROOT / SCHEMA).read_text() == schema(), remedy
    values = read_params(ROOT / DEFAULTS)
    for method in methods():
        assert (
            params_class()(**{k: v for k, v in values.items() if k != "datasets"}).model_dump()[method.name]
            == method.Settings().model_dump()
        )


def test_every_key_of_the_schema_is_described() -> None:
    found = json.loads((ROOT / SCHEMA).read_text())
    kinds = [found, *found["$defs"].values()]
    lacking = [
        (kind["title"], key)
        for kind in kinds
        for key, value in kind["properties"].items()
        if not value.get("description")
    ]
    assert lacking == []
    names = {key for kind in kinds for key in kind["properties"]}
    for spec in backbones():
        assert spec.Settings.model_fields.keys() <= names


@pytest.mark.parametrize("name", ["default", *PARAMS])
def test_every_params_file_is_valid(name: str) -> None:
    values = read_params(Path(f"params/{name}.yaml"))
    jsonschema.validate(values, json.loads((ROOT / SCHEMA).read_text()))
    assert name == "default" or values["dataset"] == name
    if name != "default":
        assert Config({})[name].backbones
        assert name in Config(values, [Path(f"params/{name}.yaml")]).names


def within(chosen: Any, found: Any) -> bool:
    """Whether values hold what a file says: of a mapping its keys, null leaving one out."""
    found = found.model_dump() if hasattr(found, "model_dump") else found
    if isinstance(chosen, dict):
        return all(
            found.get(key) is None if value is None else within(value, found[key]) for key, value in chosen.items()
        )
    return list(found) == chosen if isinstance(chosen, list) else found == chosen


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_laid_over_any_dataset_and_is_none_itself(name: str) -> None:
    file = Path(f"params/{name}.yaml")
    values = read_params(file)
    jsonschema.validate(values, json.loads((ROOT / SCHEMA).read_text()))
    for config in (Config(values, [file]), Config(read_params(Path("params/dwie.yaml")) | values, [file])):
        for found in config.datasets:
            for section, chosen in values.items():
                assert within(chosen, getattr(found.params, section)), section
    with pytest.raises(InputError, match="is laid over datasets and is not one itself") as caught:
        Config({})[name]
    assert f"file params/{name}.yaml, field dataset" in str(caught.value)
    assert f"--configfile params/dwie.yaml params/{name}.yaml" in str(caught.value)
    assert refusal({"datasets": ["nowhere"]}).endswith(f"or use {', '.join(sorted(PARAMS))}")


def test_the_authors_preset_has_every_setting_that_tells_of_them() -> None:
    told = {name for name, field in LogiRESettings.model_fields.items() if "authors" in (field.description or "")}
    assert len(told) > 10
    assert told <= read_params(Path("params/authors.yaml"))["logire"].keys()


def test_what_is_made_by_default() -> None:
    config = Config({})
    assert config.names == ["embedded", "embedded-docred"]
    main, second = config.datasets
    assert main.backbones == [spec.name for spec in backbones()]
    assert len(main.runs_files) == 6 * 2 * 3 * 2, "backbones, seeds, methods, splits"
    assert main.raw == []
    assert second.backbones == ["bilstm"]
    assert second.params.seeds == [1, 2]
    assert second.prepare_options == ["embedded-docred", "--documents", "120", "40", "40", "--deleted", "0.2"]
    everything = {dataset.name: dataset.everything for dataset in config.datasets}
    assert not any("paper" in file for files in everything.values() for file in files)
    assert "results/embedded/tables/table2.md" in everything["embedded"]
    assert not any("table3" in file or "table4" in file or "variants" in file for file in everything["embedded"])
    assert "results/embedded-docred/tables/table3.md" in everything["embedded-docred"]
    assert "results/embedded-docred/tables/table4.md" in everything["embedded-docred"]
    assert not any("table2" in file for file in everything["embedded-docred"])


def test_real_dwie_stands_beside_the_paper(tmp_path: Path) -> None:
    dwie = Config({})["dwie"]
    assert dwie.raw == ["data/dwie/annos_with_content.jsonl.gz"]
    assert dwie.own_raw == []
    assert {"results/dwie/tables/table1_paper.csv", "results/dwie/tables/table2_paper.csv"} <= set(dwie.everything)
    assert {"results/dwie/tables/variants.csv", "results/dwie/figures/frontier.png"} <= set(dwie.everything)
    assert dwie.params.logire.iterations == 10
    copy = tmp_path / "a b.jsonl"
    copy.write_text('{"id": "DW_1"}\n')
    own = Config({"dataset": "dwie", "data": {"raw": str(copy)}})["dwie"]
    assert own.raw == own.own_raw == [str(copy)]
    assert own.prepare_options[:3] == ["dwie", "--raw", str(copy)]


def test_a_file_is_laid_over_its_dataset_and_one_without_a_name_over_all(tmp_path: Path) -> None:
    config = Config({"seeds": [7]})
    assert [found.params.seeds for found in config.datasets] == [[7], [7]]
    config = Config({"dataset": "dwie", "seeds": [7], "variants": None})
    assert config.names == ["dwie"]
    assert config["dwie"].params.seeds == [7]
    assert config["embedded"].params.seeds == [1, 2]
    config = Config({"datasets": ["dwie", "embedded"], "dataset": "dwie", "seeds": [7], "variants": None})
    assert [found.name for found in config.datasets] == ["dwie", "embedded"]
    assert config["embedded"].params.seeds == [1, 2]


def test_a_dataset_like_another() -> None:
    config = Config({"dataset": "docred-partial", "datasets": ["docred-partial", "redocred-partial"], "seeds": [5]})
    first, second = config.datasets
    assert (first.source.name, second.source.name) == ("docred-partial", "redocred-partial")
    assert first.params.seeds == second.params.seeds == [5], "what is given for the one holds for the one like it"
    assert second.backbones == first.backbones == ["bilstm"]
    assert second.raw == first.raw


def test_lists_are_replaced_and_null_leaves_out() -> None:
    found = Config({"backbones": {"cnn": None}, "seeds": [3], "logire_plus": None})["embedded"]
    assert "cnn" not in found.backbones
    assert found.params.seeds == [3]
    assert found.methods == ["backbone", "logire"]
    assert found.out_of_fold("logire", "bilstm", 3) == []


def test_one_backbone_over_the_default_run_says_which_dataset_lacks_it() -> None:
    alone = {"backbones": dict.fromkeys(("lstm", "bilstm", "context_aware", "gain", "atlop"))}
    said = refusal(alone | {"figure4": {"backbone": "cnn"}})
    assert "dataset embedded-docred: no backbone is left to train" in said
    assert Config(alone | {"figure4": {"backbone": "cnn"}, "datasets": ["embedded"]})["embedded"].backbones == ["cnn"]
    said = refusal(alone | {"datasets": ["embedded"]})
    assert "dataset embedded: bilstm is not among the backbones of this dataset" in said
    assert "one of cnn" in said


def test_a_backbone_may_take_seeds_of_its_own() -> None:
    found = Config({"seeds_of": {"bilstm": [7], "gain": [1]}, "crossfit": {"folds": 2, "backbones": ["lstm"]}})[
        "embedded"
    ]
    assert len(found.runs_files) == 2 * 3 * (4 * 2 + 1 + 1), "splits, methods, seeds of each backbone"
    assert found.shown[1] == "results/embedded/runs/logire/bilstm/seed7"
    assert not [run for run in found.runs() if run.endswith(("gain/seed2", "bilstm/seed1"))]
    assert found.out_of_fold("logire_plus", "lstm", 2) == [
        f"results/embedded/runs/folds/lstm/seed2/{k}of2/logits.safetensors" for k in (1, 2)
    ]
    assert found.out_of_fold("logire_plus", "bilstm", 7) == []


def test_a_variant_is_its_methods_settings_with_one_changed(tmp_path: Path) -> None:
    rules = tmp_path / "mine.txt"
    rules.write_text("a <- b ^ c\n")
    runs = {
        "in_sample": {"method": "logire_plus", "out_of_fold": False},
        "newton": {"method": "logire", "settings": {"optimizer": "newton"}},
        "gold": {"method": "logire_plus", "settings": {"rules": "gold", "gold_rules": str(rules)}},
    }
    variants = {"backbone": "bilstm", "seeds": [2], "runs": runs}
    found = Config({"datasets": ["embedded"], "variants": variants})["embedded"]
    newton = found.fitting("variants/newton")
    assert newton.settings == found.fitting("logire").settings | {"optimizer": "newton"}
    assert newton.settings["iterations"] == 3
    assert found.out_of_fold("variants/newton", "bilstm", 2) == [], (
        "the paper's LogiRE learns on the logits as they are"
    )
    folds = [f"results/embedded/runs/folds/bilstm/seed2/{k}of2/logits.safetensors" for k in (1, 2)]
    assert found.out_of_fold("logire_plus", "bilstm", 2) == folds
    assert found.out_of_fold("variants/gold", "bilstm", 2) == folds, "shared by every variant"
    assert found.out_of_fold("variants/in_sample", "bilstm", 2) == []
    assert found.out_of_fold("logire_plus", "gain", 2) == [], "not among crossfit.backbones"
    assert found.fitted_with("variants/gold") == [str(rules)]
    assert found.fit_options("variants/newton")[-2:] == ["--variant", "newton"]
    assert "results/embedded/runs/variants/newton/bilstm/seed2" in found.compared
    assert len(found.compared) == 3 * 2 + 3, "methods by seeds, variants"


def test_a_variant_on_every_backbone_is_a_row_of_table_2() -> None:
    runs = {"x": {"method": "logire", "settings": {"iterations": 1}}, "y": {"method": "logire_plus"}}
    variants = {"backbone": "bilstm", "seeds": [2], "everywhere": ["x"], "runs": runs}
    found = Config({"datasets": ["embedded"], "variants": variants})["embedded"]
    [table2] = [exhibit for exhibit in found.exhibits if exhibit.name == "table2"]
    files = found.exhibit_inputs(table2)
    for backbone in found.backbones:
        for seed in (1, 2):
            assert f"results/embedded/runs/variants/x/{backbone}/seed{seed}/metrics-test.json" in files
    assert not any("/variants/y/" in file for file in files)
    assert [run for run in found.compared if "/variants/" in run] == [
        "results/embedded/runs/variants/x/bilstm/seed1",
        "results/embedded/runs/variants/x/bilstm/seed2",
        "results/embedded/runs/variants/y/bilstm/seed2",
    ]
    [figure4] = [exhibit for exhibit in found.exhibits if exhibit.name == "figure4"]
    assert not any("/variants/" in file for file in found.exhibit_inputs(figure4))
    assert {file for file in files if not file.endswith("run.json")} <= set(found.runs_files)


def test_a_variant_like_a_preset(tmp_path: Path) -> None:
    """The method's settings, over them the preset's, over them the variant's own; the fit gets the whole."""
    file = tmp_path / "preset.yaml"
    file.write_text("logire: {positions: false, hidden: 32, momentum: 0.5}\nlogire_plus: {rounds: 1}\n")
    runs = {
        "one": {"method": "logire", "like": str(file), "settings": {"momentum": 0.2}},
        "two": {"method": "logire_plus", "like": str(file)},
        "authors": {"method": "logire", "like": "params/authors.yaml"},
    }
    variants = {"backbone": "bilstm", "seeds": [2], "runs": runs}
    found = Config({"datasets": ["embedded"], "variants": variants})["embedded"]
    own, plus = (found.fitting(method).settings for method in ("logire", "logire_plus"))
    assert (own["iterations"], own["hidden"], own["feedforward"]) == (3, 128, 128)
    whole = own | {"positions": False, "hidden": 32, "momentum": 0.2}
    assert found.fitting("variants/one").settings == whole
    options = found.fit_options("variants/one")
    assert json.loads(options[options.index("--settings") + 1]) == whole
    assert found.fitting("variants/two").settings == plus | {"rounds": 1}
    assert found.fitting("variants/two").out_of_fold is True, "as the method does"
    assert found.fitting("variants/authors").settings == own | read_params(Path("params/authors.yaml"))["logire"]
    assert Config({})["dwie"].fitting("variants/authors").settings["dropout"] == 0.1


PRESET = "# a preset\nlogire:\n  hidden: 32\n"


@pytest.mark.parametrize(
    ("text", "method", "named", "said", "remedy"),
    [
        (None, "logire", "variants.runs.x.like", "preset.yaml does not exist", "such as params/authors.yaml"),
        ("- 1\n", "logire", "variants.runs.x.like", "preset.yaml a mapping of params was expected", "such as"),
        (PRESET, "logire_plus", "variants.runs.x.like", "preset.yaml has no settings of logire_plus", "such as"),
        ("logire: null\n", "logire", "variants.runs.x.like", "has no settings of logire", "such as"),
        (PRESET + "  iteratoins: 3\n", "logire", "line 4, field logire.iteratoins", "no such setting", "iterations"),
        (PRESET + "  norm: behind\n", "logire", "line 4, field logire.norm", "'before' or 'after'", ""),
    ],
    ids=["missing", "list", "another method", "null", "unknown", "wrong"],
)
def test_a_preset_that_cannot_be_taken_is_refused_before_any_job(
    tmp_path: Path, text: str | None, method: str, named: str, said: str, remedy: str
) -> None:
    file, params = tmp_path / "preset.yaml", tmp_path / "mine.yaml"
    if text is not None:
        file.write_text(text)
    runs = {"x": {"method": method, "like": str(file)}}
    given = SMALL | {"variants": {"backbone": "bilstm", "seeds": [1], "runs": runs}}
    params.write_text(yaml.safe_dump(given))
    message = refusal(given, [params])
    assert named in message
    assert said in message
    assert remedy in message
    assert f"file {file}, line 4" in message or named.endswith("like")
    where = f"file {params}, line {line_of(params, ('variants', 'runs', 'x', 'like'))}"
    assert (where in message) == named.endswith("like")


def test_options_are_words_for_a_shell_to_quote(tmp_path: Path) -> None:
    raw = tmp_path / "a b"
    raw.mkdir()
    for split in ("train", "dev", "test"):
        (raw / f"{split}.json").write_text("[]")
    given = {"dataset": "mine", "data": {"source": "docred", "raw": str(raw)}, "backbones": {"bilstm": {}}}
    assert Config(given)["mine"].prepare_options == ["docred", "--raw", str(raw), "--name", "mine"]
    assert (
        dataset(backbones={"bilstm": {"epochs": 3, "clip": 0.5}}).backbone_settings("bilstm")
        == '{"clip": 0.5, "epochs": 3}'
    )


def test_a_complaint_names_the_file_and_the_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("dataset: mine\nbackbones:\n  bilstm:\n    epochs: many\n")
    assert f"file {file}, line 4, field backbones.bilstm.epochs" in refusal(yaml.safe_load(file.read_text()), [file])
    assert "file --config, field device" in refusal(SMALL | {"device": 1})
    params = shutil.copytree(ROOT / "params", tmp_path / "params")
    with (params / "dwie.yaml").open("a") as own:
        own.write("device: gpu\n")
    with pytest.raises(InputError, match=rf"file {params}/dwie\.yaml, line \d+, field device"):
        Config({}, folder=params)["dwie"]
    (params / "dwie.yaml").rename(params / "other.yaml")
    with pytest.raises(InputError, match="is about dwie"):
        Config({}, folder=params)["other"]


def test_no_file_is_a_params_file(tmp_path: Path) -> None:
    for file, said in ((tmp_path, "is a folder"), (tmp_path / "nowhere.yaml", "does not exist")):
        with pytest.raises(InputError, match=said):
            read_params(file)
    empty = tmp_path / "empty.yaml"
    empty.write_text("# nothing\n")
    assert read_params(empty) == {}
