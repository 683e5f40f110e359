"""Did rules help? What `logire fit`, `compare` and `threshold` say of runs on disk, and a run whose rules hurt."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rules_builders import QUICK, TINY

from logire.cli import app
from logire.corpus.document import Document, Entity, Fact, Mention, Schema
from logire.corpus.dump import above, dev_threshold, read_dump, write_dump
from logire.corpus.predictions import read_predictions, write_predictions
from logire.corpus.prepared import PreparedCorpus, write_prepared
from logire.evaluation.files import evaluate_file
from logire.ground.errors import InputError
from logire.reporting.gains import gain_between, gain_of_fit, gain_of_run
from logire.rules.run import Fit, fit_run, predict_run

METHODS: dict[str, dict[str, Any]] = {
    "logire": TINY | {"iterations": 1, "generator_epochs": 3},
    "logire_plus": QUICK | {"closure": (0.0, 0.5)},
}
Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """The exit code, the output and the errors of a command."""

    def run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = app.run([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture(scope="module", params=METHODS)
def fitted(
    request: pytest.FixtureRequest, corpus: PreparedCorpus, dump: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Fit, Path]:
    """A fit of each method that has just ended, and its folder with predictions."""
    method: str = request.param
    run = tmp_path_factory.mktemp(method) / "run"
    fit = fit_run(corpus.path, dump, run, settings=METHODS[method], seed=4, device="cpu", method=method)
    for split in ("dev", "test"):
        predict_run(run, split)
    return fit, run


@pytest.fixture
def backbone(corpus: PreparedCorpus, dump: Path, tmp_path: Path) -> Path:
    """A folder with what the logits predict by themselves, at the best of all thresholds on dev."""
    dev = read_dump(dump, corpus, "dev")
    pairs = [~np.eye(len(d.types), dtype=np.bool_) for d in dev]
    logits = np.concatenate([d.logits[p].ravel() for d, p in zip(dev, pairs, strict=True)])
    labels = np.concatenate([d.labels[p].ravel() for d, p in zip(dev, pairs, strict=True)])
    gold = sum(int(d.labels.sum()) for d in dev)
    order = np.argsort(-logits)
    f1 = 2 * np.cumsum(labels[order]) / (np.arange(1, len(order) + 1) + gold)
    theta = float(logits[order[int(f1.argmax())]])
    for split in ("dev", "test"):
        found = above(read_dump(dump, corpus, split), theta, corpus.schema)
        write_predictions(tmp_path / "backbone" / f"predictions-{split}.json", found)
    return tmp_path / "backbone"


def test_the_gain_of_a_fit_is_that_of_its_run_on_dev(fitted: tuple[Fit, Path]) -> None:
    fit, run = fitted
    found = gain_of_fit(fit)
    assert found == gain_of_run(run, "dev")
    assert found.f1.ours == pytest.approx(100 * fit.record.dev_f1)  # type: ignore[operator]
    assert found.f1.base == pytest.approx(100 * dev_threshold(fit.dev).f1)
    assert found.names == ("backbone", {"logire": "LogiRE", "logire_plus": "LogiRE+"}[str(fit.record.method)])


def test_dev_scores_that_the_fit_has_are_those_of_predicting(fitted: tuple[Fit, Path]) -> None:
    fit, _ = fitted
    assert fit.model.predict_dev(fit.dev) == fit.model.predict(fit.dev)
    assert bool(fit.model.fitted.dev) == (fit.record.method == "logire_plus")


@pytest.mark.parametrize("split", ["dev", "test"])
def test_the_table_has_what_evaluate_says_of_both(
    fitted: tuple[Fit, Path], corpus: PreparedCorpus, backbone: Path, split: str
) -> None:
    _, run = fitted
    found = gain_of_run(run, split, distance_edges=(20, 40))
    for place, folder in enumerate((backbone, run)):
        one = evaluate_file(folder / f"predictions-{split}.json", corpus, split, distance_edges=(20, 40))
        expected = [
            one["f1"],
            one["ign_f1"],
            one["logic"],
            *(g["f1"] if g["gold"] else None for g in one["by_distance"]),
        ]
        assert [column.values and column.values[place] for column in found.columns] == pytest.approx(expected)
    between = gain_between(backbone, run, split, distance_edges=(20, 40), documents=corpus.path)
    assert between.columns == found.columns, "the same draws, by the run's seed"
    assert between.names == ("backbone", f"logits + {found.names[1]}")


def test_what_fit_prints(corpus: PreparedCorpus, dump: Path, tmp_path: Path, say: Say) -> None:
    words = ("fit", "--method", "logire_plus", "--documents", corpus.path, "--logits", dump, "--out", tmp_path / "run")
    settings = json.dumps(METHODS["logire_plus"])
    code, out, _ = say(*words, "--settings", settings)
    assert code == 0
    lines = out.splitlines()
    assert " rules, dev F1 " in lines[0]
    assert lines[1] == "embedded (synthetic), dev, 12 documents; F1 also by tokens between the entities"
    assert [line.split()[0] for line in lines[4:9]] == ["backbone", "LogiRE+", "gain", "95%", "95%"]
    assert lines[5].split()[1] == lines[0].split("dev F1 ")[1].split()[0]
    assert any(line.startswith("LogiRE+ helps on dev: F1 +") for line in lines)
    assert lines[-1] == f"On test: logire compare {tmp_path / 'run'}"
    assert say("compare", tmp_path / "run", "--split", "dev")[1].splitlines() == lines[1:-1]
    before = {file.name: file.read_bytes() for file in (tmp_path / "run").iterdir() if file.name != "run.json"}
    code, out, _ = say(*words, "--settings", settings, "--json")
    result = json.loads(out)
    assert (code, result["run"], result["verdict"]) == (0, str(tmp_path / "run"), "helps")
    assert json.loads(say("compare", tmp_path / "run", "--split", "dev", "--json")[1]).items() <= result.items()
    after = {file.name: file.read_bytes() for file in (tmp_path / "run").iterdir() if file.name != "run.json"}
    assert before == after


def test_threshold_predicts_as_the_backbone_by_itself(
    corpus: PreparedCorpus, dump: Path, backbone: Path, tmp_path: Path, say: Say
) -> None:
    for split in ("dev", "test"):
        out = tmp_path / f"{split}.json"
        code, said, _ = say("threshold", dump, "--documents", corpus.path, "--split", split, "--out", out)
        assert code == 0
        assert out.read_bytes() == (backbone / f"predictions-{split}.json").read_bytes()
        count = len(read_predictions(out, corpus.documents(split), corpus.schema))
        assert said.splitlines()[1] == f"{count} predictions for {split}: {out}"
    f1 = evaluate_file(tmp_path / "dev.json", corpus, "dev")["f1"]
    best = dev_threshold(read_dump(dump, corpus, "dev"))
    assert said.splitlines()[0] == f"threshold {best.theta:.4f}, dev F1 {f1:.2f}"
    assert say("threshold", dump, "--documents", corpus.path)[1] == said.splitlines()[0] + "\n"


def test_what_is_missing_is_named_with_a_remedy(
    fitted: tuple[Fit, Path], corpus: PreparedCorpus, dump: Path, backbone: Path, tmp_path: Path, say: Say
) -> None:
    _, run = fitted
    file = backbone / "predictions-test.json"
    (tmp_path / "bb").mkdir()
    (tmp_path / "bb" / "run.json").write_text('{"method": "backbone", "backbone": "cnn"}')
    cases: list[tuple[tuple[object, ...], str, str]] = [
        ((backbone,), "run.json: does not exist", "logire compare BASE OURS"),
        ((file,), "is a file: there is nothing", "logire compare BASE OURS"),
        ((tmp_path / "bb",), "is a backbone's", "logire compare BASE OURS"),
        ((tmp_path / "bb", run), "predictions-test.json: does not exist", f"logire predict {tmp_path / 'bb'}"),
        ((file, file), "no run names the documents", "logire prepare"),
        ((file, file, "--documents", corpus.path, "--logits", dump), "goes with one fitted run", "leave it out"),
        ((run, "--split", "test", "--logits", tmp_path / "no"), "does not exist", "backbone dumped"),
        ((run, "--distances", "far"), "whole numbers with commas", ""),
    ]
    for words, problem, remedy in cases:
        code, out, err = say("compare", *words)
        assert (code, out) == (1, ""), words
        assert problem in err
        assert remedy in err
    copy = shutil.copytree(run, tmp_path / "copy")
    record = json.loads((copy / "run.json").read_text())
    (copy / "run.json").write_text(json.dumps(record | {"documents": str(corpus.path), "logits": str(dump)}))
    shutil.copy(file, copy / "predictions-test.json")
    assert "is not what the run in run.json predicted" in say("compare", backbone, copy)[2]
    assert say("compare", copy)[0] == 0, "one run is scored by its model, not by the file"


def test_a_run_is_compared_with_itself(fitted: tuple[Fit, Path], say: Say) -> None:
    _, run = fitted
    code, out, _ = say("compare", run, run)
    assert code == 0
    assert f"{run} predicts the same facts as {run} on test." in out


SCHEMA = Schema(("in0", "gpe0"), ("LOC",))


def chained(title: str, facts: list[tuple[int, str, int]]) -> Document:
    """Four places; gpe0 holds between the first two."""
    names = ["e0", "e1", "e2", "e3"]
    entities = tuple(Entity((Mention(name, 0, i, i + 1, "LOC"),)) for i, name in enumerate(names))
    return Document(title, (tuple(names),), entities, tuple(Fact(*fact) for fact in [(0, "gpe0", 1), *facts]))


@pytest.fixture(scope="module")
def contradicted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on train and dev where in0 holds where gpe0 does, which the test labels contradict: in0 holds elsewhere.

    The backbone is sure of gpe0. Of in0 it knows nothing on train and dev, and finds every fact on test.
    """
    folder = tmp_path_factory.mktemp("contradicted")
    agrees, differs = [(0, "in0", 1)], [(2, "in0", 3)]
    splits = {split: [chained(f"{split}{i}", agrees) for i in range(30)] for split in ("train", "dev")}
    splits["test"] = [chained(f"test{i}", differs) for i in range(30)]
    write_prepared(folder / "corpus", splits, SCHEMA, name="contradicted", synthetic=True)
    rng = np.random.default_rng(0)
    logits: dict[str, dict[str, Any]] = {}
    for split, documents in splits.items():
        logits[split] = {}
        for document in documents:
            labels = SCHEMA.labels(document)
            scores = np.where(labels, 4.0, rng.normal(-6.0, 0.1, labels.shape))
            unsure = rng.normal(-1.0, 0.0 if split == "test" else 0.5, labels.shape[:2])
            scores[:, :, 0] = np.where(labels[:, :, 0] & (split == "test"), scores[:, :, 0], unsure)
            logits[split][document.title] = scores.astype(np.float32)
    write_dump(folder / "logits.safetensors", logits)
    fit_run(
        folder / "corpus",
        folder / "logits.safetensors",
        folder / "run",
        settings=QUICK | {"context": []},
        seed=1,
        method="logire_plus",
    )
    return folder / "run"


def test_rules_that_the_labels_contradict_hurt_and_the_exit_code_stays_0(contradicted: Path, say: Say) -> None:
    assert "LogiRE+ helps on dev" in say("compare", contradicted, "--split", "dev")[1]
    code, out, _ = say("compare", contradicted)
    assert code == 0
    found = gain_of_run(contradicted, "test")
    # The backbone finds all of 60 facts. The rules add 30 in0(e0, e1) that are wrong.
    assert found.f1[:2] == pytest.approx((100, 200 * 60 / (60 + 90)))
    assert found.f1.gain.high < 0
    assert "LogiRE+ hurts on test: F1 -" in out
    assert "warning: ign F1 gets worse: -" in out
    assert "optimistic" not in out


def test_a_split_without_labels_is_not_compared(contradicted: Path, tmp_path: Path) -> None:
    corpus = shutil.copytree(contradicted.parent / "corpus", tmp_path / "corpus")
    records = json.loads((corpus / "test.json").read_text())
    (corpus / "test.json").write_text(json.dumps([record | {"labels": []} for record in records]))
    with pytest.raises(InputError, match="the test split has no labelled fact"):
        gain_of_run(contradicted, "test", documents=corpus)


def test_a_fit_refuses_a_dump_of_probabilities(corpus: PreparedCorpus, dump: Path, tmp_path: Path, say: Say) -> None:
    """In the dump itself, and in that of one fold."""
    splits = {split: read_dump(dump, corpus, split) for split in ("train", "dev")}
    odds = {s: {d.title: 1 / (1 + np.exp(-d.logits)) for d in items} for s, items in splits.items()}
    write_dump(tmp_path / "odds.safetensors", odds)
    halves = [{d.title: d.logits for d in splits["train"][::2]}, dict(list(odds["train"].items())[1::2])]
    for number, half in enumerate(halves):
        write_dump(tmp_path / f"{number}.safetensors", {"train": half})
    words = ("fit", "--method", "logire_plus", "--documents", corpus.path, "--out", tmp_path / "run", "--logits")
    for more, named in (
        ((tmp_path / "odds.safetensors",), "odds.safetensors"),
        ((dump, *(f"--out-of-fold={tmp_path / f'{number}.safetensors'}" for number in range(2))), "1.safetensors"),
    ):
        code, _, err = say(*words, *more)
        assert code == 1
        assert f"{named}, field logits: these are probabilities, not logits" in err
        assert not (tmp_path / "run" / "run.json").exists()
    assert "probabilities" in say("threshold", tmp_path / "odds.safetensors", "--documents", corpus.path)[2]
