"""JSON of the right form with one wrong value: the message names the document, the field and what is wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hostile_world import World, damaged, without

Keys = tuple[str | int, ...]
EVALUATE = "evaluate gold.json --documents corpus"
DOCUMENTS = "corpus/test.json"
LONG = 10**40
MENTION = ("vertexSet", 0, 0)
LABEL = ("labels", 0)

FIELDS: list[tuple[Keys, Any, Sequence[str]]] = [
    ((), None, ["expected `array`, got `null`"]),
    (("title",), None, ["document number 0, field title", "got `null`"]),
    (("title",), 3, ["document number 0, field title", "got `int`"]),
    (("title",), "another", ["gold.json", "EMB_0017", "[0].title: no such document"]),
    (("sents",), None, ["EMB_0017, field sents", "got `null`"]),
    (("sents",), "abc", ["field sents", "got `str`"]),
    (("sents",), [], ["vertexSet[0][0].sent_id", "the document has 0 sentences"]),
    (("sents",), [[]], ["vertexSet[0][0].pos", "outside its sentence of 0 tokens"]),
    (("sents", 0), None, ["field sents[0]", "got `null`"]),
    (("sents", 0, 0), 3, ["field sents[0][0]", "got `int`"]),
    (("sents", 0, 0), None, ["field sents[0][0]", "got `null`"]),
    (("sents", 0, 0), "", []),
    (("vertexSet",), None, ["field vertexSet", "got `null`"]),
    (("vertexSet",), {}, ["field vertexSet", "got `object`"]),
    (("vertexSet",), [], ["field vertexSet", "of length >= 1"]),
    (("vertexSet", 0), [], ["field vertexSet[0]", "of length >= 1"]),
    (("vertexSet", 0), None, ["field vertexSet[0]", "got `null`"]),
    (MENTION, None, ["field vertexSet[0][0]", "got `null`"]),
    ((*MENTION, "name"), None, ["vertexSet[0][0].name", "got `null`"]),
    ((*MENTION, "name"), "", []),
    ((*MENTION, "name"), "[/bold]\u2028<script>", []),
    ((*MENTION, "sent_id"), -1, ["vertexSet[0][0].sent_id: -1"]),
    ((*MENTION, "sent_id"), 99, ["vertexSet[0][0].sent_id: 99"]),
    ((*MENTION, "sent_id"), True, ["sent_id: expected `int`, got `bool`"]),
    ((*MENTION, "sent_id"), 1.0, ["sent_id: expected `int`, got `float`"]),
    ((*MENTION, "sent_id"), "0", ["sent_id: expected `int`, got `str`"]),
    ((*MENTION, "sent_id"), 2**63, ["sent_id: expected `int` <= 2147483647"]),
    ((*MENTION, "sent_id"), LONG, ["sent_id: expected `int` <= 2147483647"]),
    ((*MENTION, "pos"), None, ["pos: expected `array`, got `null`"]),
    ((*MENTION, "pos"), "01", ["pos: expected `array`, got `str`"]),
    ((*MENTION, "pos"), [0], ["pos: expected `array` of length 2"]),
    ((*MENTION, "pos"), [0, 1, 2], ["pos: expected `array` of length 2"]),
    ((*MENTION, "pos"), [1, 1], ["mention [1, 1) lies outside its sentence"]),
    ((*MENTION, "pos"), [2, 1], ["mention [2, 1) lies outside its sentence"]),
    ((*MENTION, "pos"), [-1, 1], ["mention [-1, 1) lies outside its sentence"]),
    ((*MENTION, "pos"), [0, 10**6], ["mention [0, 1000000) lies outside its sentence"]),
    ((*MENTION, "pos"), [0, True], ["pos[1]: expected `int`, got `bool`"]),
    ((*MENTION, "type"), None, ["type: expected `str`, got `null`"]),
    ((*MENTION, "type"), "ship", ["type: unknown entity type 'ship'", "ner2id.json"]),
    ((*MENTION, "type"), "", ["type: unknown entity type ''"]),
    (("labels",), None, ["field labels: expected `array`, got `null`"]),
    (("labels",), {}, ["field labels: expected `array`, got `object`"]),
    (LABEL, None, ["labels[0]: expected `object`, got `null`"]),
    ((*LABEL, "r"), "eats", ["labels[0].r: unknown relation 'eats'", "rel2id.json"]),
    ((*LABEL, "r"), "Na", ["labels[0].r: unknown relation 'Na'"]),
    ((*LABEL, "r"), 3, ["labels[0].r: expected `str`, got `int`"]),
    ((*LABEL, "h"), -1, ["labels[0].h: entity -1 does not exist"]),
    ((*LABEL, "h"), 99, ["labels[0].h: entity 99 does not exist"]),
    ((*LABEL, "h"), True, ["labels[0].h: expected `int`, got `bool`"]),
    ((*LABEL, "h"), "0", ["labels[0].h: expected `int`, got `str`"]),
    ((*LABEL, "t"), None, ["labels[0].t: expected `int`, got `null`"]),
    ((*LABEL, "t"), LONG, ["labels[0].t: expected `int` <= 2147483647"]),
    ((*LABEL, "evidence"), None, ["evidence: expected `array`, got `null`"]),
    ((*LABEL, "evidence"), 3, ["evidence: expected `array`, got `int`"]),
    ((*LABEL, "evidence"), [99], ["evidence: 99: the document has 1 sentences"]),
    ((*LABEL, "evidence"), [-1], ["evidence: -1: the document has 1 sentences"]),
    ((*LABEL, "evidence"), [True], ["evidence[0]: expected `int`, got `bool`"]),
    ((*LABEL, "more"), 1, []),
]


@pytest.mark.parametrize(("keys", "value", "words"), FIELDS, ids=str)
def test_a_wrong_value_in_a_document(world: World, keys: Keys, value: Any, words: Sequence[str]) -> None:
    place = (0, *keys) if keys else ()
    damaged(DOCUMENTS, *place, value=value)(world.folder)
    world.check(EVALUATE, words)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (("title",), ["document number 0, field title: is missing"]),
        (("sents",), ["EMB_0017, field sents: is missing"]),
        (("vertexSet",), ["field vertexSet: is missing"]),
        (("labels",), []),
        *(((*MENTION, key), [f"vertexSet[0][0].{key}: is missing"]) for key in ("name", "sent_id", "pos", "type")),
        *(((*LABEL, key), [f"labels[0].{key}: is missing"]) for key in ("r", "h", "t")),
        ((*LABEL, "evidence"), []),
    ],
    ids=str,
)
def test_a_missing_field_of_a_document(world: World, keys: Keys, words: Sequence[str]) -> None:
    without(DOCUMENTS, 0, *keys)(world.folder)
    world.check(EVALUATE, words)


def test_documents_as_a_whole(world: World) -> None:
    file = world.folder / DOCUMENTS
    documents = json.loads(file.read_text())
    many = {**documents[0], "vertexSet": documents[0]["vertexSet"][:1] * 5_000, "labels": []}
    long = {**documents[0], "sents": [*documents[0]["sents"], ["a"] * 200_000]}
    bare = [{**document, "labels": []} for document in documents]
    for changed, words in (
        ([documents[0], *documents], ["EMB_0017, field title: this title occurs twice"]),
        ([], ["test.json: holds no document"]),
        ([many], ["vertexSet: 5000 entities, at most 2000 fit", "split the document"]),
        ([long], ["sents: 200,", "at most 200,000 fit"]),
        (bare, ["test.json, field labels: the test split has no labelled fact"]),
    ):
        file.write_text(json.dumps(changed), encoding="utf-8")
        world.check(EVALUATE, words)


@pytest.mark.parametrize(
    ("file", "value", "words"),
    [
        *(
            ("rel2id", {"Na": 0, name: 1}, [f"no relation can have the name {name!r}"])
            for name in ("any", "~x", "#x", "a^b", "a <- b", "", " x", "a\nb", "a\u2028b", "\x1b[31m")
        ),
        ("rel2id", {"Na": 0, "x": 2}, ["rel2id.json: the numbers must be 0 to 1, each once"]),
        ("rel2id", {"Na": 0, "x": 0}, ["the numbers must be 0 to 1"]),
        ("rel2id", {"Na": 0, "x": -1}, ["the numbers must be 0 to 1"]),
        ("rel2id", {"Na": 0, "x": LONG}, ["the numbers must be 0 to 1"]),
        ("rel2id", {"Na": 0, "x": True}, ["expected `int`, got `bool`"]),
        ("rel2id", {"Na": 0, "x": 1.0}, ["expected `int`, got `float`"]),
        ("rel2id", {"Na": 0}, ["unknown relation 'agent_of'"]),
        ("ner2id", {"a": 0, "b": 2}, ["ner2id.json: the numbers must be 0 to 1"]),
        ("ner2id", {"a": "0"}, ["expected `int`, got `str`"]),
        ("ner2id", {"a": 0}, ["unknown entity type"]),
        ("corpus", {"name": None, "synthetic": True}, ["corpus.json, field name: expected `str`, got `null`"]),
        ("corpus", {"name": "", "synthetic": True}, ["name: expected `str` of length >= 1"]),
        ("corpus", {"name": "x"}, ["synthetic: is missing"]),
        ("corpus", {"name": "x", "synthetic": "no"}, ["synthetic: expected `bool`, got `str`"]),
        ("corpus", {"name": "x", "synthetic": 1}, ["synthetic: expected `bool`, got `int`"]),
    ],
)
def test_what_a_corpus_says_of_itself(world: World, file: str, value: Any, words: Sequence[str]) -> None:
    damaged(f"corpus/{file}.json", value=value)(world.folder)
    world.check(EVALUATE, words)


@pytest.mark.parametrize(
    ("keys", "value", "words"),
    [
        ((), None, ["[0]: expected `object`, got `null`"]),
        (("title",), "nobody", ["document nobody", "[0].title: no such document in this split"]),
        (("title",), None, ["[0].title: expected `str`, got `null`"]),
        (("h_idx",), 99, ["EMB_0017", "[0].h_idx: entity 99 does not exist: there are 11"]),
        (("h_idx",), -1, ["[0].h_idx: entity -1 does not exist"]),
        (("h_idx",), True, ["[0].h_idx: expected `int`, got `bool`"]),
        (("h_idx",), 0.0, ["[0].h_idx: expected `int`, got `float`"]),
        (("h_idx",), "0", ["[0].h_idx: expected `int`, got `str`"]),
        (("h_idx",), LONG, ["[0].h_idx: expected `int` <= 2147483647"]),
        (("t_idx",), 10**9, ["[0].t_idx: entity 1000000000 does not exist"]),
        (("r",), "eats", ["[0].r: unknown relation 'eats'"]),
        (("r",), "Na", ["[0].r: unknown relation 'Na'"]),
        (("r",), None, ["[0].r: expected `str`, got `null`"]),
        (("score",), "high", ["[0].score: expected `float | null`, got `str`"]),
        (("score",), True, ["[0].score: expected `float | null`, got `bool`"]),
        (("score",), float("nan"), ["broken JSON at line 1"]),
        (("score",), float("inf"), ["broken JSON at line 1"]),
        (("score",), None, []),
        (("more",), 1, []),
    ],
    ids=str,
)
def test_a_wrong_value_in_a_prediction(world: World, keys: Keys, value: Any, words: Sequence[str]) -> None:
    damaged("gold.json", 0, *keys, value=value)(world.folder)
    world.check(EVALUATE, words)


EXPLAINED: list[tuple[Keys, Any, Sequence[str]]] = [
    (("title",), None, ["line 1", "title: expected `str`, got `null`"]),
    (("title",), "nobody", ["line 1, document nobody: no such document in this split"]),
    (("h_idx",), 99, ["h_idx: entity 99 does not exist"]),
    (("h_idx",), "x", ["h_idx: expected `int`, got `str`"]),
    (("t_idx",), True, ["t_idx: expected `int`, got `bool`"]),
    (("r",), "eats", ["r: unknown relation 'eats'"]),
    (("score",), None, ["score: expected `float`, got `null`"]),
    (("score",), float("nan"), ["line 1: broken JSON"]),
    (("threshold",), "x", ["threshold: expected `float`, got `str`"]),
    (("reasons",), None, ["reasons: expected `array`, got `null`"]),
    (("reasons",), [1], ["reasons[0]: expected `object`, got `int`"]),
    (("predicted",), "no", ["predicted: expected `bool`, got `str`"]),
    (("reasons", 0, "contribution"), "x", ["reasons[0].contribution: expected `float`"]),
    (("reasons", 0, "path"), [], ["reasons[0].path: expected `array` of length >= 1"]),
    (("reasons", 0, "path", 0, "from_idx"), 99, ["reasons[0].path[0].from_idx: entity 99 does not exist"]),
    (("reasons", 0, "path", 0, "atom"), "eats", ["reasons[0].path[0].atom: unknown relation 'eats'"]),
    (("head",), None, ["is not what the run in run.json explained"]),  # nobody reads it
]


@pytest.mark.parametrize(("keys", "value", "words"), EXPLAINED, ids=str)
def test_a_wrong_value_in_an_explanation(world: World, keys: Keys, value: Any, words: Sequence[str]) -> None:
    file = world.folder / "run/explanations-test.jsonl"
    first, *others = file.read_text(encoding="utf-8").split("\n")
    file.write_text(first, encoding="utf-8")
    damaged("run/explanations-test.jsonl", *keys, value=value)(world.folder)
    file.write_text("\n".join([file.read_text(encoding="utf-8"), *others]), encoding="utf-8")
    said = "browse run --out page.html"
    world.check(said, words)
