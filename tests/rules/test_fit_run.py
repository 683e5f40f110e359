"""What a fit on disk sees: training and dev labels, out-of-fold logits, never a test label."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from rules_builders import QUICK, TINY, assert_same_files, contents

from logire.corpus.dump import write_dump
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.runfolder import begin_run
from logire.evaluation.files import evaluate_run
from logire.ground.errors import InputError
from logire.rules.run import fit_run, load_run, predict_run

SMALL = {
    "iterations": 1, "rules_per_query": 10, "max_length": 2, "hidden": 16, "heads": 2, "feedforward": 16,
    "layers": 1, "generator_epochs": 3, "extractor_epochs": 3,
}  # fmt: skip
AUTHORS = yaml.safe_load((Path(__file__).parents[2] / "params" / "authors.yaml").read_text(encoding="utf-8"))["logire"]
FITS = {
    "logire": ("logire", SMALL),
    "authors": ("logire", AUTHORS | SMALL | {"extractor_epochs": 50, "extractor_learning_rate": 0.1}),
    "logire_plus": (
        "logire_plus",
        QUICK | {"l2": [3.0, 0.3], "blend": [0.0, 0.5, 1.0], "rounds": 2, "calibrate": True},
    ),
}


def with_shuffled_labels(corpus: PreparedCorpus, split: str, folder) -> PreparedCorpus:
    """A copy where every document's facts of one split have other heads, tails and relations."""
    shutil.copytree(corpus.path, folder)
    rng = np.random.default_rng(8)
    file = folder / f"{split}.json"
    records = json.loads(file.read_text())
    for record in records:
        n = len(record["vertexSet"])
        for label in record["labels"]:
            label["h"], label["t"] = (int(e) for e in rng.permutation(n)[:2])
            label["r"] = corpus.schema.relations[int(rng.integers(len(corpus.schema.relations)))]
    file.write_text(json.dumps(records))
    assert PreparedCorpus.open(folder).digest != corpus.digest
    return PreparedCorpus.open(folder)


@pytest.fixture(scope="module", params=FITS)
def fitted(request, corpus, dump, tmp_path_factory):
    """Method -> its run folder on the corpus as it is, and how to fit it on another."""
    folder = tmp_path_factory.mktemp(request.param)

    def fit(documents: PreparedCorpus, name: str, **more):
        method, chosen = FITS[request.param]
        fit_run(documents.path, dump, folder / name, settings=chosen, seed=4, device="cpu", method=method, **more)
        return folder / name

    return fit(corpus, "plain"), fit


def test_permuting_test_labels_changes_no_file_of_a_run(fitted, corpus, tmp_path):
    plain, fit = fitted
    again = fit(with_shuffled_labels(corpus, "test", tmp_path / "shuffled"), "test-shuffled")
    assert {"model.safetensors", "rules.csv", "history.csv"} <= set(contents(again))
    assert_same_files(plain, again)
    one, other = (json.loads((run / "run.json").read_text()) for run in (plain, again))
    for key in ("threshold", "dev_f1", "iteration", "iterations", "rules", "settings", "params_digest"):
        assert one[key] == other[key], key
    assert one["data_digest"] != other["data_digest"]


def test_permuting_dev_labels_does_change_choices(fitted, corpus, tmp_path):
    plain, fit = fitted
    again = fit(with_shuffled_labels(corpus, "dev", tmp_path / "shuffled"), "dev-shuffled")
    assert (plain / "history.csv").read_bytes() != (again / "history.csv").read_bytes()
    one, other = (json.loads((run / "run.json").read_text()) for run in (plain, again))
    assert one["threshold"] != other["threshold"]
    assert one["dev_f1"] > other["dev_f1"] + 0.3


def test_out_of_fold_logits_take_the_place_of_the_training_logits(fitted, corpus, dump, splits, tmp_path):
    plain, fit = fitted
    train = splits[0]
    halves = [tmp_path / f"{i}.safetensors" for i in range(2)]
    for i, half in enumerate(halves):
        write_dump(half, {"train": {d.title: d.logits for d in train[i::2]}})
    same = fit(corpus, "halves", out_of_fold=halves)
    assert_same_files(plain, same)
    record = json.loads((same / "run.json").read_text())
    assert [fold["file"].rpartition("/")[2] for fold in record["out_of_fold"]] == ["0.safetensors", "1.safetensors"]
    assert record["params_digest"] != json.loads((plain / "run.json").read_text())["params_digest"]
    write_dump(halves[1], {"train": {d.title: -d.logits for d in train[1::2]}})
    other = fit(corpus, "negated", out_of_fold=halves)
    assert (other / "model.safetensors").read_bytes() != (plain / "model.safetensors").read_bytes()


def test_a_run_is_loaded_as_what_it_is(fitted, corpus):
    plain, _ = fitted
    model, loaded, documents = load_run(plain, "test")
    method = json.loads((plain / "run.json").read_text())["method"]
    assert model.name == method
    assert loaded.schema == corpus.schema
    assert len(model.scores(documents)) == 12


def test_what_has_changed_since_the_fit_is_not_predicted_on(fitted, corpus, dump, tmp_path):
    plain, _ = fitted
    run = shutil.copytree(plain, tmp_path / "run")
    documents, logits = shutil.copytree(corpus.path, tmp_path / "corpus"), tmp_path / "logits.safetensors"
    logits.write_bytes(dump.read_bytes())
    record = json.loads((run / "run.json").read_text()) | {"documents": "../corpus", "logits": "../logits.safetensors"}
    (run / "run.json").write_text(json.dumps(record))
    assert len(load_run(run, "test")[2]) == 12
    write_dump(logits, {"test": {d.title: -d.logits for d in load_run(run, "test")[2]}})
    with pytest.raises(InputError, match=r"logits\.safetensors: has changed since the run was fitted"):
        load_run(run, "test")
    assert len(load_run(run, "test", logits=logits)[2]) == 12
    logits.write_bytes(dump.read_bytes())
    with_shuffled_labels(corpus, "test", tmp_path / "shuffled")
    (documents / "test.json").write_bytes((tmp_path / "shuffled" / "test.json").read_bytes())
    with pytest.raises(InputError, match="corpus: has changed since the run was fitted"):
        load_run(run, "test")
    assert len(load_run(run, "test", documents=documents)[2]) == 12
    (run / "run.json").write_text(json.dumps({key: record[key] for key in record if key != "logits"}))
    with pytest.raises(InputError, match=r"run\.json, field logits: is not recorded"):
        load_run(run, "test")


def test_a_run_that_is_fitted_again_holds_nothing_of_the_first(fitted, corpus):
    plain, fit = fitted
    run = fit(corpus, "again")
    for split in ("dev", "test"):
        predict_run(run, split)
    list(evaluate_run(run, corpus, ("dev", "test")))
    first = contents(run)
    (run / "notes.txt").write_text("the user's")
    assert {"predictions-dev.json", "explanations-test.jsonl", "predicted-dev.json", "metrics-test.json"} <= set(first)
    fit(corpus, "again")
    assert sorted(contents(run)) == sorted([*contents(plain), "notes.txt"])
    (run / "notes.txt").unlink()
    assert_same_files(plain, run)
    for split in ("dev", "test"):
        predict_run(run, split)
    list(evaluate_run(run, corpus, ("dev", "test")))
    assert contents(run) == first


def test_a_fit_begins_without_the_record_of_the_last_one(fitted, corpus, tmp_path, monkeypatch):
    plain, fit = fitted
    run = shutil.copytree(plain, tmp_path / "run")
    predict_run(plain, "dev", out=run / "predictions-dev.json")
    record = json.loads((run / "run.json").read_text())
    found = []

    def killed(*arguments, **options):
        begin_run(*arguments, **options)
        found.append(sorted(path.name for path in run.iterdir()))
        raise KeyboardInterrupt

    monkeypatch.setattr("logire.rules.run.begin_run", killed)
    with pytest.raises(KeyboardInterrupt):
        fit(corpus, run)
    assert found == [[]]
    (run / "run.json").write_text(json.dumps(record | {"seed": 5}))
    with pytest.raises(InputError, match="holds another finished run: seed 5, not 4"):
        fit(corpus, run)
    with pytest.raises(KeyboardInterrupt):
        fit(corpus, run, overwrite=True)
    assert found == [[], []]


def test_predictions_that_are_not_the_runs_are_not_scored_in_its_name(fitted, corpus, splits, dump, tmp_path):
    plain, _ = fitted
    run = shutil.copytree(plain, tmp_path / "run")
    record = json.loads((run / "run.json").read_text()) | {"documents": str(corpus.path), "logits": str(dump)}
    (run / "run.json").write_text(json.dumps(record))
    file = predict_run(run, "dev")
    (metrics,) = evaluate_run(run, corpus, ["dev"])
    assert json.loads(metrics.read_text())["run"]["seed"] == 4
    negated = tmp_path / "negated.safetensors"
    write_dump(negated, {"dev": {d.title: -d.logits for d in splits[1]}})
    predict_run(run, "dev", logits=negated)
    with pytest.raises(InputError, match=r"predictions-dev\.json: is not what the run in run\.json predicted"):
        list(evaluate_run(run, corpus, ["dev"]))
    predict_run(run, "dev")
    assert list(evaluate_run(run, corpus, ["dev"])) == [metrics]
    predict_run(run, "test", out=file)
    with pytest.raises(InputError, match="is not what the run"):
        list(evaluate_run(run, corpus, ["dev"]))


@pytest.mark.parametrize("blocked", ["predictions.json", "explanations-dev.jsonl"])
def test_predicting_into_a_folder_leaves_nothing_behind(fitted, tmp_path, blocked):
    plain, _ = fitted
    (tmp_path / blocked).mkdir()
    with pytest.raises(InputError, match=rf"{blocked}: is a folder, a file was expected"):
        predict_run(plain, "dev", out=tmp_path / "predictions.json")
    assert [path.name for path in tmp_path.rglob("*")] == [blocked]


@pytest.mark.parametrize("name", ["model.safetensors", "rules.csv", "history.csv"])
def test_a_byte_of_a_model_that_has_changed_is_found_before_predicting(fitted, tmp_path, name):
    plain, _ = fitted
    run = shutil.copytree(plain, tmp_path / "run")
    content = bytearray((run / name).read_bytes())
    content[-2] ^= 1
    (run / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{name}: has changed since run\.json was written"):
        predict_run(run, "dev", out=tmp_path / "predictions.json")
    assert not (tmp_path / "predictions.json").exists()


def test_where_predicting_nothing_is_best_the_record_has_the_highest_number(corpus, splits, tmp_path):
    """JSON has no infinity."""
    logits = tmp_path / "logits.safetensors"
    # no candidate of dev can be right: LogiRE rejects facts between types that training has none between
    folder = shutil.copytree(corpus.path, tmp_path / "corpus")
    records = json.loads((folder / "dev.json").read_text())
    for record in records:
        for mention in (mention for vertex in record["vertexSet"] for mention in vertex):
            mention["type"] = "type::money"
    (folder / "dev.json").write_text(json.dumps(records))
    write_dump(
        logits, {s: {d.title: d.logits for d in part} for s, part in zip(("train", "dev"), splits, strict=False)}
    )
    fit_run(folder, logits, tmp_path / "run", settings=TINY | {"iterations": 1}, seed=1, device="cpu", method="logire")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["threshold"] == sys.float_info.max


def test_an_unknown_method_is_named(corpus, dump, tmp_path):
    with pytest.raises(InputError, match="unknown method 'logire2'"):
        fit_run(corpus.path, dump, tmp_path / "run", settings={}, seed=1, method="logire2")


def modules_after(code: str, *arguments) -> set[str]:
    """The heavy modules that a new Python has loaded after running ``code``."""
    heavy = "print(*({'torch', 'pandas', 'scipy.special'} & set(sys.modules)))"
    command = [sys.executable, "-c", f"import sys\nfrom pathlib import Path\n{code}\n{heavy}", *map(str, arguments)]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def test_predicting_loads_neither_torch_nor_pandas(fitted, tmp_path):
    plain, _ = fitted
    code = """
from logire.rules.run import predict_run
predict_run(Path(sys.argv[1]), "dev", out=Path(sys.argv[2]))
"""
    assert modules_after(code, plain, tmp_path / "predictions.json") == set()
    assert json.loads((tmp_path / "predictions.json").read_text())


def test_only_a_fit_that_trains_a_generator_loads_torch(corpus, dump, tmp_path):
    code = """
import json
from logire.rules.run import fit_run
method, settings, documents, dump, out = sys.argv[1:]
fit_run(Path(documents), Path(dump), Path(out), settings=json.loads(settings), seed=4, method=method)
"""
    cases = {
        "logire": ("logire", SMALL),
        "plus": ("logire_plus", QUICK),
        "generated": ("logire_plus", QUICK | {"rules": "generated", "generator_epochs": 1}),
    }
    found = {
        name: "torch" in modules_after(code, method, json.dumps(settings), corpus.path, dump, tmp_path / name)
        for name, (method, settings) in cases.items()
    }
    assert found == {"logire": True, "plus": False, "generated": True}
    assert json.loads((tmp_path / "plus" / "run.json").read_text())["device"] == "cpu"


def test_new_documents_need_no_other_split_and_may_have_their_relations_in_another_order(
    fitted, corpus, dump, splits, tmp_path
):
    """The test documents come again: in a folder of their own, all numbers the other way round, and as a file."""
    run, _ = fitted
    usual = predict_run(run, "test", out=tmp_path / "usual.json").read_bytes()
    folder = tmp_path / "new"
    folder.mkdir()
    shutil.copy(corpus.path / "test.json", folder)
    relations, types = corpus.schema.relations[::-1], corpus.schema.types[::-1]
    (folder / "rel2id.json").write_text(json.dumps({name: i for i, name in enumerate(("Na", *relations))}))
    (folder / "ner2id.json").write_text(json.dumps({name: i for i, name in enumerate(types)}))
    given = {d.title: d.logits for d in splits[2]}
    write_dump(tmp_path / "turned.safetensors", {"test": {t: a[..., ::-1] for t, a in given.items()}})
    write_dump(tmp_path / "straight.safetensors", {"test": given})
    for documents, logits in ((folder, "turned"), (folder / "test.json", "straight")):
        out = tmp_path / f"{logits}.json"
        predict_run(run, "test", documents=documents, logits=tmp_path / f"{logits}.safetensors", out=out)
        assert out.read_bytes() == usual
    with pytest.raises(InputError, match="--out"):
        predict_run(run, "test", documents=folder / "test.json", logits=tmp_path / "straight.safetensors")
    (folder / "rel2id.json").write_text(json.dumps({name: i for i, name in enumerate(("Na", *relations, "other"))}))
    write_dump(
        tmp_path / "more.safetensors", {"test": {t: np.pad(a, ((0, 0), (0, 0), (0, 1))) for t, a in given.items()}}
    )
    with pytest.raises(InputError, match="not those the model was fitted on: 'other'"):
        load_run(run, "test", documents=folder, logits=tmp_path / "more.safetensors")
