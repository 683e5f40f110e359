"""MILR's inference on small corpora whose rules and optima are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from trial_builders import SCHEMA, scored_document, with_logits

from logire.corpus.document import Schema
from logire.rules.queries import Rule
from logire.trial.rivals.milr import RIVALS, Mined, costs, gains, mine_rules
from logire.trial.task import Scored, Task

CAPITAL, IN, NEXT_TO = 0, 1, 2


def train() -> list:
    """capital(e0, e1) is also in(e0, e1), five times of five; next_to is in in three of the six times it occurs."""
    both = [scored_document([0, 1], [(0, CAPITAL, 1), (0, IN, 1)], title=f"A{i}") for i in range(5)]
    near = [scored_document([0, 1], [(0, NEXT_TO, 1), *([(0, IN, 1)] * (i % 2))], title=f"B{i}") for i in range(6)]
    return both + near


def test_mined_rules_by_hand() -> None:
    """Eight pairs have in: five of them have capital too, three next_to."""
    assert mine_rules(train(), SCHEMA) == [
        Mined(Rule(CAPITAL, (IN,)), 5 / 8),
        Mined(Rule(IN, (CAPITAL,)), 1.0),
        Mined(Rule(IN, (NEXT_TO,)), 3 / 6),
        Mined(Rule(NEXT_TO, (IN,)), 3 / 8),
    ]


def test_a_body_with_three_instances_is_too_rare_and_types_play_no_part() -> None:
    documents = [scored_document([i % 2, 1], [(0, CAPITAL, 1), (0, IN, 1)], title=f"{i}") for i in range(4)]
    assert mine_rules(documents[:3], SCHEMA) == []
    assert mine_rules(documents, SCHEMA) == [Mined(Rule(CAPITAL, (IN,)), 1.0), Mined(Rule(IN, (CAPITAL,)), 1.0)]


def test_a_fact_of_two_atoms_is_mined_over_the_entity_between() -> None:
    """in(e0, e2) where next_to(e0, e1) and in(e1, e2); no other path repeats four times for another relation."""
    chain = [scored_document([0, 0, 1], [(0, NEXT_TO, 1), (1, IN, 2), (0, IN, 2)], title=f"{i}") for i in range(4)]
    found = {mined.rule: mined.confidence for mined in mine_rules(chain, SCHEMA)}
    assert found[Rule(IN, (NEXT_TO, IN))] == 1.0
    assert found[Rule(NEXT_TO, (IN, IN + 4))] == 0.5  # in ^ ~in joins e0 to e1 and e1 to e0


def test_gains_by_hand() -> None:
    """With cost 1 the logit less the threshold; with cost c at p = 1/2, (c - 1) log 2."""
    logits = np.array([-3.0, 0.5, 4.0])
    np.testing.assert_allclose(gains(logits, 0.5, np.ones(1)), [-3.5, 0.0, 3.5], atol=1e-12)
    np.testing.assert_allclose(gains(np.array([0.5]), 0.5, np.array([3.0])), 2 * np.log(2))


def test_costs_grow_with_rarity() -> None:
    """Of the training facts 5 are capital, 8 in, 6 next_to, 0 part_of; one more each, so 23 in all."""
    np.testing.assert_allclose(costs(train()), 0.8 * np.sqrt(np.log(23 / np.array([6, 9, 7, 1]))))


def decided(logits: dict[tuple[int, int, int], float]) -> list[list[int]]:
    """What is decided on a document of two entities, after a fit whose dev threshold is 0 and whose options all tie."""
    dev = with_logits(scored_document([0, 1], [(0, CAPITAL, 1), (0, IN, 1)]), {(0, CAPITAL, 1): 4, (0, IN, 1): 0})
    decide = RIVALS[0].fit(Task(SCHEMA, train(), train(), Scored([dev]), seed=0))
    (facts,) = decide(Scored([with_logits(scored_document([0, 1]), logits)]))
    return np.argwhere(facts).tolist()


def test_a_head_is_raised_where_its_body_is_surer_than_it_is_unlikely() -> None:
    # capital gains 3, in loses 2: together 1 is more than nothing
    assert decided({(0, CAPITAL, 1): 3.0, (0, IN, 1): -2.0}) == [[0, 1, CAPITAL], [0, 1, IN]]


def test_a_body_is_lowered_where_its_head_is_more_unlikely() -> None:
    assert decided({(0, CAPITAL, 1): 3.0, (0, IN, 1): -4.0}) == []


def test_a_pair_has_at_most_four_relations() -> None:
    schema = Schema(tuple("abcdef"), ("entity",))
    document = scored_document([0, 0], [(0, r, 1) for r in range(4)], schema=schema)
    document = with_logits(document, {(0, r, 1): 6.0 - r for r in range(6)})
    task = Task(schema, [document], [document], Scored([document]), seed=0)
    (facts,) = RIVALS[0].fit(task)(Scored([with_logits(document, {(0, 5, 1): 9.0})]))
    assert np.argwhere(facts).tolist() == [[0, 1, r] for r in (0, 1, 2, 5)]


@pytest.mark.parametrize("theta", [0.0, 1.5])
def test_gains_never_fall_with_the_logit(theta: float) -> None:
    found = gains(np.linspace(-30, 30, 61), theta, np.array([0.4]))
    assert (np.diff(found) > 0).all()
