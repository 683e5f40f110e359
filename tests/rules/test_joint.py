"""Deciding a document's facts together, against all sets of facts and all paths of entities."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logire.rules.joint import Facts, concluded, decide, instances
from logire.rules.programme import Rows
from logire.rules.queries import Rule

BODY = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(tuple)
RULES = st.lists(st.builds(Rule, st.integers(0, 1), BODY), max_size=5)
"""Rules over two relations and their inverses."""


def steps(body: tuple[int, ...], entities: tuple[int, ...], relations: int = 2) -> list[tuple[int, int, int]]:
    """The facts (head, tail, relation) that a body's path through entities consists of."""
    pairs = zip(body, entities, entities[1:], strict=False)
    return [(x, y, atom) if atom < relations else (y, x, atom - relations) for atom, x, y in pairs]


def holding(facts: np.ndarray, rules: list[Rule]) -> list[tuple[list[tuple[int, int, int]], tuple[int, int, int]]]:
    """Every instance whose body holds, by trying every path."""
    found = []
    for relation, body in rules:
        for path in product(range(len(facts)), repeat=len(body) + 1):
            if path[0] != path[-1] and all(facts[fact] for fact in steps(body, path)):
                found.append((steps(body, path), (path[0], path[-1], relation)))
    return found


def no_limits(facts: Facts) -> list[Rows]:
    return []


def one_tail(facts: Facts) -> list[Rows]:
    """The second relation has at most one tail a head, softly."""
    at = np.flatnonzero(facts.relation == 1)
    return [Rows.at_most(1, facts.head[at], at, len(facts.head), weight=1.5)]


def random_facts(seed: int, n: int) -> np.ndarray:
    facts = np.random.default_rng(seed).random((n, n, 2)) < 0.3
    facts[np.arange(n), np.arange(n)] = False
    return facts


@given(seed=st.integers(0, 10_000), n=st.integers(2, 4), rules=RULES)
@settings(max_examples=60, deadline=None)
def test_instances_are_those_of_all_paths(seed: int, n: int, rules: list[Rule]) -> None:
    facts = random_facts(seed, n)
    found = []
    for _, bodies, heads in instances(facts, rules):
        for body, head in zip(bodies.tolist(), heads.tolist(), strict=True):
            found.append((tuple(body), head))
    shape = facts.shape
    expected = [
        (tuple(int(np.ravel_multi_index(fact, shape)) for fact in body), int(np.ravel_multi_index(head, shape)))
        for body, head in holding(facts, rules)
    ]
    assert sorted(found) == sorted(expected)


@given(seed=st.integers(0, 10_000), n=st.integers(2, 4), rules=RULES)
@settings(max_examples=60, deadline=None)
def test_what_is_concluded_is_the_least_set_that_the_rules_leave_alone(seed: int, n: int, rules: list[Rule]) -> None:
    expected = random_facts(seed, n)
    found = concluded(expected, rules)
    while new := [head for _, head in holding(expected, rules) if not expected[head]]:
        for head in new:
            expected[head] = True
    np.testing.assert_array_equal(found, expected)


@given(seed=st.integers(0, 10_000), rules=RULES, weight=st.sampled_from([np.inf, 0.7]))
@settings(max_examples=40, deadline=None)
def test_no_set_of_facts_is_better_than_the_decided_one(seed: int, rules: list[Rule], weight: float) -> None:
    """All 2^n sets of the n facts of a small document, those that the programme has no variable for included."""
    rng = np.random.default_rng(seed)
    n = 2 if seed % 2 else 3
    gains = rng.normal(-0.5, 1.0, (n, n, 2)).round(3)
    facts = [(h, t, r) for h, t, r in product(range(n), range(n), range(2)) if h != t]
    if n == 3:  # 2^12 sets are too many for a quick test: some facts are impossible
        for fact in [facts[i] for i in rng.permutation(12)[:4]]:
            gains[fact] = -np.inf
    possible = [fact for fact in facts if np.isfinite(gains[fact])]

    def worth(chosen: np.ndarray) -> float:
        broken = sum(not chosen[head] for _, head in holding(chosen, rules))
        extra = np.maximum(chosen[:, :, 1].sum(axis=1) - 1, 0).sum()
        return float(gains[chosen].sum()) - (weight * broken if broken else 0.0) - 1.5 * float(extra)

    best = 0.0
    for size in range(len(possible) + 1):
        for some in combinations(possible, size):
            chosen = np.zeros(gains.shape, dtype=np.bool_)
            for fact in some:
                chosen[fact] = True
            best = max(best, worth(chosen))
    decided = decide(gains, rules, one_tail, weight=weight)
    assert decided.unproved == 0
    assert worth(decided.facts) == pytest.approx(best, abs=1e-6)


def test_cuts_are_asked_for_until_there_are_none() -> None:
    """At most one fact, said one broken pair at a time."""
    asked: list[int] = []

    def pair(facts: Facts, chosen: np.ndarray) -> Rows | None:
        asked.append(int(chosen.sum()))
        two = np.flatnonzero(chosen)[:2]
        return Rows.at_most(1, np.zeros(2, np.int64), two, len(chosen)) if len(two) == 2 else None

    gains = np.full((2, 2, 2), -1.0)
    gains[0, 1, 0], gains[0, 1, 1], gains[1, 0, 0] = 1.0, 3.0, 2.0
    decided = decide(gains, [], no_limits, cuts=pair)
    assert np.argwhere(decided.facts).tolist() == [[0, 1, 1]]
    assert asked == [3, 2, 1]


def test_the_diagonal_is_never_decided() -> None:
    assert not decide(np.full((1, 1, 2), 5.0), [Rule(0, (1,))], no_limits).facts.any()
