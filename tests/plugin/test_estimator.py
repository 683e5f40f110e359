"""LogiRE on somebody's arrays: the same model as on files, whichever form the documents come in."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plugin_builders import RELATIONS, TYPES, World

import logire
from logire import LogiRE, LogiREPlus
from logire.corpus.document import Document, Entity, Fact, Mention, Schema
from logire.corpus.dump import read_dump, scored, write_dump
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.sources.embedded import prepare_embedded
from logire.ground.errors import InputError
from logire.plugin.inputs import examples
from logire.rules.plus.model import LogiREPlus as Model


@pytest.fixture(scope="module")
def model(world: World) -> LogiREPlus:
    """Fitted on 30 documents, its choices made on 10."""
    return LogiREPlus(RELATIONS, TYPES).fit(*world.part(0, 30), dev=tuple(world.part(30, 40)))


def f1(predicted: set[tuple[int, int, str, int]], world: World) -> float:
    gold = {(i, *fact) for i, facts in enumerate(world.facts) for fact in facts}
    return 2 * len(predicted & gold) / (len(predicted) + len(gold))


def test_it_finds_what_the_logits_do_not_know(model: LogiREPlus, world: World) -> None:
    new = world.part(40, 50)
    found = {(int(p.title), p.head, p.relation, p.tail) for p in model.predict(new.logits, new.types)}
    alone = {
        (i, h, RELATIONS[r], t) for i, array in enumerate(new.logits) for h, t, r in np.argwhere(array > 0).tolist()
    }
    assert f1(found, new) > f1(alone, new) + 0.15
    assert "~leads" in set(model.rules("led_by")["body"])


def test_it_is_the_model_that_the_package_fits(model: LogiREPlus, world: World) -> None:
    schema = Schema(RELATIONS, tuple(TYPES))
    documents = []
    for i, (array, facts, types) in enumerate(zip(world.logits, world.facts, world.types, strict=True)):
        entities = tuple(Entity((Mention("x", 0, 0, 1, kind),)) for kind in types)
        document = Document(str(i), (("x",),), entities, tuple(Fact(h, r, t) for h, r, t in facts))
        documents.append(scored(document, array, schema))
    direct = Model(schema, seed=1).fit(documents[:30], documents[30:40])
    for ours, theirs in zip(
        model.scores(world.logits[40:], world.types[40:]), direct.scores(documents[40:]), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert model.threshold == direct.fitted.theta


@pytest.mark.parametrize("form", ["facts", "numbers", "rows", "docred", "columns", "arrays in rows"])
def test_every_form_of_documents_gives_the_same_model(model: LogiREPlus, world: World, form: str) -> None:
    def given(part: World):
        rows = [{"logits": a.tolist(), "types": t} for a, t in zip(part.logits, part.types, strict=True)]
        if form == "facts":
            return (part.logits, part.facts, part.types)
        if form == "numbers":
            numbered = [[(h, RELATIONS.index(r), t) for h, r, t in facts] for facts in part.facts]
            return (part.logits, numbered, part.types)
        if form == "arrays in rows":
            return ([row | {"labels": y.tolist()} for row, y in zip(rows, part.labels, strict=True)],)
        docred = [[{"h": h, "r": r, "t": t} for h, r, t in facts] for facts in part.facts]
        if form == "rows":
            return ([row | {"labels": facts} for row, facts in zip(rows, docred, strict=True)],)
        if form == "docred":
            vertices = [[[{"name": "x", "type": kind}] for kind in types] for types in part.types]
            return (
                [
                    {"logits": row["logits"], "vertexSet": vertex, "labels": facts}
                    for row, vertex, facts in zip(rows, vertices, docred, strict=True)
                ],
            )
        columns = [
            {"head": [f["h"] for f in facts], "tail": [f["t"] for f in facts], "relation_id": [f["r"] for f in facts]}
            for facts in docred
        ]
        return ([row | {"labels": facts} for row, facts in zip(rows, columns, strict=True)],)

    other = LogiREPlus(RELATIONS).fit(*given(world.part(0, 30)), dev=given(world.part(30, 40)))
    new = world.part(40, 50)
    assert other.predict(new.logits, new.types) == model.predict(new.logits, new.types)


def text_of(types: Sequence[str]) -> dict[str, Any]:
    """A text in DocRED's form: the first entity stands in both sentences, the others in the first, side by side."""
    names = [f"E{i}" for i in range(len(types))]
    mentions = [
        [{"name": name, "sent_id": 0, "pos": [i, i + 1], "type": kind}]
        for i, (name, kind) in enumerate(zip(names, types, strict=True))
    ]
    mentions[0].append({"name": "she", "sent_id": 1, "pos": [0, 1], "type": types[0]})
    return {"sents": [names, ["she", "left"]], "vertexSet": mentions}


def test_a_row_keeps_its_text(world: World) -> None:
    types = world.types[0]
    row = {"logits": world.logits[0], **text_of(types)}
    (example,) = examples([row])
    assert example.sentences == (tuple(f"E{i}" for i in range(len(types))), ("she", "left"))
    assert [len(entity.mentions) for entity in example.entities] == [2] + [1] * (len(types) - 1)
    assert example.types == tuple(types)
    (other,) = examples([row | {"types": ["X"] * len(types)}])  # the row's own types count
    assert {m.type for entity in other.entities for m in entity.mentions} == {"X"}
    assert other.entities[0].names == ("E0", "she")
    (bare,) = examples([{"logits": world.logits[0], "vertexSet": row["vertexSet"]}])
    assert (bare.sentences, bare.entities[0].names) == ((), ("E0",))


@pytest.mark.parametrize(
    ("change", "field", "problem"),
    [
        ({"sents": [["E0"]]}, r"vertexSet\[0\]\[1\].sent_id", "1: the document has 1 sentences"),
        ({"sents": [["E0", 1]]}, r"sents\[0\]\[1\]", "expected `str`, got `int`"),
        ({"sents": [["E0"], ["she"]]}, r"vertexSet\[1\]\[0\].pos", "outside its sentence of 1 tokens"),
    ],
)
def test_a_text_that_does_not_fit_is_refused(world: World, change: Any, field: str, problem: str) -> None:
    row = {"title": "T", "logits": world.logits[0], **text_of(world.types[0]), **change}
    with pytest.raises(InputError, match=f"document T, field {field}: .*{problem}"):
        examples([row])


def test_a_text_of_other_entities_is_refused(world: World) -> None:
    row = {"title": "T", "logits": world.logits[0], **text_of(world.types[0]), "types": world.types[0]}
    with pytest.raises(InputError, match="document T, field vertexSet: 1 entities, but logits of"):
        examples([row | {"vertexSet": row["vertexSet"][:1]}])


def test_without_dev_documents_a_fifth_is_kept_by_the_seed(world: World) -> None:
    part, new = world.part(0, 40), world.part(40, 50)
    first, again, other = (
        LogiREPlus(RELATIONS, seed=seed, rounds=1).fit(*part).scores(new.logits, new.types) for seed in (1, 1, 2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    with pytest.raises(InputError, match="too few"):
        LogiREPlus(RELATIONS).fit(*world.part(0, 2))


def test_relations_in_another_order_are_matched_by_name(model: LogiREPlus, world: World) -> None:
    new, order = world.part(40, 50), [2, 0, 3, 1]
    turned = [array[..., order] for array in new.logits]
    names = [RELATIONS[i] for i in order]
    assert model.predict(turned, new.types, relations=names) == model.predict(new.logits, new.types)
    for wrong in (["leads", "part_of", "head_of", "else"], ["leads"] * 4):
        with pytest.raises(InputError, match="not those the model was fitted on"):
            model.predict(turned, new.types, relations=wrong)


def test_a_saved_model_predicts_the_same(model: LogiREPlus, world: World, tmp_path: Path) -> None:
    model.save(tmp_path)
    new = world.part(40, 50)
    loaded = LogiREPlus.load(tmp_path)
    assert loaded.predict(new.logits, new.types) == model.predict(new.logits, new.types)
    assert (loaded.relations, loaded.entity_types) == (RELATIONS, TYPES)
    with pytest.raises(InputError, match="logire_plus"):
        LogiRE.load(tmp_path)


def test_a_prediction_is_explained(model: LogiREPlus, world: World) -> None:
    new = world.part(40, 50)
    [first, *_] = [p for p in model.predict(new.logits, new.types) if p.relation == "led_by"]
    number = int(first.title)
    [why] = model.explain(new.logits[number], new.types[number], first.head, first.tail, "led_by")
    assert why.score == pytest.approx(first.score)


def test_files_are_fitted_like_arrays(tmp_path: Path) -> None:
    prepare_embedded(tmp_path / "documents", documents=(40, 12, 12))
    corpus = PreparedCorpus.open(tmp_path / "documents")
    rng = np.random.default_rng(0)
    logits = {
        split: {
            d.title: (corpus.schema.labels(d) * 6.0 - 4 + rng.normal(0, 2, corpus.schema.labels(d).shape)).astype("f4")
            for d in corpus.documents(split)
        }
        for split in ("train", "dev", "test")
    }
    dump = tmp_path / "logits.safetensors"
    write_dump(dump, logits)
    ours = LogiREPlus(rounds=1).fit(dump, documents=corpus.path)
    settings = Model.Settings(rounds=1)
    direct = Model(corpus.schema, settings).fit(*(read_dump(dump, corpus, split) for split in ("train", "dev")))
    found = ours.predict(dump, documents=corpus.path)
    assert found == direct.predict(read_dump(dump, corpus, "test"))
    # the same documents as rows of DocRED's file
    rows = json.loads((corpus.path / "test.json").read_text())
    rows = [row | {"logits": logits["test"][row["title"]]} for row in rows]
    assert ours.predict(rows) == found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"logits": []}, "holds no document"),
        ({"types": None}, "types"),
        ({"types": [["PER"]]}, "1 documents, but logits of 2"),
        ({"types": [["PER"], ["PER", "ORG"]]}, "document 0, field types: 1 entities, but logits of 2"),
        ({"logits": [np.zeros((2, 3, 4))] * 2}, r"shape \(2, 3, 4\), \(N, N, R\) expected"),
        ({"logits": [np.zeros((2, 2, 5))] * 2}, "5 relations, but the model has 4"),
        ({"logits": [[["a"]]] * 2}, "not an array of numbers"),
        ({"logits": [np.full((2, 2, 4), np.nan)] * 2}, "nan"),
        ({"labels": [[], [(0, "leads", 7)]]}, r"document 1, field labels\[0\].tail: entity 7 does not exist"),
        ({"labels": [[], [(0, "nobody", 1)]]}, r"labels\[0\]: unknown relation 'nobody'"),
        ({"labels": [[], [(0, 9, 1)]]}, r"unknown relation 9"),
        ({"labels": [[], [{"h": 0, "r": "leads"}]]}, "is not a label"),
        ({"labels": [[], ["leads"]]}, "is not a label"),
        ({"labels": [np.zeros((2, 2, 3)), []]}, r"shape \(2, 2, 3\), but logits of \(2, 2, 4\)"),
        ({"labels": [[], []]}, "no labelled fact"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], words: str) -> None:
    given = {"logits": [np.zeros((2, 2, 4))] * 2, "labels": [[(0, "leads", 1)]] * 2, "types": [["PER", "ORG"]] * 2}
    given |= change
    with pytest.raises(InputError, match=words):
        LogiREPlus(RELATIONS).fit(**given, dev=tuple(given.values()))


def test_a_row_without_logits_or_with_a_new_type_is_named(model: LogiREPlus) -> None:
    with pytest.raises(InputError, match="document A, field logits: is missing"):
        model.predict([{"title": "A", "types": ["PER"]}])
    with pytest.raises(InputError, match="unknown entity type 'GPE'"):
        model.predict([np.zeros((1, 1, 4))], [["GPE"]])
    with pytest.raises(InputError, match="not fitted"):
        LogiREPlus(RELATIONS).predict([np.zeros((1, 1, 4))], [["PER"]])
    with pytest.raises(InputError, match="lenght"):
        LogiREPlus(RELATIONS, lenght=3)
    with pytest.raises(InputError, match="documents"):
        LogiREPlus().fit("logits.safetensors")


def test_probabilities_are_refused(world: World) -> None:
    part = world.part(0, 20)
    probabilities = [1 / (1 + np.exp(-array)) for array in part.logits]
    with pytest.raises(InputError, match="probabilities"):
        LogiREPlus(RELATIONS).fit(probabilities, part.labels, part.types)


def test_importing_the_package_loads_no_library() -> None:
    words = "import sys, logire; print(*(n for n in ('numpy', 'torch', 'pandas', 'typer') if n in sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout.strip() == ""
    )
    with pytest.raises(AttributeError):
        logire.Nothing  # noqa: B018
