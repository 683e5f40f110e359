"""Beta rules: their fitness and bounds by hand, by the binomial distribution, and over all paths."""

from __future__ import annotations

from itertools import pairwise, product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rival_builders import IN, NEAR, PART, SCHEMA, drawn, log_odds, made, task

from logire.corpus.dump import dev_threshold
from logire.rules.queries import QueryTypes
from logire.trial.counted import counted_rules
from logire.trial.rivals.beta import RIVALS, SUPPORT, BetaRules, fitness, mine, moved
from logire.trial.task import Scored, reaching

(METHOD,) = RIVALS


def found_rules(train, k=0.8, eta=0.9, theta=0.0, support=1) -> BetaRules:
    queries = QueryTypes.of(train, SCHEMA)
    return mine(counted_rules(train, queries, length=2, support=support, most=50), queries, theta, k, eta)


def named(rules: BetaRules, direction) -> dict[tuple[int, tuple[int, ...]], float]:
    relation = rules.queries.triples[direction.rules.query_of_rule, 0].tolist()
    return dict(zip(zip(relation, direction.rules.bodies, strict=True), direction.fitness, strict=True))


def test_fitness_by_hand():
    """Beta(2, 1) has the density 2x: P(x > k) = 1 - k^2; Beta(1, 1) is uniform; Beta(1, 2) gives (1 - k)^2."""
    held, failed = np.array([1, 0, 0, 21, 20]), np.array([0, 0, 1, 0, 0])
    expected = [1 - 0.81, 0.1, 0.01, 1 - 0.9**22, 1 - 0.9**21]
    np.testing.assert_allclose(fitness(held, failed, 0.9), expected)
    assert expected[3] > 0.9 > expected[4], "21 cases without a failure are the fewest at k = eta = 0.9"


@given(held=st.integers(0, 60), failed=st.integers(0, 60), k=st.floats(0.05, 0.95))
@settings(max_examples=100, deadline=None)
def test_fitness_is_the_chance_of_at_most_so_many_heads(held, failed, k):
    n = held + failed + 1
    expected = sum(comb(n, i) * k**i * (1 - k) ** (n - i) for i in range(held + 1))
    found = fitness(np.array([held]), np.array([failed]), k)[0]
    assert found == pytest.approx(expected, rel=1e-8, abs=1e-12)


def test_no_rule_of_less_support_is_fit():
    fewer, enough = fitness(np.array([SUPPORT - 1, SUPPORT]), np.array([0, 0]), 0.8)
    assert fewer < 0.9 < enough


@pytest.fixture
def train():
    """100 A-B pairs with near, 60 of them with in, 20 of these with part."""
    return (
        [made([0, 1], [(0, PART, 1), (0, IN, 1), (0, NEAR, 1)]) for _ in range(20)]
        + [made([0, 1], [(0, IN, 1), (0, NEAR, 1)]) for _ in range(40)]
        + [made([0, 1], [(0, NEAR, 1)]) for _ in range(40)]
    )


def test_forward_rules_rarely_fail_and_backward_ones_are_rarely_missing(train):
    rules = found_rules(train)
    # in <- part: 20 of 20 pairs; near <- part: 20 of 20; near <- in: 60 of 60. in <- near is right for 60 of 100.
    forward = {(IN, (PART,)): 1 - 0.8**21, (NEAR, (PART,)): 1 - 0.8**21, (NEAR, (IN,)): 1 - 0.8**61}
    # all 20 facts of part have in and near, all 60 of in have near; 60 of 100 of near have in
    backward = {(PART, (IN,)): 1 - 0.8**21, (PART, (NEAR,)): 1 - 0.8**21, (IN, (NEAR,)): 1 - 0.8**61}
    assert named(rules, rules.forward) == pytest.approx(forward)
    assert named(rules, rules.backward) == pytest.approx(backward)


def test_bounds_by_hand(train):
    rules = found_rules(train)
    fit = 1 - 0.8**21
    chances = {PART: 0.8, IN: 0.3, NEAR: 0.9}
    document = made([0, 1], [], {(0, r, 1): log_odds(p) for r, p in chances.items()})
    below, above = rules.missing(document)
    # part (0.8) asks for fit * 0.8 of in, and has 0.9 of near already
    assert below[0, 1, IN] == pytest.approx(log_odds(fit * 0.8) - log_odds(0.3), rel=1e-5)
    assert below[0, 1, NEAR] == 0
    # in (0.3) is below a half: it allows fit * 0.3 of part
    assert above[0, 1, PART] == pytest.approx(log_odds(0.8) - log_odds(fit * 0.3), rel=1e-5)
    assert above[0, 1, IN] == 0
    assert not below[1, 0].any()
    (half,) = moved([document], [(below, above)], 0.5, 0.25)
    assert half.logits[0, 1, IN] == pytest.approx((log_odds(0.3) + log_odds(fit * 0.8)) / 2, rel=1e-5)
    assert half.logits[0, 1, PART] == pytest.approx(0.75 * log_odds(0.8) + 0.25 * log_odds(fit * 0.3), rel=1e-5)
    assert half.logits[0, 1, NEAR] == document.logits[0, 1, NEAR]


@given(seed=st.integers(0, 10_000), theta=st.floats(-2, 2))
@settings(max_examples=15, deadline=None)
def test_bounds_equal_a_search_over_all_paths(seed, theta):
    train = drawn(seed, 6)
    rules = found_rules(train, k=0.3, eta=0.3, theta=theta)
    document = drawn(seed + 1, 1)[0]
    n, types = len(document.types), document.types
    both = np.concatenate([document.logits, document.logits.transpose(1, 0, 2)], axis=2).astype(np.float64)
    expected = np.zeros((2, *document.logits.shape))
    for side, (direction, sign) in enumerate(((rules.forward, 1), (rules.backward, -1))):
        for (relation, body), fit in named(rules, direction).items():
            for h, t in product(range(n), repeat=2):
                if h == t or rules.queries.index[relation, types[h], types[t]] < 0:
                    continue
                weakest = max(
                    min(both[x, y, a] for a, (x, y) in zip(body, pairwise((h, *between, t)), strict=True))
                    for between in product(range(n), repeat=len(body) - 1)
                )
                bound = log_odds(fit / (1 + np.exp(-weakest)))
                if (weakest >= theta) == (sign > 0):
                    lacks = sign * (bound - document.logits[h, t, relation])
                    expected[side, h, t, relation] = max(expected[side, h, t, relation], lacks)
    below, above = rules.missing(document)
    np.testing.assert_allclose(below, expected[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(above, expected[1], rtol=1e-4, atol=1e-4)


def test_facts_are_raised_and_lowered(train):
    """The backbone misses an `in` that part asks for, and finds a part that no in stands by."""
    missed = made([0, 1], [(0, PART, 1), (0, IN, 1), (0, NEAR, 1)], {(0, IN, 1): -2.0})
    false = made([0, 1], [], {(0, PART, 1): 5.5})
    plain = made([0, 1], [(0, NEAR, 1)], {(0, IN, 1): -1.5})
    dev = [missed, false, plain]
    assert dev_threshold(dev).f1 < 1
    for document, decided in zip(dev, METHOD.fit(task(train, dev))(Scored(dev)), strict=True):
        np.testing.assert_array_equal(decided, document.labels)


def test_rules_that_only_harm_leave_the_logits_as_they_are(train):
    dev = [made([0, 1], [(0, PART, 1)], {(0, NEAR, 1): -4.0}) for _ in range(4)]
    decided = METHOD.fit(task(train, dev))(Scored(dev))
    for ours, backbones in zip(decided, reaching((d.logits for d in dev), dev_threshold(dev).theta), strict=True):
        np.testing.assert_array_equal(ours, backbones)
