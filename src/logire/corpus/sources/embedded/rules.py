"""The rules that the embedded world obeys, planted as the paper's royalty_of <- spouse_of ^ royalty_of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

PERSON = "type::person"
LOCATION = "type::location"
ORGANIZATION = "type::organization"
ETHNICITY = "type::ethnicity"
EVENT = "type::event"
MISC = "type::misc"
TIME = "type::time"
MONEY = "type::money"

Triple = tuple[int, str, int]
"""``relation(head, tail)`` as (head, relation, tail)."""


class PlantedRule(NamedTuple):
    """``relation(h, t) <- body``: a path of atoms from h to t; ``~name`` is the inverse atom.

    ``confidence`` is the share of the body's groundings whose head holds: 1 is exact, below 1 is typical.
    """

    relation: str
    head_type: str
    tail_type: str
    body: tuple[str, ...]
    confidence: float = 1.0


PLANTED_RULES = (
    # inverses and sub-relations: both entities stand in the sentence that states the body
    PlantedRule("spouse_of", PERSON, PERSON, ("~spouse_of",)),
    PlantedRule("parent_of", PERSON, PERSON, ("~child_of",)),
    PlantedRule("child_of", PERSON, PERSON, ("~parent_of",)),
    PlantedRule("vs", ORGANIZATION, ORGANIZATION, ("~vs",)),
    PlantedRule("vs", ORGANIZATION, ORGANIZATION, ("won_vs",)),
    PlantedRule("member_of", PERSON, ORGANIZATION, ("coach_of",)),
    PlantedRule("member_of", PERSON, ORGANIZATION, ("player_of",)),
    PlantedRule("member_of", PERSON, ORGANIZATION, ("head_of",)),
    PlantedRule("agent_of", PERSON, LOCATION, ("head_of_gov",)),
    PlantedRule("agent_of", PERSON, LOCATION, ("head_of_state",)),
    PlantedRule("agent_of", PERSON, LOCATION, ("minister_of",)),
    PlantedRule("citizen_of", PERSON, LOCATION, ("agent_of",)),
    PlantedRule("citizen_of", PERSON, LOCATION, ("royalty_of",)),
    PlantedRule("citizen_of-x", PERSON, ETHNICITY, ("head_of_gov-x",)),
    PlantedRule("citizen_of-x", PERSON, ETHNICITY, ("minister_of-x",)),
    # compositions: their two ends stand far apart
    PlantedRule("head_of_gov", PERSON, LOCATION, ("head_of_gov-x", "gpe0")),
    PlantedRule("minister_of", PERSON, LOCATION, ("minister_of-x", "gpe0")),
    PlantedRule("citizen_of", PERSON, LOCATION, ("citizen_of-x", "gpe0")),
    PlantedRule("agency_of", ORGANIZATION, LOCATION, ("agency_of-x", "gpe0")),
    PlantedRule("royalty_of", PERSON, LOCATION, ("spouse_of", "royalty_of")),
    PlantedRule("royalty_of", PERSON, LOCATION, ("child_of", "royalty_of")),
    PlantedRule("in0", LOCATION, LOCATION, ("in1", "in0")),
    PlantedRule("based_in0", ORGANIZATION, LOCATION, ("based_in2", "in0")),
    PlantedRule("event_in0", EVENT, LOCATION, ("event_in2", "in0")),
    PlantedRule("plays_in", PERSON, MISC, ("~played_by", "character_in")),
    # typical, not certain
    PlantedRule("citizen_of", PERSON, LOCATION, ("player_of", "based_in0"), 0.7),
    PlantedRule("citizen_of", PERSON, LOCATION, ("head_of", "agency_of"), 0.9),
    PlantedRule("based_in0", ORGANIZATION, LOCATION, ("vs", "based_in0"), 0.85),
)


def groundings(rule: PlantedRule, facts: Iterable[Triple], types: Sequence[str]) -> list[tuple[int, int]]:
    """The pairs (h, t), h != t and of the rule's types, that a path of its body connects; sorted."""
    steps: dict[str, dict[int, set[int]]] = {}
    for head, relation, tail in facts:
        steps.setdefault(relation, {}).setdefault(head, set()).add(tail)
        steps.setdefault(f"~{relation}", {}).setdefault(tail, set()).add(head)
    found = []
    for start, kind in enumerate(types):
        if kind == rule.head_type:
            reached = {start}
            for atom in rule.body:
                reached = {end for entity in reached for end in steps.get(atom, {}).get(entity, ())}
            found += [(start, end) for end in reached if end != start and types[end] == rule.tail_type]
    return sorted(found)


def close(facts: Iterable[Triple], types: Sequence[str]) -> list[Triple]:
    """The facts and all that follows from them by the exact rules, to the fixpoint, in a fixed order."""
    closed = dict.fromkeys(facts)
    before = -1
    while len(closed) > before:
        before = len(closed)
        for rule in PLANTED_RULES:
            if rule.confidence == 1.0:
                for head, tail in groundings(rule, closed, types):
                    closed.setdefault((head, rule.relation, tail))
    return list(closed)
