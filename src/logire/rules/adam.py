"""The extractor fitted as the paper does it: minibatch Adam on the mean loss of a few documents (numba kernels)."""

from __future__ import annotations

import numba
import numpy as np

from logire.corpus.document import FloatArray
from logire.ground.runtime import derive_seed
from logire.rules.extractor import Extractor
from logire.rules.grounding import Grounded


def fit_adam(
    start: Extractor,
    grounded: Grounded,
    *,
    epochs: int,
    batch: int,
    peak: float,
    final: float,
    warmup: float,
    seed: int,
) -> Extractor:
    """Adam's extractor after ``epochs`` passes over the documents in random order.

    Args:
        batch: documents a step.
        peak, final: the learning rate after the warm-up, and where its linear decay ends.
        warmup: share of the steps in which it rises from 0.
    """
    instances = grounded.instances
    documents = instances.document_start.shape[1] - 1
    generator = np.random.default_rng(derive_seed(seed, "extractor"))
    batches = int(np.ceil(documents / batch))
    rates = _rates(batches * epochs, peak, final, warmup)
    orders = np.stack([generator.permutation(documents) for _ in range(epochs)])
    parameters = np.concatenate([start.bias, start.weights])
    _adam(
        parameters,
        len(start.bias),
        orders,
        batch,
        rates,
        grounded.values,
        grounded.start,
        grounded.rules.start,
        instances.start,
        instances.document_start,
        instances.labels,
    )
    return Extractor(parameters[: len(start.bias)], parameters[len(start.bias) :], start.residual)


def _rates(steps: int, peak: float, final: float, warmup: float) -> FloatArray:
    """(steps,) the learning rate of each step."""
    warm = max(int(warmup * steps), 1)
    number = np.arange(steps)
    return np.where(
        number < warm,
        peak * (number + 1) / warm,
        peak + (final - peak) * (number - warm) / max(steps - 1 - warm, 1),
    )


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
