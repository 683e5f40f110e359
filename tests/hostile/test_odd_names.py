"""Names of entities, types and relations that mean something to a terminal, a table, a page or a line reader."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hostile_world import World

from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.evaluation.files import evaluate_run
from logire.rules.run import fit_run, predict_run

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
    "provenance run",
    "report --out report --documents corpus",
    "browse run/explanations-test.jsonl --backbone-predictions gold.json --documents corpus --out page.html",
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
