"""The world behind the documents, and one document's part of it: its entities, what holds, and what is told.

A story is made of episodes (a government, a royal family, a club, ...), each about one country. Told *directly*, an
episode's facts about the country stand in the text. Told *indirectly*, the front of the text connects its entities
to a go-between only (a demonym, a city, a monarch), the back connects the go-between to the country, and the rest
follows by the planted rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from random import Random
from typing import NamedTuple

from logire.corpus.embedded.names import Coin, Lexicon, Names
from logire.corpus.embedded.rules import (
    ETHNICITY,
    EVENT,
    LOCATION,
    MISC,
    ORGANIZATION,
    PERSON,
    PLANTED_RULES,
    Triple,
    close,
)

PRINCE = ("Princess", "Prince")


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


def _typical(relation: str, body: tuple[str, ...]) -> float:
    return next(rule.confidence for rule in PLANTED_RULES if (rule.relation, rule.body) == (relation, body))


def government(scene: Scene) -> None:
    story = scene.story
    for relation in ("head_of_gov", "minister_of"):
        person = story.person()
        if scene.direct:
            story.tell(person, relation, scene.place, scene.part())
        else:
            story.tell(person, f"{relation}-x", scene.demonym(), Part.FRONT)


def royals(scene: Scene) -> None:
    story, monarch = scene.story, scene.country.monarch
    if scene.direct or monarch is None:
        relation = "head_of_state" if monarch is None else "royalty_of"
        actor = story.person() if monarch is None else story.add(PERSON, *story.names.royal(PRINCE))
        story.tell(actor, relation, scene.place, scene.part())
        return
    ruler = story.add(PERSON, *monarch)
    story.tell(ruler, "royalty_of", scene.place, Part.BACK)
    spouse = story.add(PERSON, *story.names.royal(PRINCE))
    story.tell(spouse, "spouse_of", ruler, Part.FRONT)
    if story.draw(0.9):
        child = story.add(PERSON, *story.names.royal(PRINCE))
        parent = story.rng.choice((ruler, spouse))
        if story.draw(0.5):
            story.tell(child, "child_of", parent, Part.FRONT)
        else:
            story.tell(parent, "parent_of", child, Part.FRONT)


def sport(scene: Scene) -> None:
    story = scene.story
    club = story.add(ORGANIZATION, story.names.club())
    if scene.direct:
        story.tell(club, "based_in0", scene.place, scene.part())
        story.tell(story.person(), "coach_of", club, scene.part())
        return
    story.tell(club, "based_in2", scene.city(), Part.FRONT)
    if story.draw(0.5):
        story.tell(story.person(), "coach_of", club, Part.FRONT)
    for _ in range(story.rng.choice((1, 1, 2))):
        player = story.person()
        story.tell(player, "player_of", club, Part.FRONT)
        if story.draw(_typical("citizen_of", ("player_of", "based_in0"))):
            story.hold(player, "citizen_of", scene.place)
    if story.draw(0.7):
        rival = story.add(ORGANIZATION, story.names.club())
        story.tell(
            *story.rng.choice(((club, "vs", rival), (club, "won_vs", rival), (rival, "won_vs", club))), Part.FRONT
        )
        # Where both are based there the rule fires twice, the second time surely.
        confidence = _typical("based_in0", ("vs", "based_in0"))
        if story.draw(confidence / (2.0 - confidence)):
            story.hold(rival, "based_in0", scene.place)


def business(scene: Scene) -> None:
    story = scene.story
    company = story.add(ORGANIZATION, *story.names.company())
    if scene.direct:
        story.tell(company, "based_in0", scene.place, scene.part())
    else:
        story.tell(company, "based_in2", scene.city(), Part.FRONT)
    part = scene.part() if scene.direct else Part.FRONT
    story.tell(story.person(), story.rng.choice(("head_of", "head_of", "member_of")), company, part)


def authorities(scene: Scene) -> None:
    story = scene.story
    agency = story.add(ORGANIZATION, story.names.agency())
    if scene.direct:
        story.tell(agency, "agency_of", scene.place, scene.part())
        return
    story.tell(agency, "agency_of-x", scene.demonym(), Part.FRONT)
    if story.draw(0.7):
        head = story.person()
        story.tell(head, "head_of", agency, Part.FRONT)
        if story.draw(_typical("citizen_of", ("head_of", "agency_of"))):
            story.hold(head, "citizen_of", scene.place)


def gathering(scene: Scene) -> None:
    story = scene.story
    event = story.add(EVENT, story.names.event())
    if scene.direct:
        story.tell(event, "event_in0", scene.place, scene.part())
    else:
        story.tell(event, "event_in2", scene.city(), Part.FRONT)


def film(scene: Scene) -> None:
    story = scene.story
    actor, work = story.person(), story.add(MISC, story.names.film())
    if scene.direct:
        story.tell(actor, "plays_in", work, scene.part())
        story.tell(actor, "citizen_of", scene.place, scene.part())
        return
    character = story.add(PERSON, story.names.character())
    story.tell(character, "played_by", actor, Part.FRONT)
    story.tell(character, "character_in", work, Part.BACK)
    if story.draw(0.6):  # another film, so that it takes the character to tell which one the actor plays in
        other = story.add(MISC, story.names.film())
        story.tell(story.add(PERSON, story.names.character()), "character_in", other, Part.BACK)
    story.tell(actor, "citizen_of-x", scene.demonym(), Part.FRONT)


def envoy(scene: Scene) -> None:
    story = scene.story
    if scene.direct:
        story.tell(story.person(), story.rng.choice(("agent_of", "citizen_of")), scene.place, scene.part())
    else:
        story.tell(story.person(), "citizen_of-x", scene.demonym(), Part.FRONT)


EPISODES: tuple[Callable[[Scene], None], ...] = (
    government,
    royals,
    sport,
    business,
    authorities,
    gathering,
    film,
    envoy,
)


def build_story(rng: Random, world: World) -> Story:
    """A story of 10 to 20 entities about two or three countries, the first told indirectly."""
    story = Story(rng, Names(rng, world.lexicon))
    target = rng.randint(9, 12)
    scenes = [
        Scene(story, country, direct=direct)
        for country, direct in zip(rng.sample(world.countries, 3), (False, False, rng.random() < 0.7), strict=True)
    ]
    if story.draw(0.25):
        scenes.pop()
    episodes = rng.sample(EPISODES, len(EPISODES))
    if story.draw(0.5):  # the same in two countries, so that only the go-betweens tell what belongs where
        episodes.insert(1, episodes[0])
    for index, episode in enumerate(episodes):
        if len(story.actors) >= target:
            break
        episode(scenes[index % len(scenes)])
    return story
