"""The episodes a story is made of, and the story made of them.

Told *directly*, an episode's facts about its country stand in the text. Told *indirectly*, the front of the text
connects its entities to a go-between only (a demonym, a city, a monarch), the back connects the go-between to the
country, and the rest follows by the planted rules.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from logire.corpus.sources.embedded.names import Names
from logire.corpus.sources.embedded.rules import EVENT, MISC, ORGANIZATION, PERSON, PLANTED_RULES
from logire.corpus.sources.embedded.world import Part, Scene, Story, World

PRINCE = ("Princess", "Prince")


def _confidence(relation: str, *body: str) -> float:
    """The confidence of a planted rule."""
    return next(rule.confidence for rule in PLANTED_RULES if (rule.relation, rule.body) == (relation, body))


def government(scene: Scene) -> None:
    """The head of government and a minister."""
    story = scene.story
    for relation in ("head_of_gov", "minister_of"):
        person = story.person()
        if scene.direct:
            story.tell(person, relation, scene.place, scene.part())
        else:
            story.tell(person, f"{relation}-x", scene.demonym(), Part.FRONT)


def royals(scene: Scene) -> None:
    """A monarch, the spouse and a child; in a republic, the president."""
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
    """A club, its coach and players, and a match."""
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
        if story.draw(_confidence("citizen_of", "player_of", "based_in0")):
            story.hold(player, "citizen_of", scene.place)
    if story.draw(0.7):
        rival = story.add(ORGANIZATION, story.names.club())
        story.tell(
            *story.rng.choice(((club, "vs", rival), (club, "won_vs", rival), (rival, "won_vs", club))), Part.FRONT
        )
        # Where both are based there the rule fires twice, the second time surely.
        confidence = _confidence("based_in0", "vs", "based_in0")
        if story.draw(confidence / (2.0 - confidence)):
            story.hold(rival, "based_in0", scene.place)


def business(scene: Scene) -> None:
    """A company and one of its people."""
    story = scene.story
    company = story.add(ORGANIZATION, *story.names.company())
    if scene.direct:
        story.tell(company, "based_in0", scene.place, scene.part())
    else:
        story.tell(company, "based_in2", scene.city(), Part.FRONT)
    part = scene.part() if scene.direct else Part.FRONT
    story.tell(story.person(), story.rng.choice(("head_of", "head_of", "member_of")), company, part)


def authorities(scene: Scene) -> None:
    """An agency and its head."""
    story = scene.story
    agency = story.add(ORGANIZATION, story.names.agency())
    if scene.direct:
        story.tell(agency, "agency_of", scene.place, scene.part())
        return
    story.tell(agency, "agency_of-x", scene.demonym(), Part.FRONT)
    if story.draw(0.7):
        head = story.person()
        story.tell(head, "head_of", agency, Part.FRONT)
        if story.draw(_confidence("citizen_of", "head_of", "agency_of")):
            story.hold(head, "citizen_of", scene.place)


def gathering(scene: Scene) -> None:
    """An event."""
    story = scene.story
    event = story.add(EVENT, story.names.event())
    if scene.direct:
        story.tell(event, "event_in0", scene.place, scene.part())
    else:
        story.tell(event, "event_in2", scene.city(), Part.FRONT)


def film(scene: Scene) -> None:
    """An actor, the character played, the film, and perhaps another film."""
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
    """A citizen, or a diplomat."""
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
    """A story of 10 to 20 entities about two or three countries, the first two told indirectly."""
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
