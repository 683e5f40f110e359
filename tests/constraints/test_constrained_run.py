"""A run's predictions under constraints: they obey, the run's own stay, and a file says what was changed and why."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from world_builders import CAPITAL, SCHEMA, SPOUSE, fit, world

from logire import LogiREPlus, as_knowledge_graph
from logire.cli.app import run
from logire.constraints.checked import read_constraints
from logire.constraints.obey import obey
from logire.corpus.dump import ScoredDocument, read_dump
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.runfolder import whose
from logire.ground.errors import InputError

FILE = """
types: [{head: [PER], tail: [LOC], relations: [lives_in]}]
functional: [capital_of, lives_in]
symmetric: [spouse_of]
inverse: [[parent_of, child_of]]
acyclic: [city_in]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("constrained")
    world(folder)
    fit(folder)
    (folder / "constraints.yaml").write_text(FILE)
    assert run(["predict", str(folder / "run"), "--split", "test"]) == 0
    return folder


def predict(place: Path, *words: str) -> None:
    assert run(["predict", str(place / "run"), "--constraints", str(place / "constraints.yaml"), *words]) == 0


def keys(rows: list[dict[str, Any]]) -> set[tuple[str, int, str, int]]:
    return {(row["title"], row["h_idx"], row["r"], row["t_idx"]) for row in rows}


def read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def documents(place: Path) -> list[ScoredDocument]:
    return read_dump(place / "logits.safetensors", PreparedCorpus.open(place / "documents"), "test")


def test_predictions_obey_and_the_file_says_what_changed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = (place / "run/predictions-test.json").read_bytes()
    predict(place, "--split", "test")
    said = capsys.readouterr().out
    folder = place / "run/constrained"
    assert sorted(file.name for file in folder.iterdir()) == [
        "constraints-test.json",
        "explanations-test.jsonl",
        "predictions-test.json",
    ]
    assert (place / "run/predictions-test.json").read_bytes() == own
    before, after = keys(json.loads(own)), keys(read(folder / "predictions-test.json"))
    told = read(folder / "constraints-test.json")
    removed = keys([row for row in told["changes"] if row["change"] == "removed"])
    added = keys([row for row in told["changes"] if row["change"] == "added"])
    assert after == before - removed | added
    assert removed
    assert added
    assert not removed & added
    for title, h, r, t in after:
        if r == "spouse_of":
            assert (title, t, r, h) in after
        if r in ("parent_of", "child_of"):
            assert (title, t, "child_of" if r == "parent_of" else "parent_of", h) in after
        if r in ("capital_of", "lives_in"):
            assert sum(one[:3] == (title, h, r) for one in after) == 1
    for words, count in told["counts"].items():
        of_it = [row["change"] for row in told["changes"] if row["constraint"] == words]
        assert (of_it.count("removed"), of_it.count("added")) == (count["removed"], count["added"])
        assert f"{count['removed']} removed, {count['added']} added" in said
        assert words in said
    assert whose(folder / "predictions-test.json") is None
    assert len((folder / "explanations-test.jsonl").read_text().splitlines()) == len(after)


def test_the_same_bytes_come_again(place: Path) -> None:
    for name in ("first", "second"):
        predict(place, "--split", "test", "--out", str(place / name / "predictions.json"))
    first, second = (sorted((place / name).iterdir()) for name in ("first", "second"))
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]
    assert [file.name for file in first] == ["constraints-test.json", "explanations-test.jsonl", "predictions.json"]


def test_the_models_scores_are_decided(place: Path) -> None:
    """What obey makes of the model's scores is what predict gives, in Python and on disk."""
    predict(place, "--split", "test")
    model = LogiREPlus.load(place / "run")
    declared = read_constraints(place / "constraints.yaml", model.model.schema)
    found = documents(place)
    expected = set()
    for document, scores in zip(found, model.model.scores(found), strict=True):
        for h, t, r in np.argwhere(obey(scores, document.types, model.threshold, declared).facts).tolist():
            expected.add((document.title, h, SCHEMA.relations[r], t))
    for constraints in (place / "constraints.yaml", str(place / "constraints.yaml"), declared):
        predicted = model.predict(
            str(place / "logits.safetensors"), documents=place / "documents", constraints=constraints
        )
        assert {p[:4] for p in predicted} == expected
    assert keys(read(place / "run/constrained/predictions-test.json")) == expected


def test_explain_shows_changes(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    predict(place, "--split", "test")
    changes = read(place / "run/constrained/constraints-test.json")["changes"]
    title, relation = changes[0]["title"], changes[0]["r"]
    words = ["explain", str(place / "run"), "--document", title, "--constraints", str(place / "constraints.yaml")]
    capsys.readouterr()
    assert run([*words, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["changes"] == [row for row in changes if row["title"] == title]
    predicted = [row for row in read(place / "run/constrained/predictions-test.json") if row["title"] == title]
    assert len(shown["predictions"]) == len(predicted)
    assert run([*words, "--relation", relation]) == 0
    text = capsys.readouterr().out
    assert f"{changes[0]['change']}: {relation}({changes[0]['head']}, {changes[0]['tail']})" in text
    assert changes[0]["constraint"] in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--constraints", "missing.yaml"), "missing.yaml: does not exist"),
        (("--constraints", "{place}/wrong.yaml"), "did you mean capital_of"),
        (("--constraints", "{place}/constraints.yaml", "--out", "{place}/run/other.json"), "the run's own predictions"),
        (("--constraints", "{place}/constraints.yaml", "--documents", "{place}/new.json"), "field --out: is missing"),
    ],
)
def test_what_cannot_be_done_is_said(
    place: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    (place / "wrong.yaml").write_text("functional: [capital_off]\n")
    (place / "new.json").write_text("[]")
    given = [word.format(place=place) for word in words]
    assert run(["predict", str(place / "run"), "--split", "test", *given]) == 1
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (place / "run/other.json").exists()


def test_a_new_fit_removes_what_obeyed_the_old_one(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    predict(tmp_path, "--split", "test")
    (tmp_path / "run/constrained/notes.txt").write_text("mine")
    fit(tmp_path)
    assert [file.name for file in (tmp_path / "run/constrained").iterdir()] == ["notes.txt"]


TYPES = {"Ann": "PER", "Bob": "PER", "Rome": "LOC", "Italy": "LOC", "Malta": "LOC"}
GIVEN = [
    ("Rome", "capital_of", "Italy", 0.97),
    ("Rome", "capital_of", "Malta", 0.97),
    ("Rome", "city_in", "Malta", 0.9),
    ("Ann", "spouse_of", "Bob", 0.99),
    ("Rome", "city_in", "Italy", 0.95),
]


@pytest.mark.parametrize("unit", ["probabilities", "logits"])
def test_repair_names_constraint_and_conflict(place: Path, unit: Any) -> None:
    model = LogiREPlus.load(place / "run")
    given = GIVEN if unit == "probabilities" else [(*f[:3], float(np.log(f[3] / (1 - f[3])))) for f in GIVEN]
    how: dict[str, Any] = {"scores": unit, "floor": -2.0, "removed": True}
    found = model.repair(given, TYPES, constraints=place / "constraints.yaml", **how)
    alone = {(f.head_name, f.relation, f.tail_name): f for f in model.repair(given, TYPES, **how)}
    by_key = {(f.head_name, f.relation, f.tail_name): f for f in found}
    assert all(by_key[key].after == fact.after for key, fact in alone.items())
    malta, back = by_key["Rome", "capital_of", "Malta"], by_key["Bob", "spouse_of", "Ann"]
    assert (malta.kept, malta.constraint) == (False, "functional: capital_of")
    [italy] = malta.conflict
    assert italy[:3] == ("Rome", "capital_of", "Italy")
    assert (italy.kept, italy.score) == (True, by_key["Rome", "capital_of", "Italy"].after)
    assert str(italy).startswith("capital_of(Rome, Italy)  score ")
    assert by_key["Rome", "capital_of", "Italy"].constraint is None
    assert (back.kept, back.added) == (True, True)
    if ("Bob", "spouse_of", "Ann") not in alone:
        assert back.constraint == "symmetric: spouse_of"
        assert [one[:3] for one in back.conflict] == [("Ann", "spouse_of", "Bob")]
    kept = {key for key, fact in by_key.items() if fact.kept}
    graph = as_knowledge_graph(found)
    assert graph.number_of_edges() == len(kept)
    assert as_knowledge_graph(found, "turtle").count(" a kg:Fact ") == len(kept)
    assert set(as_knowledge_graph(found, "neo4j")) == {"nodes.csv", "relationships.csv"}


def test_a_wrong_file_stops_repair_and_predict(place: Path) -> None:
    model = LogiREPlus.load(place / "run")
    with pytest.raises(InputError, match="does not exist"):
        model.repair(GIVEN, TYPES, constraints="nowhere.yaml")
    with pytest.raises(InputError, match="does not exist"):
        model.predict([np.zeros((2, 2, 6))], [["PER", "PER"]], constraints="nowhere.yaml")
    assert tuple(model.model.schema.relation_index[r] for r in ("capital_of", "spouse_of")) == (CAPITAL, SPOUSE)
