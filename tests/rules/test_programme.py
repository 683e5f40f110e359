"""The integer programme, against every assignment and by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logire.rules.programme import Rows, solve, value

A, B, HEAD = 0, 1, 2
BODY_TO_HEAD = Rows.implications(np.array([[A, B]]), np.array([HEAD]), 3)


def by_hand(gains: np.ndarray, constraints: list[tuple], chosen: tuple[bool, ...]) -> float:
    """The objective from the words of the constraints, not from their rows."""
    total = sum(gain for gain, x in zip(gains, chosen, strict=True) if x)
    for kind, facts, number, weight in constraints:
        if kind == "implies":
            excess = float(all(chosen[f] for f in facts) and not chosen[number])
        else:
            excess = max(0.0, sum(chosen[f] for f in facts) - number)
        total -= weight * excess if excess else 0.0
    return total


def rows_of(constraints: list[tuple], n: int) -> Rows:
    parts = []
    for kind, facts, number, weight in constraints:
        if kind == "implies":
            parts.append(Rows.implications(np.array([facts]), np.array([number]), n, weight))
        else:
            parts.append(Rows.at_most(number, np.zeros(len(facts), np.int64), np.array(facts), n, weight))
    return Rows.together(parts, n)


@st.composite
def programmes(draw: st.DrawFn) -> tuple[np.ndarray, list[tuple]]:
    n = draw(st.integers(1, 9))
    finite = st.floats(-5, 5).map(lambda x: round(x, 3))
    gains = np.array(draw(st.lists(st.one_of(finite, finite, st.just(-np.inf)), min_size=n, max_size=n)))
    facts = st.lists(st.integers(0, n - 1), min_size=1, max_size=4, unique=True).map(tuple)
    weights = st.one_of(st.just(np.inf), st.floats(0.1, 4).map(lambda x: round(x, 3)))
    implies = st.tuples(st.just("implies"), facts, st.integers(0, n - 1), weights)
    at_most = st.tuples(st.just("at most"), facts, st.integers(0, 3), weights)
    return gains, draw(st.lists(st.one_of(implies, at_most), max_size=12))


@given(programmes(), st.sampled_from([0, 4, 9]))
@settings(max_examples=150, deadline=None)
def test_the_optimum_is_that_of_all_assignments(drawn: tuple[np.ndarray, list[tuple]], enumerated: int) -> None:
    gains, constraints = drawn
    rows = rows_of(constraints, len(gains))
    best = max(by_hand(gains, constraints, chosen) for chosen in product((False, True), repeat=len(gains)))
    solution = solve(gains, rows, enumerated=enumerated)
    assert solution.unproved == 0
    assert solution.value == pytest.approx(best, abs=1e-6)
    assert by_hand(gains, constraints, tuple(solution.chosen)) == pytest.approx(best, abs=1e-6)


@given(programmes())
@settings(max_examples=40, deadline=None)
def test_without_time_the_solution_keeps_the_hard_rows_and_says_that_it_is_unproved(
    drawn: tuple[np.ndarray, list[tuple]],
) -> None:
    gains, constraints = drawn
    rows = rows_of(constraints, len(gains))
    solution = solve(gains, rows, seconds=0.0)
    exact = solve(gains, rows)
    assert np.isfinite(solution.value)
    assert solution.value <= exact.value + 1e-6
    if solution.unproved == 0:
        assert solution.value == pytest.approx(exact.value, abs=1e-6)


def test_a_body_raises_its_head_where_the_three_gain_together() -> None:
    # 2 + 1 - 0.5 = 2.5 is more than 2 with the weaker body fact dropped
    assert solve(np.array([2.0, 1.0, -0.5]), BODY_TO_HEAD).chosen.tolist() == [True, True, True]


def test_a_head_that_is_unlikely_lowers_the_weaker_fact_of_its_body() -> None:
    # 2 + 1 - 4 = -1; without the head either body fact goes, the weaker one gains 1 less
    solution = solve(np.array([2.0, 1.0, -4.0]), BODY_TO_HEAD)
    assert solution.chosen.tolist() == [True, False, False]
    assert solution.value == 2.0


def test_a_soft_rule_is_broken_where_keeping_it_costs_more() -> None:
    soft = Rows.implications(np.array([[A, B]]), np.array([HEAD]), 3, weight=0.25)
    solution = solve(np.array([2.0, 1.0, -4.0]), soft)
    assert solution.chosen.tolist() == [True, True, False]
    assert solution.value == 2.75


def test_at_most_one_of_a_group_keeps_the_best_and_leaves_other_groups_alone() -> None:
    group, facts = np.array([7, 7, 7, 3, 3]), np.arange(5)
    rows = Rows.at_most(1, group, facts, 5)
    assert solve(np.array([1.0, 3.0, 2.0, 1.0, -1.0]), rows).chosen.tolist() == [False, True, False, True, False]
    assert Rows.at_most(3, group, facts, 5).matrix.shape == (0, 5)


def test_a_fact_that_must_not_be_chosen_takes_its_body_with_it() -> None:
    rows = Rows.implications(np.array([[A]]), np.array([B]), 2)
    assert solve(np.array([9.0, -np.inf]), rows).chosen.tolist() == [False, False]


def test_components_are_solved_apart() -> None:
    """Three copies of one programme in one: three times its value, each with its solution."""
    gains = np.tile([2.0, 1.0, -4.0], 3)
    bodies, heads = np.array([[0, 1], [3, 4], [6, 7]]), np.array([2, 5, 8])
    solution = solve(gains, Rows.implications(bodies, heads, 9))
    assert solution.chosen.tolist() == [True, False, False] * 3
    assert solution.value == 6.0


def test_a_row_without_body_or_with_a_negative_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="no fact"):
        Rows.implications(np.zeros((1, 0), np.int64), np.array([0]), 1)
    with pytest.raises(ValueError, match="at most -1"):
        Rows.at_most(-1, np.array([0]), np.array([0]), 1)


def test_breaking_a_hard_row_is_worth_minus_infinity() -> None:
    assert value(np.array([1.0, 1.0, 1.0]), BODY_TO_HEAD, np.array([True, True, False])) == -np.inf
