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
from rules_builders import QUICK, assert_same_files, contents

from logire.corpus.dump import write_dump
from logire.corpus.prepared import PreparedCorpus
from logire.ground.errors import InputError
from logire.rules.run import fit_run, load_run

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
