"""Generating the corpus: documents ``EMB_0001``, ... of the training, development and test split, from one seed."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from logire.corpus.prepared import SPLITS
from logire.corpus.sources.embedded.episodes import build_story
from logire.corpus.sources.embedded.rules import (
    ETHNICITY,
    EVENT,
    LOCATION,
    MISC,
    MONEY,
    ORGANIZATION,
    PERSON,
    TIME,
)
from logire.corpus.sources.embedded.templates import FACTS
from logire.corpus.sources.embedded.text import realise
from logire.corpus.sources.embedded.world import build_world
from logire.ground.runtime import derive_seed

RELATIONS = tuple(FACTS)
"""The relations that occur, named as in DWIE."""

TYPES = (LOCATION, ORGANIZATION, PERSON, MISC, EVENT, ETHNICITY, TIME, MONEY)
"""The entity types that occur, named as in DWIE."""


class EmbeddedDocument(NamedTuple):
    """A generated document.

    Attributes:
        split: ``train``, ``dev`` or ``test``.
        record: the annotation in DWIE's raw format.
        inferred: (head, relation, tail), by concept number, of the facts that the text does not tell: no sentence
            mentions both entities.
    """

    split: str
    record: dict[str, Any]
    inferred: frozenset[tuple[int, str, int]]


def generate(seed: int, documents: tuple[int, int, int]) -> Iterator[EmbeddedDocument]:
    """Generate the corpus.

    Args:
        documents: how many for training, development and test.
    """
    world = build_world(Random(derive_seed(seed, "embedded", "world")))
    splits = [split for split, count in zip(SPLITS, documents, strict=True) for _ in range(count)]
    for number, split in enumerate(splits, start=1):
        story = build_story(Random(derive_seed(seed, "embedded", "document", number)), world)
        told = {frozenset((head, tail)) for (head, _, tail), _ in story.statements}
        record, concept_of = realise(story, f"EMB_{number:04d}", split)
        inferred = frozenset(
            (concept_of[head], relation, concept_of[tail])
            for head, relation, tail in story.gold()
            if frozenset((head, tail)) not in told
        )
        yield EmbeddedDocument(split, record, inferred)
