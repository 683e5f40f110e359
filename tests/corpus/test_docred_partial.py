"""The partial DocRED: which documents, and how triples of names become facts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from logire.corpus.docred import read_docred
from logire.corpus.document import Document, Entity, Fact, Mention
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.sources import registry
from logire.corpus.sources.docred_partial import REVISED, TRAIN, TRIPLES, resolve_triples
from logire.ground.errors import InputError


def document(*entities: tuple[str, ...], facts: tuple[Fact, ...] = ()) -> Document:
    """A document of one sentence; each entity is given by its mentions' names, one token each."""
    members, tokens = [], []
    for names in entities:
        start = len(tokens)
        tokens += names
        members.append(Entity(tuple(Mention(n, 0, start + i, start + i + 1, "LOC") for i, n in enumerate(names))))
    return Document("D", (tuple(tokens),), tuple(members), facts)


def prepare(source: str, raw: Path, out: Path) -> None:
    """Prepare a source that has no options."""
    found = registry.find(source)
    found.prepare(raw, out, found.Options())


def pairs(found: list[Fact]) -> list[tuple[int, int]]:
    return [(fact.head, fact.tail) for fact in found]


def test_a_name_means_first_mentions_before_others() -> None:
    made = document(("Rome",), ("Roma", "Rome"), ("Italy", "it"))
    assert resolve_triples(made, [("Rome", "Italy", "P17")]) == [Fact(0, "P17", 2)]
    assert resolve_triples(made, [("Roma", "it", "P17")]) == [Fact(1, "P17", 2)]


def test_as_many_facts_as_times_it_is_given() -> None:
    made = document(("Rome",), ("Rome",), ("Rome",), ("Italy",))
    triple = ("Rome", "Italy", "P17")
    assert pairs(resolve_triples(made, [triple])) == [(0, 3)]
    assert pairs(resolve_triples(made, [triple] * 2)) == [(0, 3), (1, 3)]
    assert pairs(resolve_triples(made, [triple] * 3)) == [(0, 3), (1, 3), (2, 3)]
    assert pairs(resolve_triples(made, [triple] * 5)) == [(0, 3), (1, 3), (2, 3)]


def test_the_revised_label_decides_between_equal_names() -> None:
    revised = (Fact(2, "P17", 3), Fact(1, "P131", 3))
    made = document(("Rome",), ("Rome",), ("Rome",), ("Italy",), facts=revised)
    assert pairs(resolve_triples(made, [("Rome", "Italy", "P17")])) == [(2, 3)]
    assert pairs(resolve_triples(made, [("Rome", "Italy", "P17")] * 2)) == [(2, 3), (0, 3)]
    assert pairs(resolve_triples(made, [("Rome", "Italy", "P131")])) == [(1, 3)]


def test_no_entity_is_related_to_itself() -> None:
    assert resolve_triples(document(("Rome", "Roma")), [("Rome", "Roma", "P36")]) == []
    assert pairs(resolve_triples(document(("Rome",), ("Rome",)), [("Rome", "Rome", "P36")])) == [(0, 1)]


def test_an_unknown_name() -> None:
    with pytest.raises(InputError, match="no entity has this name") as caught:
        resolve_triples(document(("Rome",)), [("Rome", "Paris", "P17")])
    assert (caught.value.document, caught.value.field) == ("D", "Paris")


def record(title: str, text: str, labels: list[tuple[int, str, int]]) -> dict[str, object]:
    """A DocRED record of one sentence in which every capitalised word is an entity."""
    tokens = text.split()
    members = [
        [{"name": token, "sent_id": 0, "pos": [i, i + 1], "type": "LOC"}]
        for i, token in enumerate(tokens)
        if token.istitle()
    ]
    facts = [{"h": h, "r": r, "t": t, "evidence": [0]} for h, r, t in labels]
    return {"title": title, "sents": [tokens], "vertexSet": members, "labels": facts}


def raw_files() -> dict[str, object]:
    return {
        TRAIN[0]: [record("A", "Rome in Italy", [(0, "P17", 1)]), record("B", "Paris is big", [])],
        TRAIN[1]: [
            record("B", "Paris is big", []),
            record("C", "Oslo in Norway", [(0, "P17", 1)]),
            record("E", "Bonn in Germany", [(0, "P17", 1)]),
        ],
        REVISED["dev"]: [record("E", "Bonn in Germany", [(0, "P17", 1), (0, "P131", 1)])],
        REVISED["test"]: [record("F", "Lyon in France", []), record("G", "Nice without labels at hand", [])],
        TRIPLES: {
            "Bonn in  Germany ": [["Bonn", "Germany", "country"]],
            "Lyon in France": [["Lyon", "France", "country"]],
        },
        "docred/rel2id": {"Na": 0, "P17": 1, "P131": 2},
        "docred/ner2id": {"BLANK": 0, "LOC": 1},
        "docred/rel_info": {"P17": "country", "P131": "located in"},
    }


def write(folder: Path, files: dict[str, object]) -> Path:
    for name, value in files.items():
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))
    return folder


def content(corpus: PreparedCorpus) -> dict[str, list[tuple[str, list[tuple[int, str, int]]]]]:
    return {
        split: [(d.title, [(f.head, f.relation, f.tail) for f in d.facts]) for d in corpus.documents(split)]
        for split in ("train", "dev", "test")
    }


def test_both_corpora_have_the_same_documents(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", raw_files())
    prepare("docred-partial", raw, tmp_path / "original")
    prepare("redocred-partial", raw, tmp_path / "revised")
    original, revised = (PreparedCorpus.open(tmp_path / name) for name in ("original", "revised"))
    train = [("A", [(0, "P17", 1)]), ("B", []), ("C", [(0, "P17", 1)])]
    assert content(original) == {"train": train, "dev": [("E", [(0, "P17", 1)])], "test": [("F", [(0, "P17", 1)])]}
    assert content(revised) == {"train": train, "dev": [("E", [(0, "P17", 1), (0, "P131", 1)])], "test": [("F", [])]}
    assert (original.name, revised.name) == ("docred-partial", "redocred-partial")
    assert not original.synthetic
    assert original.schema == revised.schema
    assert original.schema.relations == ("P17", "P131")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            TRIPLES,
            {"Bonn in Germany": [["Bonn", "Germany", "no such relation"]]},
            "unknown relation 'no such relation'",
        ),
        (TRIPLES, {"Bonn in Germany": [["Bonn", "country"]]}, "expected `array` of length 3"),
        (TRIPLES, {"Bonn in Germany": [["Berlin", "Germany", "country"]]}, "no entity has this name"),
        (TRIPLES, [], "expected `object`, got `array`"),
        (TRAIN[0], None, "does not exist"),
    ],
)
def test_refusals(tmp_path: Path, name: str, value: object, message: str) -> None:
    raw = write(tmp_path / "raw", raw_files() | {name: value})
    if value is None:
        (raw / f"{name}.json").unlink()
    with pytest.raises(InputError, match=message) as caught:
        prepare("docred-partial", raw, tmp_path / "out")
    assert name in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def real(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, PreparedCorpus]:
    folder = tmp_path_factory.mktemp("docred-partial")
    prepare("docred-partial", real_data, folder / "original")
    prepare("redocred-partial", real_data, folder / "revised")
    return {labels: PreparedCorpus.open(folder / labels) for labels in ("original", "revised")}


@pytest.mark.real_data
@pytest.mark.parametrize(("labels", "facts"), [("original", (5323, 6081, 6108)), ("revised", (5323, 17143, 17375))])
def test_the_real_counts(real: dict[str, PreparedCorpus], labels: str, facts: tuple[int, ...]) -> None:
    splits = [real[labels].documents(split) for split in ("train", "dev", "test")]
    assert [len(documents) for documents in splits] == [424, 492, 493]
    assert [sum(len(d.entities) for d in documents) for documents in splits] == [8150, 9573, 9685]
    assert tuple(sum(len(d.facts) for d in documents) for documents in splits) == facts
    assert len({d.title for documents in splits for d in documents}) == 424 + 985


@pytest.mark.real_data
def test_only_labels_differ(real: dict[str, PreparedCorpus]) -> None:
    for split in ("train", "dev", "test"):
        pairs = zip(real["original"].documents(split), real["revised"].documents(split), strict=True)
        assert all(replace(original, facts=()) == replace(revised, facts=()) for original, revised in pairs)
    assert real["original"].train == real["revised"].train


@pytest.mark.real_data
def test_resolved_facts_are_the_original_labels_where_those_are_at_hand(
    real_data: Path, real: dict[str, PreparedCorpus]
) -> None:
    """151 documents come with their original labels by entity too: names must lead back to these."""
    resolved = {d.title: d for split in ("dev", "test") for d in real["original"].documents(split)}
    given = {
        d.title: d
        for name in ("jerex_dev_joint_300", "revisit_valid_revise_96")
        for d in read_docred(real_data / "docred" / f"{name}.json.gz")
        if d.title in resolved
    }
    right = wanted = 0
    for title, original in given.items():
        same = [most_alike(entity, resolved[title]) for entity in original.entities]
        truth = {(same[f.head], f.relation, same[f.tail]) for f in original.facts}
        facts = {(f.head, f.relation, f.tail) for f in resolved[title].facts}
        assert facts <= truth
        assert all(head == tail for head, _, tail in truth - facts)  # Re-DocRED merged these two entities
        right, wanted = right + len(facts), wanted + len(truth)
    assert (len(given), right, wanted) == (151, 1897, 1901)


def most_alike(entity: Entity, document: Document) -> int:
    """The document's entity that shares most mentions with this one of another annotation of it."""

    def spans(entity: Entity) -> set[tuple[int, int, int]]:
        return {(m.sentence, m.start, m.end) for m in entity.mentions}

    shared = [len(spans(entity) & spans(other)) for other in document.entities]
    return shared.index(max(shared))
