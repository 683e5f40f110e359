"""Documents that are allowed: with next to nothing in them, or with names that mean something to a terminal or a page.

Every command takes them, or says which split lacks what.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hostile_world import World

from logire.corpus.dump import write_dump
from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.evaluation.files import evaluate_run
from logire.rules.run import fit_run, predict_run

Documents = list[dict[str, Any]]

FIT = "fit --documents corpus --logits logits.safetensors --out new"
SMALL = {"iterations": 1, "max_length": 2, "extractor_epochs": 2, "generator_epochs": 1, "update_epochs": 1}
SMALL |= {"hidden": 8, "heads": 2, "layers": 1, "feedforward": 8, "rules_per_query": 4}
PLUS = {"rounds": 1, "max_length": 2, "l2": [3.0], "closure": [0.0]}
FITS = {"logire": SMALL, "logire_plus": PLUS}


def one_entity(documents: Documents) -> None:
    documents[0] |= {"vertexSet": documents[0]["vertexSet"][:1], "labels": []}


def only_one_entity(documents: Documents) -> None:
    for document in documents:
        document |= {"vertexSet": document["vertexSet"][:1], "labels": []}


def one_without_facts(documents: Documents) -> None:
    documents[0]["labels"] = []


def no_facts(documents: Documents) -> None:
    for document in documents:
        document["labels"] = []


def only_facts_on_oneself(documents: Documents) -> None:
    for document in documents:
        for label in document["labels"]:
            label["t"] = label["h"]


def one_token(documents: Documents) -> None:
    mention = {**documents[0]["vertexSet"][0][0], "sent_id": 0, "pos": [0, 1]}
    documents[0] |= {"sents": [["A"]], "vertexSet": [[mention], [mention]], "labels": []}


def change(world: Path, split: str, how: Callable[[Documents], None]) -> None:
    """Change a split's documents, and dump logits for them."""
    file = world / f"corpus/{split}.json"
    documents = json.loads(file.read_text(encoding="utf-8"))
    how(documents)
    file.write_text(json.dumps(documents), encoding="utf-8")
    corpus = PreparedCorpus.open(world / "corpus")
    rng = np.random.default_rng(5)
    labels = {name: {d.title: corpus.schema.labels(d) for d in corpus.documents(name)} for name in SPLITS}
    logits = {
        name: {title: np.where(array, 3.0, -5.0) + rng.normal(0, 2, array.shape) for title, array in found.items()}
        for name, found in labels.items()
    }
    write_dump(world / "logits.safetensors", logits)


NO_TRAINING_FACT = ["no labelled fact in the 12 training documents"]
NO_DEV_FACT = ["no labelled fact in the 4 development documents"]


@pytest.mark.parametrize("method", FITS)
@pytest.mark.parametrize(
    ("split", "how", "words"),
    [
        ("train", one_entity, []),
        ("train", one_without_facts, []),
        ("train", one_token, []),
        ("train", only_one_entity, NO_TRAINING_FACT),
        ("train", no_facts, NO_TRAINING_FACT),
        ("train", only_facts_on_oneself, NO_TRAINING_FACT),
        ("dev", one_entity, []),
        ("dev", one_without_facts, []),
        ("dev", only_one_entity, NO_DEV_FACT),
        ("dev", no_facts, NO_DEV_FACT),
        ("dev", only_facts_on_oneself, NO_DEV_FACT),
        ("test", only_one_entity, []),
        ("test", no_facts, []),
    ],
)
def test_fits(world: World, method: str, split: str, how: Callable[[Documents], None], words: Sequence[str]) -> None:
    change(world.folder, split, how)
    settings = json.dumps(FITS[method], separators=(",", ":"))
    world.check(f"{FIT} --method {method} --settings {settings}", words)


@pytest.mark.parametrize("how", [one_entity, only_one_entity, one_without_facts, no_facts, one_token])
def test_predictions_on_them(world: World, how: Callable[[Documents], None]) -> None:
    change(world.folder, "test", how)
    world.check("predict run --split test --documents corpus --logits logits.safetensors", [])
    lines = (world.folder / "run/explanations-test.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(json.loads((world.folder / "run/predictions-test.json").read_text()))


@pytest.mark.parametrize("backbone", ["cnn", "context_aware"])
@pytest.mark.parametrize(
    ("split", "how", "words"),
    [
        ("train", one_entity, []),
        ("train", one_token, []),
        ("train", only_one_entity, ["the training split has no labelled fact"]),
        ("dev", no_facts, ["the dev split has no labelled fact", "the threshold is chosen on them"]),
        ("test", only_one_entity, []),
    ],
)
def test_training_on_them(
    world: World, backbone: str, split: str, how: Callable[[Documents], None], words: Sequence[str]
) -> None:
    change(world.folder, split, how)
    settings = '{"epochs":1,"word_dim":8,"hidden":8}'
    world.check(f"train {backbone} --documents corpus --out new --settings {settings}", words)


ENTITIES = (
    *("a\u2028b", "c\x85d", "[/bold]", "[/red]x", ":smile:", "None", "NA", "nan", "", " "),
    *(
        "<script>alert(1)</script>",
        "</script>",
        "\x1b[31m",
        "\x00",
        '"quoted", comma',
        "a\nb",
        "../../etc",
        "é\U0001f600",
    ),
)
RELATIONS = ("None", "NA", "nan", "[/bold]", 'a "q"', "x,y", "<script>", "null", "True", "1", "é", ":smile:")
TYPES = ("None", "NA", "[/red]")
SETTINGS = {"rounds": 1, "max_length": 2, "l2": [3.0], "blend": [0.5], "closure": [1.0], "closure_support": 1}


def edit(folder: Path, file: str, change: Callable[[Any], Any]) -> Any:
    """Write what ``change`` makes of a JSON file."""
    value = change(json.loads((folder / file).read_text(encoding="utf-8")))
    (folder / file).write_text(json.dumps(value), encoding="utf-8")
    return value


def renamed(folder: Path, file: str, names: tuple[str, ...]) -> dict[str, str]:
    """Give the first entries of a ``rel2id.json`` or ``ner2id.json`` other names; old name -> new name."""
    old = [name for name in json.loads((folder / file).read_text(encoding="utf-8")) if name != "Na"]
    new = dict(zip(old, [*names, *old[len(names) :]], strict=True))
    edit(folder, file, lambda indices: {new.get(name, name): index for name, index in indices.items()})
    return new


@pytest.fixture(params=["entities", "relations and types"])
def odd(world: World, request: pytest.FixtureRequest) -> World:
    """The world with odd names, and a run on it."""
    corpus = world.folder / "corpus"
    if request.param == "entities":
        names = cycle(ENTITIES)
        for split in SPLITS:
            for document in (documents := json.loads((corpus / f"{split}.json").read_text(encoding="utf-8"))):
                for vertex in document["vertexSet"]:
                    name = next(names)
                    for mention in vertex:
                        mention["name"] = name
            edit(corpus, f"{split}.json", lambda _, documents=documents: documents)
    else:
        relations, types = renamed(corpus, "rel2id.json", RELATIONS), renamed(corpus, "ner2id.json", TYPES)
        for split in SPLITS:
            for document in (documents := json.loads((corpus / f"{split}.json").read_text(encoding="utf-8"))):
                for label in document["labels"]:
                    label["r"] = relations[label["r"]]
                for mention in (mention for vertex in document["vertexSet"] for mention in vertex):
                    mention["type"] = types[mention["type"]]
            edit(corpus, f"{split}.json", lambda _, documents=documents: documents)
        edit(world.folder, "gold.json", lambda rows: [{**row, "r": relations[row["r"]]} for row in rows])
    shutil.rmtree(world.folder / "run")
    fit_run(
        corpus,
        world.folder / "logits.safetensors",
        world.folder / "run",
        settings=SETTINGS,
        seed=1,
        method="logire_plus",
    )
    for split in ("dev", "test"):
        predict_run(world.folder / "run", split)
    list(evaluate_run(world.folder / "run", PreparedCorpus.open(corpus), ("dev", "test")))
    return world


COMMANDS = (
    "explain run --document EMB_0017",
    "rules run",
    "rules run --json",
    "evaluate run --documents corpus",
    "evaluate gold.json --documents corpus",
    "compare run",
    "compare gold.json run --documents corpus",
    "provenance run",
    "report --out report --documents corpus",
    "browse run --out page.html",
)


def test_every_command_takes_them_and_they_come_back_as_they_were(odd: World) -> None:
    for command in COMMANDS:
        odd.check(command, [])
    corpus = PreparedCorpus.open(odd.folder / "corpus")
    rules = pd.read_csv(odd.folder / "run/rules.csv", keep_default_na=False, na_values={"confidence": [""]})
    assert set(rules.relation) <= set(corpus.schema.relations)
    assert set(rules.head_type) <= set(corpus.schema.types)
    entities = {d.title: [entity.name for entity in d.entities] for d in corpus.test}
    rows = (odd.folder / "run/explanations-test.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    for row in map(json.loads, rows):
        assert row["head"] == entities[row["title"]][row["h_idx"]]
        assert row["r"] in corpus.schema.relations
