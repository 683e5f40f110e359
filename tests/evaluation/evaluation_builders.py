"""Small documents for the evaluation tests."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from logire.corpus.document import Document, Entity, Fact, Mention, Schema
from logire.corpus.predictions import Prediction

SCHEMA = Schema(("a", "b", "c"), ("thing",))
LENGTH = 40


def mention(name: str, start: int, sentence: int = 0) -> Mention:
    return Mention(name, sentence, start, start + 1, "thing")


def make_document(
    title: str,
    entities: Sequence[Sequence[Mention]],
    facts: Sequence[tuple[int, str, int]],
    lengths: Sequence[int] = (LENGTH,),
) -> Document:
    """A document of sentences with ``lengths`` tokens, facts as (head, relation, tail)."""
    sentences = tuple(tuple(f"w{i}" for i in range(length)) for length in lengths)
    return Document(title, sentences, tuple(Entity(tuple(e)) for e in entities), tuple(Fact(*f) for f in facts))


def named(title: str, names: Sequence[str], facts: Sequence[tuple[int, str, int]]) -> Document:
    """A document of one sentence whose entity i has one mention, ``names[i]``, at token i."""
    return make_document(title, [[mention(name, i)] for i, name in enumerate(names)], facts)


@st.composite
def splits(draw: st.DrawFn) -> tuple[list[Document], list[Document], list[Prediction]]:
    """Training documents, scored documents (names shared between the two), and predictions with repetitions."""
    training = [draw(_documents(f"train{i}")) for i in range(draw(st.integers(0, 2)))]
    documents = [draw(_documents(f"test{i}")) for i in range(draw(st.integers(1, 3)))]
    predictions = []
    for document in documents:
        index = st.integers(0, len(document.entities) - 1)
        rows = draw(st.lists(st.tuples(index, st.sampled_from(SCHEMA.relations), index), max_size=12))
        predictions += [Prediction(document.title, *row) for row in rows]
    return training, documents, predictions


@st.composite
def _documents(draw: st.DrawFn, title: str) -> Document:
    lengths = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    mentions = st.integers(0, len(lengths) - 1).flatmap(
        lambda sentence: st.builds(
            mention, st.sampled_from("PQR"), st.integers(0, lengths[sentence] - 1), st.just(sentence)
        )
    )
    entities = draw(st.lists(st.lists(mentions, min_size=1, max_size=2), min_size=1, max_size=4))
    index = st.integers(0, len(entities) - 1)
    facts = draw(st.lists(st.tuples(index, st.sampled_from(SCHEMA.relations), index), max_size=8))
    return make_document(title, entities, facts, lengths)
