"""The world behind the documents, and one document's part of it: its entities, what holds, and what is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from random import Random
from typing import NamedTuple

from logire.corpus.sources.embedded.names import Coin, Lexicon, Names
from logire.corpus.sources.embedded.rules import (
    ETHNICITY,
    LOCATION,
    PERSON,
    Triple,
    close,
)


class Part(IntEnum):
    """A part of the text; of two entities that only the rules connect, one stays in the front, one in the back."""

    FRONT = 0
    GAP = 1
    BACK = 2


class Country(NamedTuple):
    """A country that every document may mention, with what is well known of it; cities lie in regions in turn."""

    name: str
    demonym: str
    cities: tuple[str, ...]
    regions: tuple[str, ...]
    monarch: tuple[str, str] | None


class World(NamedTuple):
    """What all documents share: the countries, and the words for everybody else's names."""

    countries: tuple[Country, ...]
    lexicon: Lexicon


class Actor(NamedTuple):
    """An entity of a story: its type and its names, the full one first."""

    type: str
    names: tuple[str, ...]


class Statement(NamedTuple):
    """A fact that the text tells, and where."""

    fact: Triple
    part: Part


@dataclass
class Story:
    """One document's entities, the facts put into its world, and those that the text tells."""

    rng: Random
    names: Names
    actors: list[Actor] = field(default_factory=list)
    facts: list[Triple] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)

    def add(self, kind: str, *names: str) -> int:
        self.actors.append(Actor(kind, names))
        return len(self.actors) - 1

    def person(self) -> int:
        return self.add(PERSON, *self.names.person())

    def hold(self, head: int, relation: str, tail: int) -> None:
        """Let a fact hold without telling it."""
        self.facts.append((head, relation, tail))

    def tell(self, head: int, relation: str, tail: int, part: Part) -> None:
        """Let a fact hold and tell it."""
        self.hold(head, relation, tail)
        self.statements.append(Statement((head, relation, tail), part))

    def draw(self, probability: float) -> bool:
        return self.rng.random() < probability

    @property
    def types(self) -> list[str]:
        return [actor.type for actor in self.actors]

    def gold(self) -> list[Triple]:
        """All facts that hold: those put in, and what follows by the exact rules."""
        return close(self.facts, self.types)


def build_world(rng: Random) -> World:
    """Ten countries, most of them monarchies."""
    coin = Coin(rng)
    lexicon = Lexicon(coin)
    names = Names(rng, lexicon)
    countries = []
    for index in range(10):
        monarch = names.royal(("Queen", "King")) if index % 3 else None
        countries.append(Country(*coin.country(), coin.cities(3), coin.regions(2), monarch))
    return World(tuple(countries), lexicon)


class Scene:
    """A country in a story; its demonym and its cities enter the story when they are first asked for."""

    def __init__(self, story: Story, country: Country, *, direct: bool) -> None:
        self.story = story
        self.country = country
        self.direct = direct
        self.place = story.add(LOCATION, country.name)
        self._demonym: int | None = None
        self._cities = story.rng.sample(range(len(country.cities)), len(country.cities))
        self._regions: dict[str, int] = {}

    def part(self) -> Part:
        """Where a fact about the country itself may stand."""
        return self.story.rng.choice(list(Part)) if self.direct else Part.BACK

    def demonym(self) -> int:
        if self._demonym is None:
            self._demonym = self.story.add(ETHNICITY, self.country.demonym)
            self.story.tell(self._demonym, "gpe0", self.place, Part.BACK)
        return self._demonym

    def city(self) -> int:
        """Another city, put into its country at the back of the text, some by way of a region."""
        story, number = self.story, self._cities.pop()
        city = story.add(LOCATION, self.country.cities[number])
        if story.draw(0.35):
            story.tell(city, "in1", self._region(self.country.regions[number % 2]), Part.FRONT)
        else:
            story.tell(city, "in0", self.place, Part.BACK)
        return city

    def _region(self, name: str) -> int:
        if name not in self._regions:
            self._regions[name] = self.story.add(LOCATION, name)
            self.story.tell(self._regions[name], "in0", self.place, Part.BACK)
        return self._regions[name]
