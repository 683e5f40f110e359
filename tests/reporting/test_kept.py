"""Kept runs: the CSV files give back every value, and refuse what they would not give back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logire.corpus.document import Document, Entity, Fact, Mention, Schema
from logire.corpus.predictions import Prediction, write_predictions
from logire.corpus.prepared import PreparedCorpus, write_prepared
from logire.evaluation import metrics
from logire.evaluation.files import evaluate_file
from logire.ground.errors import InputError
from logire.ground.files import read_json, write_json
from logire.ground.records import RunRecord
from logire.reporting.kept import Kept, keep, read
from logire.reporting.kept_records import read_records, records_csv

SCHEMA = Schema(("a", "b", "in0, x"), ("thing",))
RULES = "b <- ~a\nin0, x <- a ^ b\nelsewhere <- a\n"
EPOCHS = "epoch,loss,dev_f1\n1,0.5,0.25\n2,1e-05,0.5\n"
ROUNDS = "round,dev_f1,closure\n1,0.5,\n2,0.75,0.5\n"
LEARNT = 'relation,body,weight,confidence\na,"in0, x ^ ~b",1.50,\nb,NA,-2,1\n'


def corpus(folder: Path, sentences: int, seed: int = 0) -> PreparedCorpus:
    """A corpus of random documents, three on dev and two on test."""
    rng = np.random.default_rng(seed)

    def document(title: str) -> Document:
        places = [(int(rng.integers(sentences)), int(rng.integers(9))) for _ in range(5)]
        entities = tuple(Entity((Mention(f"N{i}", s, at, at + 1, "thing"),)) for i, (s, at) in enumerate(places))
        facts = {(int(h), SCHEMA.relations[r], int(t)) for h, r, t in rng.integers((5, 3, 5), size=(9, 3))}
        return Document(title, (("word",) * 9,) * sentences, entities, tuple(Fact(*f) for f in sorted(facts)))

    splits = {
        split: [document(f"secret-{split}-{i}") for i in range(n)]
        for split, n in (("train", 2), ("dev", 3), ("test", 2))
    }
    write_prepared(folder, splits, SCHEMA, name="toy", synthetic=True)
    return PreparedCorpus.open(folder)


def write_run(folder: Path, data: PreparedCorpus | None, history: str, seed: int = 1, **record: Any) -> Path:
    """A run folder; with random predictions scored on dev and test, if there is a corpus to score them on."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    digest = data.digest if data else "0" * 64
    settings = {"l2": [1.0, 0.1], "rules": "frequent", "vectors": None}
    RunRecord(
        dataset="toy",
        synthetic=True,
        seed=seed,
        settings=settings,
        data_digest=digest,
        wall_seconds=0.1 + 0.2,
        **record,
    ).write(folder)
    (folder / "history.csv").write_text(history)
    (folder / "rules.csv").write_text(LEARNT)
    rules = folder / "rules.txt"
    rules.write_text(RULES)
    for split in ("dev", "test") if data else ():
        found = [
            Prediction(document.title, int(h), SCHEMA.relations[r], int(t))
            for document in data.documents(split)
            for h, r, t in rng.integers((5, 3, 5), size=(9, 3))
            if h != t
        ]
        file = folder / f"predictions-{split}.json"
        write_predictions(file, found)
        edges = (2, 9)
        write_json(
            folder / f"metrics-{split}.json",
            evaluate_file(file, data, split, distance_edges=edges, gold_rules=rules),
        )
    return folder


@pytest.fixture(params=[1, 3], ids=["one sentence", "three sentences"])
def runs(tmp_path: Path, request: pytest.FixtureRequest) -> list[Path]:
    """A backbone, a fit and a fold, on documents of one sentence or of three."""
    data = corpus(tmp_path / "corpus", request.param)
    top = tmp_path / "results" / "runs"
    return [
        write_run(top / "logire_plus/bilstm/seed1", data, ROUNDS, backbone="bilstm", method="logire_plus"),
        write_run(top / "backbone/bilstm/seed1", data, EPOCHS, 2, backbone="bilstm", method="backbone"),
        write_run(top / "folds/bilstm/seed1/1of3", None, EPOCHS, backbone="bilstm", method="fold", fold=1, folds=3),
    ]


def texts(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_every_value_comes_back(tmp_path: Path, runs: list[Path]) -> None:
    keep(runs, tmp_path / "kept", with_rules=runs[:1])
    found = {kept.name: kept for kept in read(tmp_path / "kept")}
    assert list(found) == ["backbone/bilstm/seed1", "folds/bilstm/seed1/1of3", "logire_plus/bilstm/seed1"]
    for run in runs:
        kept = found[run.relative_to(tmp_path / "results" / "runs").as_posix()]
        assert kept.record == RunRecord.read(run)
        assert kept.record.as_dict() == read_json(run / "run.json")
        files = {f"metrics-{split}.json": json.dumps(values) for split, values in kept.metrics.items()}
        # As text: the same keys in the same order, and every float to its last digit.
        assert files == {file.name: json.dumps(read_json(file)) for file in run.glob("metrics-*.json")}
        lines = [line.split(",") for line in (run / "history.csv").read_text().splitlines()]
        assert kept.history == [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
        assert (kept.rules is not None) == (run == runs[0])
    rules = found["logire_plus/bilstm/seed1"].rules
    pd.testing.assert_frame_equal(rules, pd.read_csv(runs[0] / "rules.csv", dtype=str, keep_default_na=False))


def test_equal_runs_give_equal_bytes_whatever_their_order(tmp_path: Path, runs: list[Path]) -> None:
    keep(runs, tmp_path / "one")
    keep(runs[::-1], tmp_path / "two")
    assert texts(tmp_path / "one") == texts(tmp_path / "two")


def test_nothing_of_the_documents_is_kept(tmp_path: Path, runs: list[Path]) -> None:
    keep(runs, tmp_path / "kept", with_rules=runs)
    assert not any("secret" in text or "word" in text or "N1" in text for text in texts(tmp_path / "kept").values())


def test_what_many_runs_share_stands_once(tmp_path: Path, runs: list[Path]) -> None:
    keep(runs, tmp_path / "kept")
    found = texts(tmp_path / "kept")
    assert found["values.csv"].count("frequent") == 1
    assert len([line for line in found["documents.csv"].splitlines() if ",gold," in line]) == 2


def test_the_columns_say_what_is_counted(tmp_path: Path, runs: list[Path]) -> None:
    keep(runs, tmp_path / "kept")
    found = {name: text.partition("\n")[0] for name, text in texts(tmp_path / "kept").items()}
    assert found["documents.csv"] == "run,split,count,1,2,3"
    assert found["relations.csv"] == 'run,split,count,a,b,"in0, x"'
    assert found["distances.csv"] == "run,split,count,0-2,2-9,9-"
    assert found["logic.csv"] == 'run,split,count,b <- ~a,"in0, x <- a ^ b"'
    assert found.get("sentences.csv") in (None, "run,split,count,intra,inter")


def test_the_files_of_other_runs_go_and_other_files_stay(tmp_path: Path, runs: list[Path]) -> None:
    folder = tmp_path / "kept"
    keep(runs, folder, with_rules=runs[:1])
    (folder / "README.md").write_text("words")
    (folder / "sentences.csv").write_text("of another corpus")
    keep(runs[1:], folder)
    assert [kept.name for kept in read(folder)] == ["backbone/bilstm/seed1", "folds/bilstm/seed1/1of3"]
    names = set(texts(folder))
    assert "README.md" in names
    assert not names & {"rules.csv", "history-round.csv"}


def test_runs_that_are_added_leave_the_others(tmp_path: Path, runs: list[Path]) -> None:
    """Run by run gives the bytes that all at once give; a run that was kept before is replaced."""
    keep(runs, tmp_path / "whole", with_rules=runs[:1])
    folder = tmp_path / "kept"
    keep(runs[1:], folder)
    keep(runs[:1], folder, with_rules=runs[:1], beside=read(folder))
    assert texts(folder) == texts(tmp_path / "whole")
    (runs[1] / "history.csv").write_text("epoch,loss,dev_f1\n1,0.125,0.5\n")
    keep(runs[1:2], folder, beside=read(folder))
    found = {run.name: run for run in read(folder)}
    assert found["backbone/bilstm/seed1"].history == [{"epoch": "1", "loss": "0.125", "dev_f1": "0.5"}]
    assert len(found) == 3


def test_a_metric_that_an_old_file_lacks_is_computed(tmp_path: Path, runs: list[Path]) -> None:
    file = runs[0] / "metrics-dev.json"
    values = read_json(file)
    write_json(file, {key: value for key, value in values.items() if key != "ign_f1"})
    keep(runs, tmp_path / "kept")
    (found,) = (kept for kept in read(tmp_path / "kept") if kept.name == "logire_plus/bilstm/seed1")
    assert found.metrics["dev"] == values


def test_a_new_metric_is_there_for_runs_that_were_kept_before(
    tmp_path: Path, runs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(runs, tmp_path / "kept")
    monkeypatch.setattr(metrics, "_METRICS", dict(metrics._METRICS))
    metrics.fact_metric("found", title="found")(lambda counts: counts[..., 1] * 1.0)
    for kept in read(tmp_path / "kept"):
        for values in kept.metrics.values():
            assert values["found"] == values["counts"]["predicted"]


@pytest.mark.parametrize(
    ("name", "change", "field"),
    [
        ("metrics-dev.json", lambda v: v.update(f1=v["f1"] + 1.0), "f1"),
        ("metrics-test.json", lambda v: v["by_distance"][1].update(ign_f1=101.0), r"by_distance\[1\]\.ign_f1"),
        ("metrics-test.json", lambda v: v["counts"].update(documents=1), "counts.documents"),
        ("metrics-test.json", lambda v: v["run"].update(seed=9), "run.seed"),
        ("metrics-dev.json", lambda v: v["per_document"].pop("gold"), "metrics cannot be read"),
        ("metrics-dev.json", lambda v: v.update(split="train"), "split"),
        ("metrics-dev.json", lambda v: v["per_relation"]["a"].update(gold=77), "other labels"),
        ("metrics-dev.json", lambda v: v["logic_rules"].pop(), "other logic"),
    ],
)
def test_metrics_that_do_not_follow_from_the_counts_are_refused(
    tmp_path: Path, runs: list[Path], name: str, change: Callable[[dict], object], field: str
) -> None:
    keep(runs[1:], tmp_path / "kept")
    before = texts(tmp_path / "kept")
    values = read_json(runs[0] / name)
    change(values)
    write_json(runs[0] / name, values)
    with pytest.raises(InputError, match=field):
        keep(runs, tmp_path / "kept")
    assert texts(tmp_path / "kept") == before


def test_runs_on_other_documents_are_refused(tmp_path: Path, runs: list[Path]) -> None:
    other = write_run(tmp_path / "runs/logire/cnn/seed1", corpus(tmp_path / "other", 1, seed=5), ROUNDS)
    with pytest.raises(InputError, match=r"other (labels|documents|sentences)"):
        keep([*runs, other], tmp_path / "kept")


def test_run_folders_that_cannot_be_named_are_refused(tmp_path: Path, runs: list[Path]) -> None:
    elsewhere = write_run(tmp_path / "elsewhere" / "seed1", None, EPOCHS)
    with pytest.raises(InputError, match="elsewhere"):
        keep([elsewhere], tmp_path / "kept")
    again = write_run(tmp_path / "other/runs/backbone/bilstm/seed1", None, EPOCHS)
    with pytest.raises(InputError, match="same place"):
        keep([*runs, again], tmp_path / "kept")
    with pytest.raises(InputError, match="x is not among"):
        keep(runs, tmp_path / "kept", with_rules=[tmp_path / "runs" / "x"])


@pytest.mark.parametrize("name", ["run.json", "history.csv", "rules.csv"])
def test_a_run_without_a_file_is_refused(tmp_path: Path, runs: list[Path], name: str) -> None:
    (runs[0] / name).unlink()
    with pytest.raises(InputError, match=name):
        keep(runs, tmp_path / "kept", with_rules=runs[:1])


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("runs.csv", "", None, "runs.csv"),
        ("runs.csv", "run,", "rum,", "column run"),
        ("runs.csv", ",@", ",@f", "record of .* cannot be read"),
        ("runs.csv", ",toy,", ",7,", "record of .* cannot be read"),
        ("values.csv", "key,", "kay,", "column key"),
        ("documents.csv", "", None, "documents.csv"),
        ("documents.csv", "run,split,count", "run,count,split", "begin with the columns"),
        ("relations.csv", "predicted,", "predicted,x", "relations.csv.*row"),
        ("relations.csv", "predicted,", "", "relations.csv.*row"),
        ("relations.csv", ",predicted,", ",prophesied,", "has no predicted of"),
        ("distances.csv", "labels,dev,pairs", "labels,dev,pears", "has no pairs of"),
        ("logic.csv", "labels,test,gold_heads", "labels,dev,gold_heads", "has no gold_heads of"),
        ("evaluations.csv", "backbone/", "backbones/", "is not a run"),
        ("evaluations.csv", "", None, "evaluations.csv"),
        ("history-epoch.csv", "epoch,", "", "history-epoch.csv.*row 1"),
    ],
)
def test_a_damaged_file_is_named(
    tmp_path: Path, runs: list[Path], name: str, old: str, new: str | None, problem: str
) -> None:
    folder = tmp_path / "kept"
    keep(runs, folder)
    file = folder / name
    if new is None:
        file.unlink()
    else:
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))
    with pytest.raises(InputError, match=problem) as error:
        read(folder)
    assert name in str(error.value)


def test_a_cell_that_went_missing_is_noticed(tmp_path: Path, runs: list[Path]) -> None:
    keep(runs, tmp_path / "kept")
    file = tmp_path / "kept" / "relations.csv"
    lines = file.read_text().splitlines()
    lines[-1] = lines[-1].rpartition(",")[0] + ","
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="cells are missing"):
        read(tmp_path / "kept")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
TEXTS = st.text() | st.sampled_from(["null", "true", "12", "1e5", "NaN", "@a", "@", '"', "[1]", "", " 1", "a,b"])


@given(st.dictionaries(st.sampled_from(["extra", "other", "more"]), VALUES | TEXTS), TEXTS, st.none() | TEXTS)
def test_any_record_comes_back(
    tmp_path_factory: pytest.TempPathFactory, extra: dict, dataset: str, device: str
) -> None:
    folder = tmp_path_factory.mktemp("records")
    records = {"one": RunRecord(dataset=dataset, device=device, seed=3, **extra), "two": RunRecord(settings={})}
    for name, text in records_csv(records).items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    found = read_records(folder)
    assert {run: record.as_dict() for run, record in found.items()} == {
        run: record.as_dict() for run, record in records.items()
    }


def test_a_kept_run_of_no_score_has_no_metrics(tmp_path: Path) -> None:
    run = write_run(tmp_path / "runs/folds/cnn/seed1/1of2", None, "epoch,loss\n")
    keep([run], tmp_path / "kept")
    (found,) = read(tmp_path / "kept")
    assert isinstance(found, Kept)
    assert (found.metrics, found.history, found.rules) == ({}, [], None)
