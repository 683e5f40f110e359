"""What a document derives from itself: spans, distances, labels, training facts, against brute force."""

from __future__ import annotations

from itertools import product

import numpy as np
from corpus_builders import SCHEMA, document
from hypothesis import given
from hypothesis import strategies as st

from logire.corpus.document import Document, Entity, Fact, Mention, training_facts
from logire.corpus.statistics import statistics

SENTENCES = (("a", "b", "c"), ("d", "e"), ("f", "g", "h", "i"))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Documents over ``SENTENCES`` with up to five entities of up to three mentions."""

    def mention() -> Mention:
        sentence = draw(st.integers(0, len(SENTENCES) - 1))
        start = draw(st.integers(0, len(SENTENCES[sentence]) - 1))
        end = draw(st.integers(start + 1, len(SENTENCES[sentence])))
        return Mention(draw(st.sampled_from("xyz")), sentence, start, end, draw(st.sampled_from(SCHEMA.types)))

    count = draw(st.integers(1, 5))
    entities = tuple(Entity(tuple(mention() for _ in range(draw(st.integers(1, 3))))) for _ in range(count))
    index = st.integers(0, count - 1)
    facts = draw(st.lists(st.builds(Fact, index, st.sampled_from(SCHEMA.relations), index), max_size=6))
    return Document("D", SENTENCES, entities, tuple(facts))


def token_set(document: Document, mention: Mention) -> set[int]:
    start, end = document.span(mention)
    return set(range(start, end))


@given(documents())
def test_spans_point_at_the_mention_in_the_whole_text(document: Document) -> None:
    for entity in document.entities:
        for mention in entity.mentions:
            start, end = document.span(mention)
            assert document.tokens[start:end] == SENTENCES[mention.sentence][mention.start : mention.end]


@given(documents())
def test_distances_count_the_tokens_between_the_nearest_mentions(document: Document) -> None:
    distances = document.pair_distances()
    for h, t in product(range(len(document.entities)), repeat=2):
        between = min(
            max(0, min(abs(a - b) for a, b in product(token_set(document, m), token_set(document, n))) - 1)
            for m, n in product(document.entities[h].mentions, document.entities[t].mentions)
        )
        assert distances[h, t] == (0 if h == t else between)


@given(documents())
def test_labels_are_the_distinct_facts(document: Document) -> None:
    labels = SCHEMA.labels(document)
    found = {(h, SCHEMA.relations[r], t) for h, t, r in np.argwhere(labels).tolist()}
    assert found == {(fact.head, fact.relation, fact.tail) for fact in document.facts}


@given(documents(), documents())
def test_in_train_looks_through_every_mention_name(train: Document, document: Document) -> None:
    known = {
        (a.name, fact.relation, b.name)
        for fact in train.facts
        for a, b in product(train.entities[fact.head].mentions, train.entities[fact.tail].mentions)
    }
    found = SCHEMA.in_train(document, training_facts([train]))
    for h, t in product(range(len(document.entities)), repeat=2):
        for r, relation in enumerate(SCHEMA.relations):
            pairs = product(document.entities[h].mentions, document.entities[t].mentions)
            assert found[h, t, r] == any((a.name, relation, b.name) in known for a, b in pairs)


def test_types_and_names_are_the_first_mentions() -> None:
    entity = Entity((Mention("Ann Lee", 0, 0, 2, "p"), Mention("Lee", 0, 3, 4, "q"), Mention("Ann Lee", 1, 0, 2, "p")))
    assert (entity.type, entity.name, entity.names) == ("p", "Ann Lee", ("Ann Lee", "Lee"))


def test_statistics_count_duplicates_and_know_unlabelled_splits() -> None:
    facts = [(0, "in0", 1), (0, "in0", 1), (1, "in0", 0)]
    found = statistics(
        {"train": [document("A", 2, facts), document("B", 4)], "test": [document("C", 3)]},
        SCHEMA,
        name="tiny",
        synthetic=True,
    )
    assert found == {
        "corpus": "tiny",
        "synthetic": True,
        "relations": 2,
        "splits": {
            "train": {
                "documents": 2,
                "entities": 6,
                "mentions": 6,
                "facts": 3,
                "distinct_facts": 2,
                "tokens": 12,
                "longest_document": 8,
                "most_entities": 4,
            },
            "test": {
                "documents": 1,
                "entities": 3,
                "mentions": 3,
                "facts": None,
                "distinct_facts": None,
                "tokens": 6,
                "longest_document": 6,
                "most_entities": 3,
            },
        },
    }
