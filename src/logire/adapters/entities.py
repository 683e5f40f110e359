"""Entities from what tools give: mentions, by clusters, by equal names, or as the entities of given documents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from logire.adapters.registry import Source
from logire.corpus.document import Document, Entity, Mention
from logire.ground.errors import InputError

UNKNOWN = "mentions that no entity of the given documents has, left out"
BY_NAME = "entities that were put together by their name alone"

Sentences = tuple[tuple[str, ...], ...]


class Spot(NamedTuple):
    """A mention: tokens ``[start, end)``, counted from the document's first; None where they are not known."""

    name: str
    type: str
    start: int | None
    end: int | None
    field: str
    """Where it stands in the file."""


@dataclass(frozen=True)
class Found:
    """A document, and of each mention the entity it belongs to (None: it is left out)."""

    document: Document
    entity: tuple[int | None, ...]
    notes: Counter[str]


def same_name(name: str) -> str:
    """What two mentions of one entity have in common: their name, whatever its case and its spaces."""
    return " ".join(name.split()).casefold()


def tokens_of(text: str, cuts: Sequence[int] = ()) -> list[tuple[str, int, int]]:
    """Words and signs of a text, each with its characters [begin, end); there is a boundary at each of ``cuts``."""
    edges = [0, *sorted(cut for cut in set(cuts) if 0 < cut < len(text)), len(text)]
    return [
        (match[0], start + match.start(), start + match.end())
        for start, end in pairwise(edges)
        for match in re.finditer(r"\w+|[^\w\s]", text[start:end])
    ]


def gather(
    source: Source, title: str, sentences: Sentences, spots: Sequence[Spot], clusters: Sequence[Sequence[int]] | None
) -> Found:
    """The document of a tool's mentions.

    Args:
        clusters: of each entity the numbers of its mentions; mentions in none are entities of their own. Without
            clusters, and without given documents, mentions with the same name are one entity.

    Raises:
        InputError: a mention lies outside the text, a cluster names a mention that does not exist or one of another
            cluster, or a given document lacks a mention.
    """
    if (given := source.document(title)) is not None:
        return _in_given(source, given, spots)
    tokens = sum(map(len, sentences))
    for spot in spots:
        if spot.start is None or spot.end is None or not 0 <= spot.start < spot.end <= tokens:
            problem = f"[{spot.start}, {spot.end}) lies outside the text of {tokens} tokens"
            remedy = "give the text that the tool has read"
            raise InputError(problem, file=source.path, document=title, field=spot.field, remedy=remedy)
    notes: Counter[str] = Counter()
    if clusters is None:
        entity = _by_name(spots)
        notes[BY_NAME] = sum(1 for count in Counter(entity).values() if count > 1)
    else:
        entity = _by_cluster(source, title, clusters, len(spots))
    members: list[list[Mention]] = [[] for _ in range(max(entity, default=-1) + 1)]
    for spot, number in zip(spots, entity, strict=True):
        members[number].append(_mention(spot, sentences))
    document = Document(title, sentences, tuple(Entity(tuple(mentions)) for mentions in members), ())
    return Found(document, tuple(entity), +notes)


def _by_name(spots: Sequence[Spot]) -> list[int]:
    numbers: dict[str, int] = {}
    return [numbers.setdefault(same_name(spot.name), len(numbers)) for spot in spots]


def _by_cluster(source: Source, title: str, clusters: Sequence[Sequence[int]], mentions: int) -> list[int]:
    owner: dict[int, int] = {}
    for c, cluster in enumerate(clusters):
        for number in cluster:
            problem = None
            if not 0 <= number < mentions:
                problem = f"mention {number} does not exist: there are {mentions}"
            elif owner.setdefault(number, c) != c:
                problem = f"mention {number} is in cluster {owner[number]} too"
            if problem:
                remedy = "a cluster lists the numbers of its mentions, from 0, in the order of the document's list"
                raise InputError(problem, file=source.path, document=title, field=f"clusters[{c}]", remedy=remedy)
    order: dict[int, int] = {}
    return [order.setdefault(owner.get(m, -1 - m), len(order)) for m in range(mentions)]


def _mention(spot: Spot, sentences: Sentences) -> Mention:
    """The mention in its first sentence; what reaches into the next one is cut off."""
    start, end, offset = int(spot.start or 0), int(spot.end or 0), 0
    for number, sentence in enumerate(sentences):
        if start < offset + len(sentence):
            return Mention(spot.name, number, start - offset, min(end - offset, len(sentence)), spot.type)
        offset += len(sentence)
    raise AssertionError("checked before")


def _in_given(source: Source, document: Document, spots: Sequence[Spot]) -> Found:
    """Mentions by where they stand, and where no entity stands there, by their name (the first entity that has it)."""
    spans: dict[tuple[int, int], int] = {}
    names: dict[str, int] = {}
    for number, entity in enumerate(document.entities):
        for mention in entity.mentions:
            spans.setdefault(document.span(mention), number)
            names.setdefault(same_name(mention.name), number)
    found: list[int | None] = []
    notes: Counter[str] = Counter()
    for spot in spots:
        place: int | None = None
        if spot.start is not None and spot.end is not None:
            place = spans.get((spot.start, spot.end))
        place = names.get(same_name(spot.name)) if place is None else place
        if place is None:
            if source.options.unknown == "error":
                raise InputError(
                    f"no entity of the given document has the mention {spot.name!r}",
                    file=source.path,
                    document=document.title,
                    field=spot.field,
                    remedy="add it to the documents, or leave such mentions out with --unknown drop",
                )
            notes[UNKNOWN] += 1
        found.append(place)
    return Found(document, tuple(found), notes)
