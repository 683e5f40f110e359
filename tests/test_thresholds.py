"""The decision threshold against every threshold there is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logire.ground import thresholds
from logire.ground.thresholds import Threshold, best_threshold


def f1_at(theta: float, scores: np.ndarray, labels: np.ndarray, gold: int) -> float:
    predicted = scores >= theta
    return 2 * int((predicted & labels).sum()) / (int(predicted.sum()) + gold)


def brute_force(scores: np.ndarray, labels: np.ndarray, gold: int) -> Threshold:
    """Every score tried as a threshold, from the highest down; of equals, the first."""
    best = Threshold(float("inf"), 0.0)
    for theta in sorted(set(scores.tolist()), reverse=True):
        f1 = f1_at(theta, scores, labels, gold)
        if f1 > best.f1:
            best = Threshold(theta, f1)
    return best


CANDIDATES = st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=12)


@given(CANDIDATES, st.none() | st.integers(0, 4))
def test_it_is_the_best_of_all_and_the_highest_of_equals(
    candidates: list[tuple[int, bool]], missed: int | None
) -> None:
    scores = np.array([score for score, _ in candidates], dtype=np.float64)
    labels = np.array([label for _, label in candidates])
    gold = int(labels.sum()) + (missed or 0)
    found = best_threshold(scores, labels, gold=None if missed is None else gold)
    assert found == brute_force(scores, labels, gold)


@pytest.mark.parametrize("reach", [1, 2])
@given(
    candidates=st.lists(st.tuples(st.integers(-9, 9), st.integers(0, 9)), min_size=1, max_size=40),
    missed=st.integers(0, 2),
)
def test_looking_at_the_highest_scores_first_changes_nothing(
    reach: int, candidates: list[tuple[int, int]], missed: int
) -> None:
    """Few labels among many candidates, so that the highest scores are looked at first, with or without success."""
    scores = np.array([score for score, _ in candidates], dtype=np.float64)
    labels = np.array([chance == 0 for _, chance in candidates])
    gold = int(labels.sum()) + missed
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thresholds, "_REACH", reach)
        assert best_threshold(scores, labels, gold=gold) == brute_force(scores, labels, gold)


def test_many_candidates_cost_a_sort_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The labelled facts lie high: of 100,000 candidates only the highest are sorted, 30 for each labelled one."""
    scores = np.arange(100_000, dtype=np.float64)
    labels = np.zeros(100_000, dtype=np.bool_)
    labels[[50, -1, -2, -4]] = True  # the lowest score is labelled too: the search below it would be long
    sorted_sizes = []
    argsort = np.argsort

    def counting(values: np.ndarray, **options: str) -> np.ndarray:
        sorted_sizes.append(len(values))
        return argsort(values, **options)

    monkeypatch.setattr(np, "argsort", counting)
    assert best_threshold(scores, labels) == Threshold(99_996.0, pytest.approx(2 * 3 / (4 + 4)))
    assert sorted_sizes == [120]


def test_a_label_below_all_that_is_looked_at_first_is_found() -> None:
    scores = np.arange(1000, dtype=np.float64)
    labels = scores == 100  # 900 candidates stand above it
    assert best_threshold(scores, labels) == Threshold(100.0, pytest.approx(2 / (900 + 1)))


def test_a_better_threshold_just_below_what_is_looked_at_first_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among the highest 4 scores the best F1 is 6/7, with 3 predictions; 5 predictions reach 8/9."""
    monkeypatch.setattr(thresholds, "_REACH", 1)
    scores = np.arange(12, 0, -1, dtype=np.float64)
    labels = np.isin(scores, [12, 11, 10, 8])
    assert best_threshold(scores, labels) == Threshold(8.0, pytest.approx(8 / 9))


def test_facts_that_are_not_candidates_count_as_missed() -> None:
    scores, labels = np.array([3.0, 2.0, 1.0]), np.array([True, False, True])
    assert best_threshold(scores, labels) == Threshold(1.0, pytest.approx(4 / 5))
    assert best_threshold(scores, labels, gold=4) == Threshold(1.0, pytest.approx(4 / 7))


@pytest.mark.parametrize(
    ("scores", "labels", "gold"),
    [([], [], None), ([], [], 3), ([1.0, 2.0], [False, False], None), ([1.0], [False], 2), ([1.0], [True], 0)],
)
def test_nothing_to_find(scores: list[float], labels: list[bool], gold: int | None) -> None:
    found = best_threshold(np.array(scores), np.array(labels, dtype=np.bool_), gold=gold)
    assert found == Threshold(float("inf"), 0.0)
