"""Documents as document-level relation extraction sees them: tokens, entities with mentions, facts.

Everything downstream (backbones, rules, evaluation) works on these classes; the file formats live in
:mod:`logire.corpus.docred` and :mod:`logire.corpus.annotations`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]

MOST_ENTITIES = 2000
"""The most entities of a document: with N of them and R relations its scores alone are N x N x R numbers."""

MOST_TOKENS = 200_000
"""The most tokens of a document; a long novel has as many."""


@dataclass(frozen=True)
class Mention:
    """One mention of an entity: tokens ``[start, end)`` of one sentence."""

    name: str
    sentence: int
    start: int
    end: int
    type: str


@dataclass(frozen=True)
class Entity:
    """An entity: its mentions, at least one. Its type is its first mention's."""

    mentions: tuple[Mention, ...]

    @property
    def type(self) -> str:
        return self.mentions[0].type

    @property
    def name(self) -> str:
        return self.mentions[0].name

    @property
    def names(self) -> tuple[str, ...]:
        """The distinct mention names, in order of first appearance."""
        return tuple(dict.fromkeys(mention.name for mention in self.mentions))


@dataclass(frozen=True)
class Fact:
    """A labelled relation ``relation(head, tail)``; head and tail index the document's entities."""

    head: int
    relation: str
    tail: int
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True)
class Document:
    """A document: ``title`` (its id), sentences of tokens, entities, facts (as annotated, duplicates kept)."""

    title: str
    sentences: tuple[tuple[str, ...], ...]
    entities: tuple[Entity, ...]
    facts: tuple[Fact, ...]

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        return tuple(token for sentence in self.sentences for token in sentence)

    @cached_property
    def sentence_offsets(self) -> tuple[int, ...]:
        """Document-level index of each sentence's first token."""
        offsets, total = [], 0
        for sentence in self.sentences:
            offsets.append(total)
            total += len(sentence)
        return tuple(offsets)

    def span(self, mention: Mention) -> tuple[int, int]:
        """The mention's tokens ``[start, end)``, counted from the document's first token."""
        offset = self.sentence_offsets[mention.sentence]
        return offset + mention.start, offset + mention.end

    def pair_distances(self) -> IntArray:
        """(N, N) number of tokens between the nearest mentions of two entities; 0 where they touch or overlap.

        Offsets are document-level (the distance of Figures 3 and 4). The diagonal is 0.
        """
        count = np.array([len(entity.mentions) for entity in self.entities], dtype=np.int64)
        spans = np.array([self.span(m) for entity in self.entities for m in entity.mentions]).reshape(-1, 2)
        first = np.cumsum(count) - count
        start, end = spans.T
        distances = np.zeros((len(count), len(count)), dtype=np.int64)
        for entity, (place, size) in enumerate(zip(first, count, strict=True)):
            own = spans[place : place + size]
            gap = np.maximum(start - own[:, 1:], own[:, :1] - end).min(axis=0)
            distances[entity] = np.maximum(np.minimum.reduceat(gap, first), 0)
        np.fill_diagonal(distances, 0)
        return distances


@dataclass(frozen=True)
class Schema:
    """The relation names (NA left out) and the entity types of a corpus; a name's position is its index."""

    relations: tuple[str, ...]
    types: tuple[str, ...]

    @cached_property
    def relation_index(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.relations)}

    @cached_property
    def type_index(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.types)}

    def entity_types(self, document: Document) -> IntArray:
        """(N,) type index of each entity."""
        return np.array([self.type_index[e.type] for e in document.entities], dtype=np.int64)

    def labels(self, document: Document) -> BoolArray:
        """(N, N, R) whether ``relation(head, tail)`` is labelled; duplicates fall together."""
        n = len(document.entities)
        labels = np.zeros((n, n, len(self.relations)), dtype=np.bool_)
        for fact in document.facts:
            labels[fact.head, fact.tail, self.relation_index[fact.relation]] = True
        return labels

    def in_train(self, document: Document, training_facts: TrainingFacts) -> BoolArray:
        """(N, N, R) whether (head name, tail name, relation) is a training fact through any mention names."""
        n = len(document.entities)
        result = np.zeros((n, n, len(self.relations)), dtype=np.bool_)
        names = [entity.names for entity in document.entities]
        for h, t in product(range(n), repeat=2):
            for pair in product(names[h], names[t]):
                for relation in training_facts.get(pair, ()):
                    result[h, t, self.relation_index[relation]] = True
        return result


# (head mention name, tail mention name) -> relations that hold between them somewhere in training
TrainingFacts = dict[tuple[str, str], frozenset[str]]


def training_facts(documents: list[Document] | tuple[Document, ...]) -> TrainingFacts:
    """Every (head name, tail name) -> relations of the training facts, over all mention names (Yao et al. 2019)."""
    found: dict[tuple[str, str], set[str]] = {}
    for document in documents:
        for fact in document.facts:
            heads, tails = document.entities[fact.head].names, document.entities[fact.tail].names
            for pair in product(heads, tails):
                found.setdefault(pair, set()).add(fact.relation)
    return {pair: frozenset(relations) for pair, relations in found.items()}
