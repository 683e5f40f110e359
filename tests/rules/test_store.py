"""A fitted model on disk: nothing damaged is read, and nothing unchecked reaches a kernel."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from rules_builders import EVERYTHING, plus
from safetensors import safe_open
from safetensors.torch import save_file

from logire.corpus.document import Schema
from logire.ground.errors import InputError
from logire.rules.logire.model import LogiRE
from logire.rules.logire.settings import LogiRESettings
from logire.rules.plus.model import LogiREPlus
from logire.rules.stages import ExtractorStage

TINY = {"iterations": 1, "hidden": 16, "heads": 2, "feedforward": 16, "generator_epochs": 1, "max_length": 2}


@pytest.fixture(scope="module")
def saved(noise, schema, tmp_path_factory):
    """Folders of two calibrated rounds with a closure (``plus``) and of one EM iteration (``logire``)."""
    folder = tmp_path_factory.mktemp("saved")
    LogiREPlus(schema, plus(**EVERYTHING | {"closure_confidence": 0.1}), device="cpu").fit(*noise).save(folder / "plus")
    LogiRE(schema, LogiRESettings(**TINY), device="cpu").fit(*noise).save(folder / "logire")
    return folder


def read(file) -> tuple[dict[str, torch.Tensor], dict]:
    with safe_open(file, framework="pt") as opened:
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        return tensors, json.loads(opened.metadata()["logire"])


def rewritten(source, target, change) -> None:
    """A copy of a run folder whose model was changed by ``change(tensors, notes)``."""
    target.mkdir()
    for name in ("rules.csv", "history.csv"):
        (target / name).write_bytes((source / name).read_bytes())
    tensors, notes = read(source / "model.safetensors")
    change(tensors, notes)
    save_file(tensors, target / "model.safetensors", metadata={"logire": json.dumps(notes)})


def test_one_file_holds_the_stages_and_logires_generator(saved):
    for name in ("plus", "logire"):
        assert {p.name for p in (saved / name).iterdir()} == {"model.safetensors", "rules.csv", "history.csv"}
    tensors, notes = read(saved / "plus" / "model.safetensors")
    assert [stage["kind"] for stage in notes["stages"]] == ["extractor", "extractor", "closure"]
    assert [stage["rules"] for stage in notes["stages"]] == [0, 0, 1], "the rounds share their rules"
    assert not [n for n in tensors if n.startswith("generator/")]
    assert "stage1/scale" in tensors
    tensors, notes = read(saved / "logire" / "model.safetensors")
    assert [stage["kind"] for stage in notes["stages"]] == ["extractor"]
    assert "generator/embedding.weight" in tensors


def set_to(name: str, value, at=0):
    def change(tensors, notes):
        del notes
        tensors[name].view(-1)[at] = value

    return change


def noted(path: str, value):
    """Change the metadata at ``a.0.b``."""

    def change(tensors, notes):
        del tensors
        *way, last = [int(key) if key.lstrip("-").isdigit() else key for key in path.split(".")]
        for key in way:
            notes = notes[key]
        notes[last] = value

    return change


DAMAGED = {
    "a body out of range": (noted("rules.0.0", [10**9]), r"rules0.*the body \[1000000000\]"),
    "a negative atom": (noted("rules.0.0", [-1]), r"rules0.*the body \[-1\]"),
    "an empty body": (noted("rules.0.0", []), r"metadata\.rules\.0\.0"),
    "a body that is too long": (noted("rules.0.0", [0] * 5), r"metadata\.rules\.0\.0"),
    "a body of text": (noted("rules.0.0", ["in0"]), r"metadata\.rules\.0\.0\.0"),
    "an atom that is true": (noted("rules.0.0", [True]), r"metadata\.rules\.0\.0\.0"),
    "an open rule in a closure": (noted("rules.1.0", [0, 6]), r"metadata\.rules\.1.*open rules"),
    "too few bodies": (lambda tensors, notes: notes["rules"][0].pop(), "rules0/counts"),
    "a rule set that is not there": (noted("stages.0.rules", 7), r"metadata\.stages\.0\.rules"),
    "a negative rule set": (noted("stages.0.rules", -1), r"metadata\.stages\.0\.rules"),
    "an unknown stage": (noted("stages.0.kind", "magic"), r"metadata\.stages\.0"),
    "no stage": (noted("stages", []), r"metadata\.stages"),
    "only a closure": (
        lambda tensors, notes: notes.update(stages=notes["stages"][2:]),
        r"metadata\.stages.*no stage is an extractor",
    ),
    "a strength beyond 1": (noted("stages.2.strength", 3.0), r"metadata\.stages\.2"),
    "no threshold": (noted("theta", None), r"metadata\.theta"),
    "a threshold that is not a number": (noted("theta", float("nan")), r"metadata\.theta"),
    "a setting out of range": (noted("settings.rounds", 99), r"logire_plus\.rounds"),
    "starts that fall": (set_to("rules0/start", 10**9, at=1), "rules0/start"),
    "starts below zero": (set_to("rules0/start", -5, at=1), "rules0/start"),
    "starts that end early": (set_to("rules0/start", 0, at=-1), "rules0/start"),
    "a relation out of range": (set_to("triples", 10**9), "triples"),
    "a type below zero": (set_to("triples", -1, at=1), "triples"),
    "a query type twice": (lambda tensors, notes: tensors["triples"].copy_(tensors["triples"][:1].clone()), "triples"),
    "a weight that is NaN": (set_to("stage0/weights", np.nan), "stage0/weights"),
    "an infinite bias": (set_to("stage1/bias", np.inf), "stage1/bias"),
    "a NaN scale": (set_to("stage0/scale", np.nan), "stage0/scale"),
    "a missing array": (lambda tensors, notes: tensors.pop("stage1/residual"), "stage1/residual.*is missing"),
    "an array of another type": (
        lambda tensors, notes: tensors.update({"stage0/bias": tensors["stage0/bias"].float()}),
        "stage0/bias.*float32",
    ),
    "an array of another shape": (
        lambda tensors, notes: tensors.update({"stage0/weights": tensors["stage0/weights"][None].clone()}),
        "stage0/weights.*shape",
    ),
    "more weights than rules": (
        lambda tensors, notes: tensors.update({"stage0/weights": torch.zeros(10**5, dtype=torch.float64)}),
        "stage0/weights",
    ),
    "another method": (noted("method", "logire"), r"metadata\.method.*'logire'"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_model_is_refused_by_the_name_of_what_is_wrong(saved, tmp_path, damage):
    change, message = DAMAGED[damage]
    rewritten(saved / "plus", tmp_path / "run", change)
    with pytest.raises(InputError, match=message):
        LogiREPlus.load(tmp_path / "run")


def test_a_generator_that_is_not_finite_is_refused(saved, tmp_path):
    rewritten(saved / "logire", tmp_path / "run", set_to("generator/embedding.weight", np.nan))
    with pytest.raises(InputError, match=r"generator/embedding\.weight"):
        LogiRE.load(tmp_path / "run")


def test_an_unchanged_copy_is_read(saved, tmp_path):
    rewritten(saved / "plus", tmp_path / "run", lambda tensors, notes: None)
    loaded = LogiREPlus.load(tmp_path / "run").fitted
    assert [isinstance(stage, ExtractorStage) for stage in loaded.stages] == [True, True, False]
    assert loaded.stages[0].rules is loaded.stages[1].rules


@pytest.mark.parametrize("content", [b"", b"not safetensors", b"\xff" * 4096])
def test_what_is_not_a_model_at_all_is_refused(saved, tmp_path, content):
    rewritten(saved / "plus", tmp_path / "run", lambda tensors, notes: None)
    (tmp_path / "run" / "model.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=r"model\.safetensors: is damaged"):
        LogiREPlus.load(tmp_path / "run")


def test_a_backbones_model_is_not_a_rule_model(tmp_path):
    save_file({"weight": torch.zeros(2)}, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match="is not a fitted rule model"):
        LogiRE.load(tmp_path)


def test_a_run_of_an_earlier_version_asks_for_a_new_fit(tmp_path):
    save_file({"bias": torch.zeros(2)}, tmp_path / "extractor.safetensors")
    with pytest.raises(
        InputError, match=r"extractor\.safetensors: was written by an earlier version\n.*fit the run again"
    ):
        LogiRE.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rules.csv", b"", r"rules\.csv"),
        ("rules.csv", b"a,b\n1,2\n", r"rules\.csv.*columns"),
        ("rules.csv", b"\xff\xfe\x00", r"rules\.csv"),
        ("rules.csv", None, r"rules\.csv: does not exist"),
        ("history.csv", b"", r"history\.csv"),
        ("history.csv", None, r"history\.csv: does not exist"),
    ],
)
def test_the_file_that_is_wrong_is_named(saved, tmp_path, name, content, message):
    rewritten(saved / "plus", tmp_path / "run", lambda tensors, notes: None)
    if content is None:
        (tmp_path / "run" / name).unlink()
    else:
        (tmp_path / "run" / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        LogiREPlus.load(tmp_path / "run")


def test_rules_of_another_model_are_refused(saved, tmp_path):
    rewritten(saved / "plus", tmp_path / "run", lambda tensors, notes: None)
    lines = (tmp_path / "run" / "rules.csv").read_text().splitlines(keepends=True)
    (tmp_path / "run" / "rules.csv").write_text("".join(lines[:-1]))
    with pytest.raises(InputError, match=rf"rules\.csv: has {len(lines) - 2} rules"):
        LogiREPlus.load(tmp_path / "run")


def test_a_threshold_that_nothing_reaches_survives_saving(schema, tmp_path, document):
    """LogiRE rejects every fact of dev, for no training fact is between such types."""
    train, dev = [document(schema, [0, 1], [(0, 2, 1)])], [document(schema, [1, 0], [(0, 2, 1)])]
    model = LogiRE(schema, LogiRESettings(**TINY), device="cpu").fit(train, dev)
    assert model.fitted.theta == float("inf")
    model.save(tmp_path)
    assert LogiRE.load(tmp_path).fitted.theta == float("inf")


def test_names_that_pandas_takes_for_missing_stay_names(random_documents, tmp_path):
    train, dev = random_documents(11, count=6), random_documents(12, count=3)
    model = LogiREPlus(Schema(("NA", "null", "agent_of"), ("None", "nan")), plus(rounds=1), device="cpu")
    model.fit(train, dev).save(tmp_path)
    loaded = LogiREPlus.load(tmp_path).rules()
    assert set(loaded["relation"]) == set(model.rules()["relation"]) == {"NA", "null", "agent_of"}
    assert set(loaded["head_type"]) == {"None", "nan"}


@pytest.mark.parametrize("entities", [0, 1])
def test_a_document_with_fewer_than_two_entities_predicts_nothing(noise, schema, document, entities):
    train, dev = noise
    lonely = document(schema, [0] * entities, [], title="lonely")
    model = LogiREPlus(schema, plus(**EVERYTHING), device="cpu").fit([lonely, *train], [*dev, lonely])
    assert model.predict([lonely]) == []
    assert next(model.explanations([lonely, train[0]]))["title"] == train[0].title
    trained = LogiRE(schema, LogiRESettings(**TINY), device="cpu").fit([*train, lonely], [lonely, *dev])
    assert trained.scores([lonely])[0].shape == (entities, entities, 3)
