"""Significance against textbook formulas, hand-worked corrections and exhaustive resampling."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from logire.evaluation.metrics import find, scores
from logire.evaluation.significance import holm, paired_bootstrap, paired_t_test
from logire.ground.errors import InputError
from logire.ground.runtime import derive_seed

F1, IGN_F1 = find("f1"), find("ign_f1")


def test_t_test_by_the_formula() -> None:
    base, ours = [52.0, 53.0, 52.5, 53.5], [53.0, 55.0, 53.5, 55.5]
    result = paired_t_test(base, ours)
    # Differences 1, 2, 1, 2: mean 1.5, sd 1/sqrt(3), t = 1.5 / (sd / 2) = 3 sqrt(3) with 3 degrees of freedom.
    assert result.seeds == 4
    assert result.difference == pytest.approx(1.5)
    assert result.deviation == pytest.approx(3**-0.5)
    assert result.effect_size == pytest.approx(1.5 * 3**0.5)
    assert result.p == pytest.approx(2 * (1 - special.stdtr(3, 3 * 3**0.5)))


def test_t_test_is_scipys() -> None:
    generator = np.random.default_rng(0)
    for seeds in range(2, 11):
        base = generator.normal(50, 1, seeds).tolist()
        ours = (base + generator.normal(0.5, 1, seeds)).tolist()
        assert paired_t_test(base, ours).p == pytest.approx(stats.ttest_rel(ours, base).pvalue, rel=1e-12)


def test_one_seed_has_no_p_value() -> None:
    result = paired_t_test([52.0], [53.0])
    assert (result.seeds, result.difference) == (1, 1.0)
    assert result.deviation is result.p is result.effect_size is None


def test_differences_without_spread() -> None:
    same = paired_t_test([1.0, 2.0], [1.0, 2.0])
    assert (same.deviation, same.p, same.effect_size) == (0.0, 1.0, None)
    constant = paired_t_test([1.0, 2.0], [2.0, 3.0])
    assert (constant.deviation, constant.p, constant.effect_size) == (0.0, 0.0, None)


@pytest.mark.parametrize(("base", "ours"), [([], []), ([1.0], [1.0, 2.0])])
def test_unpaired_values_are_refused(base: list[float], ours: list[float]) -> None:
    with pytest.raises(InputError, match="each seed"):
        paired_t_test(base, ours)


def test_holm_by_hand() -> None:
    # Sorted .01, .02, .03 of three: 3 x .01, 2 x .02, and the last may not fall below the one before.
    assert holm([0.03, 0.01, None, 0.02]) == pytest.approx([0.04, 0.03, None, 0.04])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([None]) == [None]


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    alpha, rejected = 0.05, set()
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if (len(p_values) - rank) * p_values[i] > alpha:
            break
        rejected.add(i)
    assert {i for i, p in enumerate(adjusted) if p is not None and p <= alpha} == rejected


def counts(*documents: tuple[int, int, int]) -> np.ndarray:
    """One seed's counts (1, documents, 5) from (gold, predicted, correct), nothing in training."""
    return np.array([[(*d, 0, 0) for d in documents]])


def test_bootstrap_against_every_possible_draw() -> None:
    base = counts((4, 4, 1), (2, 3, 2), (5, 4, 3))
    ours = counts((4, 5, 3), (2, 2, 1), (5, 5, 4))
    result = paired_bootstrap(base, ours, F1, samples=20_000)
    exact = []
    for draw in product(range(3), repeat=3):
        chosen = list(draw)
        difference = float(scores(ours[0, chosen].sum(0)).f1 - scores(base[0, chosen].sum(0)).f1)
        exact += 100 * [difference]  # so that a quantile falls on a draw, not between two
    all_ours, all_base = scores(ours[0].sum(0)).f1, scores(base[0].sum(0)).f1
    assert result.difference == pytest.approx(float(all_ours - all_base))
    assert result.low == pytest.approx(float(np.quantile(exact, 0.025)), abs=1e-9)
    assert result.high == pytest.approx(float(np.quantile(exact, 0.975)), abs=1e-9)
    assert result.p == pytest.approx(2 * np.mean(np.array(exact) <= 0), abs=0.02)


def test_bootstrap_is_what_its_draws_give_one_by_one() -> None:
    """1,100 draws: more than are computed at a time."""
    rng = np.random.default_rng(1)
    base, ours = rng.integers((8, 6, 0, 0, 0), (9, 11, 6, 1, 1), (2, 2, 12, 5))  # two seeds, 12 documents
    draws = np.random.default_rng(derive_seed(3, "bootstrap", "f1")).multinomial(12, np.full(12, 1 / 12), size=1100)
    differences = np.array(
        [
            np.mean([scores(drawn @ b).f1 - scores(drawn @ a).f1 for a, b in zip(base, ours, strict=True)])
            for drawn in draws
        ]
    )
    found = paired_bootstrap(base, ours, F1, seed=3, samples=1100)
    low, high = np.quantile(differences, [0.025, 0.975])
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))
    tail = min((differences <= 0).sum(), (differences >= 0).sum())
    assert 0 < tail < 500
    assert found.p == pytest.approx(2 * (tail + 1) / 1101)


def test_bootstraps_p_value_by_hand() -> None:
    """Better on every document: none of 9 draws is against it, and the measured one counts beside them."""
    base, ours = counts((4, 4, 1), (2, 3, 1)), counts((4, 4, 3), (2, 3, 2))
    assert paired_bootstrap(base, ours, F1, samples=9).p == pytest.approx(2 / 10)
    assert paired_bootstrap(ours, base, F1, samples=9).p == pytest.approx(2 / 10)


def test_bootstrap_takes_10000_draws_of_seed_0_by_default() -> None:
    rng = np.random.default_rng(2)
    base, ours = rng.integers((8, 6, 0, 0, 0), (9, 11, 6, 1, 1), (2, 1, 20, 5))
    found = paired_bootstrap(base, ours, F1)
    assert found == paired_bootstrap(base, ours, F1, seed=0, samples=10_000)
    assert found.p != paired_bootstrap(base, ours, F1, samples=10_001).p


def test_bootstrap_repeats_itself_and_averages_seeds() -> None:
    base = np.concatenate([counts((4, 4, 1), (2, 3, 2)), counts((4, 4, 2), (2, 3, 1))])
    ours = np.concatenate([counts((4, 5, 3), (2, 2, 1)), counts((4, 4, 4), (2, 2, 2))])
    first, second = (paired_bootstrap(base, ours, IGN_F1, samples=1500) for _ in range(2))
    assert first == second
    each = [paired_bootstrap(base[[s]], ours[[s]], IGN_F1, samples=10).difference for s in range(2)]
    assert first.difference == pytest.approx(np.mean(each))


def test_bootstrap_draws_follow_the_seed() -> None:
    rng = np.random.default_rng(0)
    correct = rng.integers(0, 5, (2, 1, 30))
    base, ours = (np.stack([np.full_like(c, 6), np.full_like(c, 7), c, 0 * c, 0 * c], axis=-1) for c in correct)
    low = {paired_bootstrap(base, ours, F1, seed=seed, samples=200).low for seed in (0, 1)}
    assert len(low) == 2


def test_bootstrap_of_equal_methods_finds_nothing() -> None:
    base = counts((4, 4, 1), (2, 3, 2))
    result = paired_bootstrap(base, base, F1, samples=100)
    assert (result.difference, result.low, result.high, result.p) == (0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("shape", [(1, 2, 5), (0, 1, 5), (1, 0, 5)])
def test_bootstrap_refuses_other_documents_and_none(shape: tuple[int, ...]) -> None:
    other = np.ones((1, 1, 5)) if shape[0] * shape[1] else np.ones(shape)
    with pytest.raises(InputError, match="same documents"):
        paired_bootstrap(other, np.ones(shape), F1)
