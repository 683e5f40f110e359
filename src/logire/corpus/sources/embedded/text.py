"""From a story to its text and its record in DWIE's raw annotation format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import product
from random import Random
from typing import Any

from logire.corpus.sources.embedded.rules import MONEY, PERSON, TIME
from logire.corpus.sources.embedded.templates import ALONE, CURRENCIES, DAYS, FACTS, FILLERS, JOINTS, UNRELATED
from logire.corpus.sources.embedded.world import Part, Story

Clause = tuple[str, tuple[int, ...]]
"""A clause with slots for entities, and the entities, head first."""

MIN_GAP = 24
"""Words, at least, between the front of a text and its back."""

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([ht])\}")


def realise(story: Story, title: str, split: str) -> tuple[dict[str, Any], dict[int, int]]:
    """Tell a story.

    Returns:
        Its record, with ``content`` and the character offsets of its mentions; and entity -> concept number, in the
        order of their first mentions.
    """
    parts = _lay_out(story)
    writer = _Writer(story)
    for part in Part:
        writer.paragraph(parts[part])
    order = dict.fromkeys(entity for _, _, entity in writer.mentions)
    concept_of = {entity: number for number, entity in enumerate(order)}
    return writer.record(title, split, concept_of), concept_of


def _lay_out(story: Story) -> dict[Part, list[list[Clause]]]:
    """The sentences of each part, each a list of clauses, in order."""
    rng = story.rng
    clauses: dict[Part, list[Clause]] = {part: [] for part in Part}
    members: dict[Part, set[int]] = {part: set() for part in Part}
    for (head, relation, tail), part in story.statements:
        clauses[part].append((_choose(rng, FACTS[relation]), (head, tail)))
        members[part] |= {head, tail}
    told = set().union(*members.values())
    for entity in range(len(story.actors)):
        if entity not in told:
            members[Part.GAP].add(entity)
            clauses[Part.GAP].append(_alone(story, entity))
    related = {frozenset((head, tail)) for head, _, tail in story.gold()}
    for part in Part:
        clauses[part] += _unrelated(story, sorted(members[part]), related)
        clauses[part] += [_alone(story, entity) for entity in sorted(members[part] & told) if story.draw(0.06)]
    for kind, name in _asides(rng):
        clauses[rng.choice(list(Part))].append(_alone(story, story.add(kind, name)))
    sentences = {part: _join(rng, clauses[part]) for part in Part}
    while _words(sentences[Part.GAP]) < MIN_GAP:
        _pad(rng, sentences[Part.GAP])
    length = rng.randint(130, 200)
    while sum(map(_words, sentences.values())) < length:
        _pad(rng, sentences[rng.choice(list(Part))])
    return sentences


def _choose(rng: Random, templates: Sequence[str]) -> str:
    """One of the templates, its choices made."""
    return _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), rng.choice(templates))


def _words(sentences: list[list[Clause]]) -> int:
    return sum(len(clause.split()) for sentence in sentences for clause, _ in sentence)


def _pad(rng: Random, sentences: list[list[Clause]]) -> None:
    """Put a sentence that names nobody somewhere among the others."""
    sentences.insert(rng.randint(0, len(sentences)), [(_choose(rng, FILLERS), ())])


def _alone(story: Story, entity: int) -> Clause:
    return _choose(story.rng, ALONE[story.actors[entity].type]), (entity,)


def _asides(rng: Random) -> list[tuple[str, str]]:
    """Times and sums of money: entities that no relation ever touches."""
    found = [(TIME, day) for day in rng.sample(DAYS, rng.randint(0, 2))]
    if rng.random() < 0.4:
        found.append((MONEY, f"{rng.randint(2, 90)} million {rng.choice(CURRENCIES)}"))
    return found


def _unrelated(story: Story, members: list[int], related: set[frozenset[int]]) -> list[Clause]:
    """At most one clause on a pair of entities of one part of the text between which nothing holds."""
    kinds = story.types
    pairs = [
        (head, tail)
        for head, tail in product(members, repeat=2)
        if head != tail and (kinds[head], kinds[tail]) in UNRELATED and frozenset((head, tail)) not in related
    ]
    chosen = story.rng.sample(pairs, min(len(pairs), story.rng.randint(0, 1)))
    return [(_choose(story.rng, UNRELATED[kinds[head], kinds[tail]]), (head, tail)) for head, tail in chosen]


def _join(rng: Random, clauses: list[Clause]) -> list[list[Clause]]:
    """Shuffle clauses into sentences of one or two."""
    clauses = rng.sample(clauses, len(clauses))
    sentences: list[list[Clause]] = []
    while clauses:
        size = 2 if rng.random() < 0.08 else 1
        sentences.append(clauses[:size])
        clauses = clauses[size:]
    return sentences


class _Writer:
    """Writes sentences into one text and keeps where each entity is mentioned."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.text = ""
        self.mentions: list[tuple[int, int, int]] = []  # begin, end, entity
        self.mentioned: set[int] = set()

    def paragraph(self, sentences: list[list[Clause]]) -> None:
        for index, sentence in enumerate(sentences):
            if index:
                self.text += " "
            elif self.text:
                self.text += "\n\n"
            start = len(self.text)
            for number, (clause, entities) in enumerate(sentence):
                if number:
                    self.text += self.story.rng.choice(JOINTS)
                self._clause(clause, entities)
            self.text = f"{self.text[:start]}{self.text[start].upper()}{self.text[start + 1 :]}."

    def _clause(self, clause: str, entities: tuple[int, ...]) -> None:
        for index, piece in enumerate(_SLOT.split(clause)):
            if index % 2:
                self._mention(entities["ht".index(piece)])
            else:
                self.text += piece

    def _mention(self, entity: int) -> None:
        actor = self.story.actors[entity]
        short = entity in self.mentioned and (actor.type != PERSON or self.story.draw(0.7))
        name = actor.names[-1] if short else actor.names[0]
        self.mentioned.add(entity)
        self.mentions.append((len(self.text), len(self.text) + len(name), entity))
        self.text += name

    def record(self, title: str, split: str, concept_of: dict[int, int]) -> dict[str, Any]:
        """The annotation record."""
        counts = Counter(entity for _, _, entity in self.mentions)
        return {
            "id": title,
            "content": self.text,
            "tags": ["all", split],
            "mentions": [
                {"begin": begin, "end": end, "text": self.text[begin:end], "concept": concept_of[entity]}
                for begin, end, entity in self.mentions
            ],
            "concepts": [
                {
                    "concept": number,
                    "text": self.story.actors[entity].names[0],
                    "keyword": False,
                    "count": counts[entity],
                    "tags": ["type::entity", self.story.actors[entity].type],
                }
                for entity, number in concept_of.items()
            ],
            "relations": [
                {"s": head, "p": relation, "o": tail}
                for head, relation, tail in sorted((concept_of[h], r, concept_of[t]) for h, r, t in self.story.gold())
            ],
            "frames": [],
            "iptc": [],
        }
