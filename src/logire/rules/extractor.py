"""The relation extractor p_w (paper, section 3.2), a logistic regression for each query type.

    score(q, z) = b_q + sum over the distinct rules of z of  w_{q,rule} phi(rule; h, t)
    p(y | q, z) = sigmoid(y * score(q, z)),  y in {-1, 1}

The backbone is frozen, so phi is constant within an M-step: the features are grounded once, and fitting is cheap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from logire.ground.runtime import derive_seed
from logire.rules.convex import Doubles, fit_logistic
from logire.rules.grounding import Features
from logire.rules.queries import Instances
from logire.rules.ruleset import RuleSet
from logire.rules.settings import LogiRESettings


@dataclass
class Extractor:
    """The extractor's parameters.

    Attributes:
        bias: (Q,); weights: (rules,), flat as in the rule set.
        residual: (Q,) weight of the query's own logit in its score; 0 in the paper, where the logit enters by the
            identity rule alone.
    """

    bias: Doubles
    weights: Doubles
    residual: Doubles

    @classmethod
    def zeros(cls, rules: RuleSet) -> Extractor:
        queries = len(rules.start) - 1
        return cls(np.zeros(queries), np.zeros(len(rules)), np.zeros(queries))

    def scores(self, features: Features, rules: RuleSet, instances: Instances) -> Doubles:
        """(rows,) score of every instance."""
        parts = [features.query(q) @ self.weights[rules.query(q)] + self.bias[q] for q in range(len(self.bias))]
        scores = np.concatenate(parts) if parts else np.zeros(0)
        if self.residual.any():
            scores = scores + np.repeat(self.residual, np.diff(instances.start)) * instances.logits
        return np.asarray(scores, dtype=np.float64)


def log_loss(extractor: Extractor, features: Features, rules: RuleSet, instances: Instances) -> float:
    """Mean of -log p(y* | q, z) over all instances."""
    signed = np.where(instances.labels, 1.0, -1.0) * extractor.scores(features, rules, instances)
    return float(np.logaddexp(0.0, -signed).mean())


def fit_extractor(
    start: Extractor,
    features: Features,
    rules: RuleSet,
    instances: Instances,
    settings: LogiRESettings,
    seed: int,
) -> Extractor:
    """M-step of the extractor: maximise sum log p_w(y* | z, q) over all instances (paper, L_R).

    ``settings.optimizer`` picks the paper's minibatch Adam, or Newton's method on the same loss plus L2.
    """
    if settings.optimizer == "newton":
        return _fit_newton(start, features, rules, instances, settings.l2)
    return _fit_adam(start, features, rules, instances, settings, seed)


def _fit_newton(start: Extractor, features: Features, rules: RuleSet, instances: Instances, l2: float) -> Extractor:
    fitted = Extractor(start.bias.copy(), start.weights.copy(), start.residual)
    for q in range(len(start.bias)):
        part = rules.query(q)
        rows = slice(int(instances.start[q]), int(instances.start[q + 1]))
        solution = newton_logistic(
            features.query(q).astype(np.float64),
            instances.labels[rows],
            l2,
            np.concatenate([[start.bias[q]], start.weights[part]]),
        )
        fitted.bias[q], fitted.weights[part] = solution[0], solution[1:]
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


def _fit_adam(
    start: Extractor,
    features: Features,
    rules: RuleSet,
    instances: Instances,
    settings: LogiRESettings,
    seed: int,
) -> Extractor:
    documents = instances.document_start.shape[1] - 1
    generator = np.random.default_rng(derive_seed(seed, "extractor"))
    batches = int(np.ceil(documents / settings.extractor_batch))
    steps = batches * settings.extractor_epochs
    warm = max(int(settings.extractor_warmup * steps), 1)
    peak, final = settings.extractor_learning_rate, settings.extractor_final_rate
    number = np.arange(steps)
    rates = np.where(
        number < warm,
        peak * (number + 1) / warm,
        peak + (final - peak) * (number - warm) / max(steps - 1 - warm, 1),
    )
    orders = np.stack([generator.permutation(documents) for _ in range(settings.extractor_epochs)])
    parameters = np.concatenate([start.bias, start.weights])
    _adam(
        parameters,
        len(start.bias),
        orders,
        settings.extractor_batch,
        rates,
        features.values,
        features.start,
        rules.start,
        instances.start,
        instances.document_start,
        instances.labels,
    )
    return Extractor(parameters[: len(start.bias)], parameters[len(start.bias) :], start.residual)


@numba.njit(cache=True)
def _adam(  # type: ignore[no-untyped-def]
    parameters,
    queries,
    orders,
    batch,
    rates,
    features,
    feature_start,
    rule_start,
    row_start,
    document_start,
    labels,
):
    """Adam (beta 0.9, 0.999; eps 1e-8) on the mean loss of ``batch`` documents a step; ``parameters`` in place."""
    gradient = np.zeros_like(parameters)
    first = np.zeros_like(parameters)
    second = np.zeros_like(parameters)
    step = 0
    for epoch in range(orders.shape[0]):
        for begin in range(0, orders.shape[1], batch):
            end = min(begin + batch, orders.shape[1])
            gradient[:] = 0.0
            rows = 0
            for position in range(begin, end):
                rows += _add_gradient(
                    orders[epoch, position],
                    parameters,
                    queries,
                    features,
                    feature_start,
                    rule_start,
                    row_start,
                    document_start,
                    labels,
                    gradient,
                )
            rate = rates[step]
            step += 1
            correction_1 = 1.0 - 0.9**step
            correction_2 = 1.0 - 0.999**step
            for i in range(len(parameters)):
                g = gradient[i] / max(rows, 1)
                first[i] += 0.1 * (g - first[i])
                second[i] += 0.001 * (g * g - second[i])
                parameters[i] -= rate * (first[i] / correction_1) / (np.sqrt(second[i] / correction_2) + 1e-8)


@numba.njit(cache=True)
def _add_gradient(  # type: ignore[no-untyped-def]
    d,
    parameters,
    queries,
    features,
    feature_start,
    rule_start,
    row_start,
    document_start,
    labels,
    gradient,
):
    """Add the gradient of document d's summed loss to ``gradient``; returns the number of its instances."""
    rows = 0
    for q in range(queries):
        first_row, last_row = document_start[q, d], document_start[q, d + 1]
        if first_row == last_row:
            continue
        width = rule_start[q + 1] - rule_start[q]
        weights = parameters[queries + rule_start[q] : queries + rule_start[q + 1]]
        slope = gradient[queries + rule_start[q] : queries + rule_start[q + 1]]
        block = features[feature_start[q] + first_row * width : feature_start[q] + last_row * width]
        rows += last_row - first_row
        for i in range(last_row - first_row):
            phi = block[i * width : (i + 1) * width]
            score = parameters[q]
            for k in range(width):
                score += weights[k] * phi[k]
            residual = 1.0 / (1.0 + np.exp(-score))
            if labels[row_start[q] + first_row + i]:
                residual -= 1.0
            gradient[q] += residual
            for k in range(width):
                slope[k] += residual * phi[k]
    return rows
