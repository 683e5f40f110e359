"""Logistic regression with a ridge toward any centre, fitted to its optimum by Newton's method."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

Doubles = npt.NDArray[np.float64]

HEADWAY = 0.1
"""A Hessian is kept as long as each step with it brings the decrement below this share of the one before."""


def fit_logistic(
    design: Doubles,
    labels: npt.NDArray[np.bool_],
    *,
    ridge: Doubles,
    centre: Doubles,
    start: Doubles | None = None,
    offset: Doubles | None = None,
    tolerance: float = 1e-10,
) -> Doubles:
    """Minimise sum log(1 + exp(-y (offset + x p))) + 1/2 sum ridge (p - centre)^2 by damped Newton steps.

    Args:
        design: (n, k); labels: (n,); ridge: (k,), all positive; centre: (k,).
        start: (k,) where to start; the centre by default.
        offset: (n,) a part of the score that is not fitted.

    Returns:
        (k,) the optimum p. Cost: n k^2 for a Hessian, which serves several steps of n k each while they make headway.
    """
    target = labels.astype(np.float64)
    fixed = np.zeros(len(labels)) if offset is None else offset

    def objective(parameters: Doubles) -> tuple[float, Doubles]:
        score = fixed + design @ parameters
        loss = np.logaddexp(0.0, score).sum() - score[labels].sum()
        return float(loss + 0.5 * (ridge * (parameters - centre) ** 2).sum()), score

    parameters = (centre if start is None else start).astype(np.float64)
    loss, score = objective(parameters)
    factor: tuple[Doubles, bool] | None = None
    before = 0.0
    for _ in range(200):
        probability = expit(score)
        gradient = design.T @ (probability - target) + ridge * (parameters - centre)
        if factor is not None:
            step = cho_solve(factor, gradient)
            decrement = float(gradient @ step)
        # An old Hessian may be far too steep for the place reached, so that it never says when to stop.
        if factor is None or not tolerance <= decrement <= HEADWAY * before:
            curvature = probability * (1.0 - probability)
            factor = cho_factor((design * curvature[:, None]).T @ design + np.diag(ridge))
            step = cho_solve(factor, gradient)
            decrement = float(gradient @ step)
        before = decrement
        if decrement < tolerance:
            parameters = parameters - step
            break
        size = 1.0
        while True:
            candidate = parameters - size * step
            new_loss, new_score = objective(candidate)
            if new_loss <= loss - 1e-4 * size * decrement or size < 1e-6:
                break
            size *= 0.5
        parameters, loss, score = candidate, new_loss, new_score
    return parameters
