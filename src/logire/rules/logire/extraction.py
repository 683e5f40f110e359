"""M-step of the extractor: maximise sum log p_w(y* | z, q) over all training instances (paper, L_R)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from logire.ground.runtime import derive_seed
from logire.rules.adam import fit_adam
from logire.rules.convex import Doubles, fit_logistic
from logire.rules.extractor import Extractor
from logire.rules.grounding import Grounded
from logire.rules.logire.settings import LogiRESettings
from logire.rules.queries import RuleSet


def first_extractor(rules: RuleSet, settings: LogiRESettings, seed: int) -> Extractor:
    """Where a fit starts: at zero, or weights and biases uniform in [-1, 1] (``settings.extractor_start``)."""
    start = Extractor.zeros(rules)
    if settings.extractor_start == "zero":
        return start
    random = np.random.default_rng(derive_seed(seed, "extractor start"))
    bias, weights = (random.uniform(-1.0, 1.0, len(part)) for part in (start.bias, start.weights))
    return Extractor(bias, weights, start.residual)


def fit_extractor(
    start: Extractor,
    grounded: Grounded,
    settings: LogiRESettings,
    seed: int,
    judge: Callable[[Extractor], float] | None = None,
) -> Extractor:
    """Fit by the paper's minibatch Adam, or by Newton's method on the same loss plus L2 (``settings.optimizer``).

    Args:
        judge: how good an extractor is on dev. Adam then keeps the best epoch, of equals the first, instead of the
            last; Newton's method has none.
    """
    if settings.optimizer == "newton":
        return _fit_newton(start, grounded, settings.l2)
    epochs = fit_adam(
        start,
        grounded,
        epochs=settings.extractor_epochs,
        batch=settings.extractor_batch,
        peak=settings.extractor_learning_rate,
        final=settings.extractor_final_rate,
        warmup=settings.extractor_warmup,
        seed=seed,
    )
    return deque(epochs, maxlen=1).pop() if judge is None else max(epochs, key=judge)


def _fit_newton(start: Extractor, grounded: Grounded, l2: float) -> Extractor:
    fitted = Extractor(start.bias.copy(), start.weights.copy(), start.residual)
    for q, block in enumerate(grounded.blocks):
        solution = newton_logistic(
            block.features.astype(np.float64),
            block.labels,
            l2,
            np.concatenate([[start.bias[q]], start.weights[block.rules]]),
        )
        fitted.bias[q], fitted.weights[block.rules] = solution[0], solution[1:]
    return fitted


def newton_logistic(x: Doubles, labels: npt.NDArray[np.bool_], l2: float, start: Doubles) -> Doubles:
    """Minimise sum log(1 + exp(-y (b + x w))) + l2/2 |w|^2.

    Args:
        x: (n, k); labels: (n,); start: (k + 1,) bias first.

    Returns:
        (k + 1,) bias and weights. Without any positive (or negative) instance the bias is kept finite by a
        ridge of 1e-3.
    """
    ridge = np.full(x.shape[1] + 1, max(l2, 1e-6))
    ridge[0] = 1e-3
    design = np.concatenate([np.ones((len(x), 1)), x], axis=1)
    return fit_logistic(design, labels, ridge=ridge, centre=np.zeros_like(ridge), start=start)
