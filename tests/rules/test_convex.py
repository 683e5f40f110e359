"""The convex solver against autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logire.rules import convex
from logire.rules.convex import Logistic, fit_logistic


def problem(seed: int, rows: int = 40, columns: int = 4):
    """A random design, labels, ridge, centre and offset."""
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(rows, columns)),
        rng.random(rows) < 0.3,
        rng.uniform(0.1, 3.0, columns),
        rng.normal(size=columns),
        rng.normal(0.0, 2.0, rows),
    )


def derivatives(parameters, design, labels, ridge, centre, offset):
    """Value, gradient and Hessian of the stated objective, by autograd."""
    x, y = torch.from_numpy(design), torch.from_numpy(np.where(labels, 1.0, -1.0))
    weight, middle, fixed = (torch.from_numpy(np.asarray(v, dtype=np.float64)) for v in (ridge, centre, offset))

    def objective(p):
        loss = torch.log1p(torch.exp(-y * (fixed + x @ p))).sum()
        return loss + 0.5 * (weight * (p - middle) ** 2).sum()

    p = torch.tensor(parameters, requires_grad=True)
    value = objective(p)
    (gradient,) = torch.autograd.grad(value, p)
    return float(value.detach()), gradient.numpy(), torch.autograd.functional.hessian(objective, p.detach()).numpy()


@pytest.mark.parametrize("with_offset", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_autograds_gradient_vanishes_at_the_optimum(seed, with_offset):
    design, labels, ridge, centre, offset = problem(seed)
    offset = offset if with_offset else np.zeros(len(labels))
    chosen = {"ridge": ridge, "centre": centre, "offset": offset if with_offset else None}
    # The tolerance is on Newton's decrement: the default, 1e-10, lets a gradient of some 2e-5 pass.
    found = fit_logistic(design, labels, **chosen, tolerance=1e-13)
    _, gradient, _ = derivatives(found, design, labels, ridge, centre, offset)
    assert np.abs(gradient).max() < 1e-5


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("rows", [1, 40, 5000])
def test_what_newtons_method_goes_by_is_autograds(rows, single):
    """Value, gradient and Hessian of the data's part; 5,000 rows are more than a Hessian takes at a time."""
    design, labels, _, _, offset = problem(6, rows)
    p = np.array([0.5, -1.0, 2.0, 0.0])
    given = design.astype(np.float32) if single else design
    value, gradient, hessian = derivatives(p, given.astype(np.float64), labels, np.zeros(4), np.zeros(4), offset)
    found = Logistic(given, labels, centre=np.zeros(4), offset=offset, start=p)
    place = found._place
    assert place.loss == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(place.gradient, gradient, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(place.score, offset + given @ p, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(place.probability, 1.0 / (1.0 + np.exp(-place.score)), rtol=1e-12)
    size = np.abs(hessian).max()
    np.testing.assert_allclose(found._curved(place), hessian, atol=(1e-5 if single else 1e-12) * size)
    found._double = True
    np.testing.assert_allclose(found._curved(place), hessian, atol=1e-12 * size)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("tolerance", [1.0, 1e-1, 1e-2, 1e-3, 1e-4])
def test_the_step_that_tells_that_the_optimum_is_near_is_taken_too(seed, tolerance):
    """Newton's steps gain digits by the square: what is left is far less than the tolerance."""
    design, labels, ridge, centre, offset = problem(seed)
    found = fit_logistic(design, labels, ridge=ridge, centre=centre, offset=offset, tolerance=tolerance)
    _, gradient, hessian = derivatives(found, design, labels, ridge, centre, offset)
    assert gradient @ np.linalg.solve(hessian, gradient) < 0.01 * tolerance


def test_whole_steps_would_go_to_and_fro_for_ever():
    """Ten labels of each kind on equal rows, from 20 on: the first step leads to some -10,000, the next one back."""
    labels = np.arange(20) < 10
    found = fit_logistic(np.ones((20, 1)), labels, ridge=np.full(1, 1e-3), centre=np.zeros(1), start=np.full(1, 20.0))
    assert found[0] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_ridges_in_turn_share_hessians_and_where_they_are(seed, monkeypatch):
    """A Hessian costs more than a step: three serve four ridges, and some ten steps each are enough."""
    work = {"_pass": 0, "_curved": 0}

    def counted(owner, name):
        function = getattr(owner, name)

        def counting(*arguments):
            work[name] += 1
            return function(*arguments)

        monkeypatch.setattr(owner, name, counting)

    counted(convex, "_pass")
    counted(Logistic, "_curved")
    design, labels, _, centre, offset = problem(seed, 400)
    together = Logistic(design, labels, centre=centre, offset=offset)
    for size in (10.0, 3.0, 1.0, 0.3):
        together.minimise(np.full(4, size))
    assert 1 <= work["_curved"] <= 3
    assert work["_pass"] <= 45


@given(seed=st.integers(0, 10_000), rows=st.integers(1, 60), columns=st.integers(1, 6), scale=st.floats(0.01, 30.0))
@example(seed=1, rows=10, columns=1, scale=27.0)
@settings(max_examples=60, deadline=None)
def test_what_is_left_to_gain_is_within_the_tolerance(seed, rows, columns, scale):
    """Newton's decrement g' H^-1 g, about twice the distance to the least objective, at designs of any size."""
    design, labels, ridge, centre, offset = problem(seed, rows, columns)
    design = design * scale
    found = fit_logistic(design, labels, ridge=ridge, centre=centre, offset=offset)
    _, gradient, hessian = derivatives(found, design, labels, ridge, centre, offset)
    assert gradient @ np.linalg.solve(hessian, gradient) < 2e-10


@given(seed=st.integers(0, 10_000), spread=st.sampled_from([0.0, 1.0, 30.0]))
@settings(max_examples=60, deadline=None)
def test_the_start_does_not_change_the_optimum(seed, spread):
    design, labels, ridge, centre, offset = problem(seed)
    start = spread * np.random.default_rng(seed + 1).normal(size=len(ridge))
    before = start.copy()
    chosen = {"ridge": ridge, "centre": centre, "offset": offset}
    found = fit_logistic(design, labels, **chosen, start=start)
    np.testing.assert_allclose(found, fit_logistic(design, labels, **chosen), atol=1e-4)
    np.testing.assert_array_equal(start, before)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_a_huge_ridge_gives_the_centre_and_nothing_else_does(seed):
    design, labels, _, centre, offset = problem(seed)
    huge = fit_logistic(design, labels, ridge=np.full(4, 1e12), centre=centre, offset=offset)
    np.testing.assert_allclose(huge, centre, atol=1e-9)
    small = fit_logistic(design, labels, ridge=np.full(4, 1e-2), centre=centre, offset=offset)
    assert np.abs(small - centre).max() > 1e-3


def test_a_parameter_without_data_stays_at_its_centre():
    design, labels, ridge, centre, _ = problem(1)
    design[:, 2] = 0.0
    found = fit_logistic(design, labels, ridge=ridge, centre=centre, start=np.zeros(4))
    assert found[2] == pytest.approx(centre[2], abs=1e-9)


def test_moving_the_centre_into_the_offset_is_the_same_fit_around_zero():
    design, labels, ridge, centre, offset = problem(2)
    around = fit_logistic(design, labels, ridge=ridge, centre=centre, offset=offset)
    moved = fit_logistic(design, labels, ridge=ridge, centre=np.zeros(4), offset=offset + design @ centre)
    np.testing.assert_allclose(around, centre + moved, atol=1e-5)


@pytest.mark.parametrize("label", [False, True])
def test_labels_of_one_kind_and_separable_ones_stay_finite(label):
    design = np.stack([np.linspace(-50.0, 50.0, 21), np.ones(21)], axis=1)
    chosen = {"ridge": np.full(2, 1e-3), "centre": np.zeros(2)}
    for labels in (np.full(21, label), (design[:, 0] > 0) == label):
        found = fit_logistic(design, labels, **chosen)
        _, gradient, _ = derivatives(found, design, labels, **chosen, offset=np.zeros(21))
        assert np.abs(gradient).max() < 1e-4


def test_many_rows_of_large_logits_reach_the_optimum_too():
    """Where the objective's own rounding is larger than what a last step gains."""
    rng = np.random.default_rng(5)
    design = np.concatenate([rng.normal(-6.0, 6.0, (60_000, 1)), rng.random((60_000, 4))], axis=1)
    labels = rng.random(60_000) < 1.0 / (1.0 + np.exp(-design[:, 0]))
    chosen = {"ridge": np.full(5, 0.3), "centre": np.eye(5)[0]}
    found = fit_logistic(design, labels, **chosen)
    _, gradient, hessian = derivatives(found, design, labels, **chosen, offset=np.zeros(len(labels)))
    assert gradient @ np.linalg.solve(hessian, gradient) < 1e-9


@given(seed=st.integers(0, 10_000), rows=st.integers(1, 60))
@settings(max_examples=50, deadline=None)
def test_ridges_in_turn_give_what_each_gives_alone(seed, rows):
    """Whatever Hessian the fit before has left behind."""
    design, labels, _, centre, offset = problem(seed, rows)
    together = Logistic(design, labels, centre=centre, offset=offset)
    for size in (10.0, 3.0, 0.01, 1.0, 1.0):
        ridge = np.full(4, size)
        found = together.minimise(ridge)
        _, gradient, hessian = derivatives(found, design, labels, ridge, centre, offset)
        assert gradient @ np.linalg.solve(hessian, gradient) < 2e-10
        alone = fit_logistic(design, labels, ridge=ridge, centre=centre, offset=offset)
        np.testing.assert_allclose(found, alone, atol=2e-4)


@pytest.mark.parametrize("rows", [50, 5000])
def test_a_design_in_single_precision_reaches_the_same_optimum(rows):
    """5,000 rows: more than are taken at a time."""
    design, labels, ridge, centre, offset = problem(4, rows)
    single = design.astype(np.float32)
    chosen = {"ridge": ridge, "centre": centre, "offset": offset}
    found = fit_logistic(single, labels, **chosen)
    np.testing.assert_allclose(found, fit_logistic(single.astype(np.float64), labels, **chosen), atol=1e-5)
    _, gradient, hessian = derivatives(found, single.astype(np.float64), labels, **chosen)
    assert gradient @ np.linalg.solve(hessian, gradient) < 2e-10


@pytest.mark.parametrize("wrong", [False, True])
def test_double_precision_is_taken_where_single_precision_does_not_know_the_way(wrong, monkeypatch):
    """Wrong: its Hessians are made 10,000 times too small, so that steps by them have to be halved many times."""
    curved = Logistic._curved
    share = 1e-4 if wrong else 1.0
    monkeypatch.setattr(Logistic, "_curved", lambda self, at: curved(self, at) * (1.0 if self._double else share))
    design, labels, _, centre, _ = problem(5, 400)
    ridge = np.full(4, 1e-3)
    single = Logistic(design.astype(np.float32), labels, centre=centre)
    found = single.minimise(ridge)
    assert single._double == wrong
    _, gradient, hessian = derivatives(found, single.design.astype(np.float64), labels, ridge, centre, np.zeros(400))
    assert gradient @ np.linalg.solve(hessian, gradient) < 2e-10


@pytest.mark.parametrize(("apart", "size"), [(1e-2, 1e-9), (1e-3, 1e-9), (1e-4, 1e-9), (1e-4, 1e-3)])
def test_single_precision_does_without_a_ridge_to_speak_of(apart, size):
    """Two columns that differ by less than single precision holds in a Hessian; the last ridge tells them apart."""
    rng = np.random.default_rng(3)
    column = rng.normal(size=(4000, 1)) * 100.0
    design = np.concatenate([column, column + apart * rng.normal(size=column.shape)], axis=1).astype(np.float32)
    labels = rng.random(4000) < 0.5
    chosen = {"ridge": np.full(2, size), "centre": np.zeros(2)}
    found = fit_logistic(design, labels, **chosen)
    _, gradient, hessian = derivatives(found, design.astype(np.float64), labels, **chosen, offset=np.zeros(4000))
    assert gradient @ np.linalg.solve(hessian, gradient) < 1e-8
