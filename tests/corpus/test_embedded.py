"""The embedded corpus: the planted rules hold, what only they tell stands far apart, the seed decides everything."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from logire.corpus.document import Document
from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.corpus.sources.dwie import dwie_schema
from logire.corpus.sources.embedded import prepare_embedded
from logire.corpus.sources.embedded.generate import RELATIONS, TYPES, EmbeddedDocument, generate
from logire.corpus.sources.embedded.rules import PLANTED_RULES, PlantedRule, groundings
from logire.corpus.sources.embedded.templates import ALONE, FACTS, FILLERS, UNRELATED
from logire.ground.errors import InputError

SIZE = (360, 80, 80)
FILES = ("train.json", "dev.json", "test.json", "rel2id.json", "ner2id.json", "corpus.json", "statistics.json")


@pytest.fixture(scope="module")
def generated() -> list[EmbeddedDocument]:
    return list(generate(13, SIZE))


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> PreparedCorpus:
    """The corpus as the DWIE road prepares it, sentence boundaries kept."""
    out = tmp_path_factory.mktemp("embedded") / "corpus"
    prepare_embedded(out, split_sentences=True)
    return PreparedCorpus.open(out)


def facts_and_types(document: Document) -> tuple[set[tuple[int, str, int]], list[str]]:
    return {(f.head, f.relation, f.tail) for f in document.facts}, [entity.type for entity in document.entities]


def all_documents(corpus: PreparedCorpus) -> list[Document]:
    return [document for split in SPLITS for document in corpus.documents(split)]


def test_names_are_dwies() -> None:
    assert set(RELATIONS) <= set(dwie_schema().relations)
    assert set(TYPES) <= set(dwie_schema().types)
    for rule in PLANTED_RULES:
        assert {rule.relation, *(atom.removeprefix("~") for atom in rule.body)} <= set(RELATIONS)


def brute_force(rule: PlantedRule, facts: set[tuple[int, str, int]], types: list[str]) -> set[tuple[int, int]]:
    """Every assignment of entities to the body's variables, tried one by one."""
    found = set()
    for path in product(range(len(types)), repeat=len(rule.body) + 1):
        steps = zip(path, rule.body, path[1:], strict=False)
        if all(((b, r[1:], a) if r.startswith("~") else (a, r, b)) in facts for a, r, b in steps):
            found.add((path[0], path[-1]))
    return {(h, t) for h, t in found if h != t and types[h] == rule.head_type and types[t] == rule.tail_type}


@pytest.mark.parametrize("rule", PLANTED_RULES, ids=lambda rule: f"{rule.relation}<-{'^'.join(rule.body)}")
def test_the_labels_obey_the_planted_rules(cut: PreparedCorpus, rule: PlantedRule) -> None:
    fired = held = 0
    for document in all_documents(cut):
        facts, types = facts_and_types(document)
        pairs = groundings(rule, facts, types)
        fired += len(pairs)
        held += sum((head, rule.relation, tail) in facts for head, tail in pairs)
    assert fired >= 30, "too few groundings to learn the rule from"
    if rule.confidence == 1.0:
        assert held == fired
    else:
        assert held / fired == pytest.approx(rule.confidence, abs=0.1)
        assert held < fired


def test_groundings_are_those_of_brute_force(cut: PreparedCorpus) -> None:
    for document in cut.dev[:4]:
        facts, types = facts_and_types(document)
        for rule in PLANTED_RULES:
            assert set(groundings(rule, facts, types)) == brute_force(rule, facts, types)


def test_inferred_facts_follow_from_facts_that_the_text_tells(generated: list[EmbeddedDocument]) -> None:
    """Without the inferred facts, the exact rules bring back all but those that typical rules drew."""
    exact = [rule for rule in PLANTED_RULES if rule.confidence == 1.0]
    lost = total = 0
    for document in generated:
        types = [concept["tags"][-1] for concept in document.record["concepts"]]
        facts = {(r["s"], r["p"], r["o"]) for r in document.record["relations"]} - document.inferred
        while True:
            new = {(h, rule.relation, t) for rule in exact for h, t in groundings(rule, facts, types)} - facts
            if not new:
                break
            facts |= new
        lost += len(document.inferred - facts)
        total += len(document.inferred)
    assert 0 < lost < 0.25 * total


def test_inferred_pairs_share_no_sentence_and_stand_far_apart(
    generated: list[EmbeddedDocument], cut: PreparedCorpus
) -> None:
    documents = {document.title: document for document in all_documents(cut)}
    counted = 0
    for made in generated:
        document = documents[made.record["id"]]
        distances = document.pair_distances()
        sentences = [{mention.sentence for mention in entity.mentions} for entity in document.entities]
        for head, relation, tail in made.inferred:
            counted += 1
            where = f"{document.title}: {relation}({document.entities[head].name}, {document.entities[tail].name})"
            assert not sentences[head] & sentences[tail], where
            assert distances[head, tail] >= 20, where
    assert counted > 0.2 * sum(len(document.facts) for document in documents.values())


def test_told_facts_share_a_sentence(generated: list[EmbeddedDocument], cut: PreparedCorpus) -> None:
    documents = {document.title: document for document in all_documents(cut)}
    for made in generated:
        document = documents[made.record["id"]]
        sentences = [{mention.sentence for mention in entity.mentions} for entity in document.entities]
        for fact in document.facts:
            if (fact.head, fact.relation, fact.tail) not in made.inferred:
                assert sentences[fact.head] & sentences[fact.tail], f"{document.title}: {fact}"


def test_sizes(cut: PreparedCorpus) -> None:
    assert [len(cut.documents(split)) for split in SPLITS] == list(SIZE)
    assert [document.title for document in all_documents(cut)] == [f"EMB_{n:04d}" for n in range(1, 521)]
    for document in all_documents(cut):
        assert 150 <= len(document.tokens) <= 350
        assert 9 <= len(document.entities) <= 20
        assert not any(fact.head == fact.tail for fact in document.facts)
    assert (cut.name, cut.synthetic) == ("embedded", True)


def test_not_all_entities_of_a_type_are_related(cut: PreparedCorpus) -> None:
    """Types alone do not give the relation: most pairs of a query type's types are not labelled."""
    locations = related = 0
    for document in cut.train:
        facts, types = facts_and_types(document)
        for head, tail in product(range(len(types)), repeat=2):
            if (types[head], types[tail]) == ("type::person", "type::location"):
                locations += 1
                related += any((head, relation, tail) in facts for relation in RELATIONS)
    assert 0.05 < related / locations < 0.4


def test_training_and_test_share_countries_but_hardly_any_people(cut: PreparedCorpus) -> None:
    def names(documents: tuple[Document, ...], kind: str) -> set[str]:
        return {entity.name for document in documents for entity in document.entities if entity.type == kind}

    train, test = (names(documents, "type::ethnicity") for documents in (cut.train, cut.test))
    assert len(test - train) == 0
    train, test = (names(documents, "type::person") for documents in (cut.train, cut.test))
    assert len(test & train) < 0.15 * len(test)


def test_every_template_names_its_entities() -> None:
    for relation, clauses in FACTS.items():
        assert len(clauses) >= 2, relation
    for clause in [c for clauses in (*FACTS.values(), *UNRELATED.values()) for c in clauses]:
        assert clause.count("{h}") == clause.count("{t}") == 1, clause
    for clause in [c for clauses in ALONE.values() for c in clauses]:
        assert (clause.count("{h}"), clause.count("{t}")) == (1, 0), clause
    assert not any("{" in clause for clause in FILLERS)
    assert set(ALONE) == set(TYPES)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 13), ("b", 13), ("c", 14)):
        prepare_embedded(tmp_path / name, raw=tmp_path / f"{name}.jsonl.gz", seed=seed, documents=(4, 2, 2))
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert (tmp_path / "a.jsonl.gz").read_bytes() != (tmp_path / "c.jsonl.gz").read_bytes()
    for file in FILES:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_document_does_not_depend_on_how_many_there_are() -> None:
    few, more = (list(generate(5, documents)) for documents in ((3, 1, 1), (3, 2, 2)))
    assert [d.record for d in few[:4]] == [d.record for d in more[:4]]


def test_raw_annotations_are_read_where_they_exist(tmp_path: Path) -> None:
    raw = tmp_path / "raw.jsonl"
    prepare_embedded(tmp_path / "a", raw=raw, documents=(4, 2, 2))
    before = raw.read_bytes()
    assert [json.loads(line)["tags"][-1] for line in before.splitlines()] == ["train"] * 4 + ["dev"] * 2 + ["test"] * 2
    prepare_embedded(tmp_path / "b", raw=raw, seed=99, documents=(9, 9, 9))
    assert raw.read_bytes() == before
    for file in set(FILES) - {"corpus.json"}:  # which says how it was asked for
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_raw_annotations_of_another_corpus_are_refused(tmp_path: Path) -> None:
    raw = tmp_path / "raw.jsonl"
    raw.write_text('{"id": "A", "tags": ["all"]}\n', encoding="utf-8")
    with pytest.raises(InputError, match="none of its tags is train, dev or test") as caught:
        prepare_embedded(tmp_path / "out", raw=raw)
    assert (caught.value.file, caught.value.field) == (f"{raw}:1", "tags")
    assert not (tmp_path / "out").exists()
