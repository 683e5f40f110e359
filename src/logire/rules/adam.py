"""The extractor fitted as the paper does it: minibatch Adam on the mean loss of a few documents (numba kernels)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from logire.corpus.document import FloatArray
from logire.ground.runtime import derive_seed
from logire.rules.extractor import Extractor
from logire.rules.grounding import Grounded
from logire.rules.kernels import kernel


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
) -> Iterator[Extractor]:
    """Adam's extractor after each of ``epochs`` passes over the documents in random order.

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
    rules, rows = grounded.rules.start, instances.document_start
    features, labels = np.empty_like(grounded.values), np.empty_like(instances.labels)
    _by_document(grounded.values, grounded.start, rules, instances.start, rows, instances.labels, features, labels)
    after = np.empty((epochs, len(parameters)))
    _adam(parameters, len(start.bias), orders, batch, rates, features, labels, rules, rows, after)
    for row in after:
        yield Extractor(row[: len(start.bias)].copy(), row[len(start.bias) :].copy(), start.residual)


def _rates(steps: int, peak: float, final: float, warmup: float) -> FloatArray:
    """(steps,) the learning rate of each step."""
    warm = max(int(warmup * steps), 1)
    number = np.arange(steps)
    return np.where(
        number < warm,
        peak * (number + 1) / warm,
        peak + (final - peak) * (number - warm) / max(steps - 1 - warm, 1),
    )


@kernel()
def _by_document(  # type: ignore[no-untyped-def]
    features, feature_start, rule_start, row_start, document_start, labels, turned, sorted_labels
):
    """``turned``: document by document and in it query type by query type, (rules, rows). ``sorted_labels``: likewise.

    A document's features then lie side by side, and the kernels below go along rows, of which there are more than
    rules.
    """
    cell, place = 0, 0
    for d in range(document_start.shape[1] - 1):
        for q in range(len(rule_start) - 1):
            first, last = document_start[q, d], document_start[q, d + 1]
            rows, width = last - first, rule_start[q + 1] - rule_start[q]
            block = features[feature_start[q] + first * width : feature_start[q] + last * width]
            for i in range(rows):
                sorted_labels[place + i] = labels[row_start[q] + first + i]
                for k in range(width):
                    turned[cell + k * rows + i] = block[i * width + k]
            place += rows
            cell += rows * width


@kernel()
def _adam(  # type: ignore[no-untyped-def]
    parameters, queries, orders, batch, rates, features, labels, rule_start, document_start, after
):
    """Adam (beta 0.9, 0.999; eps 1e-8) on the mean loss of ``batch`` documents a step; ``parameters`` in place.

    What they are after each epoch goes to ``after`` (epochs, parameters).
    """
    documents = document_start.shape[1] - 1
    rows, cells = np.zeros(documents + 1, dtype=np.int64), np.zeros(documents + 1, dtype=np.int64)
    longest = 0
    for d in range(documents):
        rows[d + 1], cells[d + 1] = rows[d], cells[d]
        for q in range(queries):
            count = document_start[q, d + 1] - document_start[q, d]
            rows[d + 1] += count
            cells[d + 1] += count * (rule_start[q + 1] - rule_start[q])
            longest = max(longest, count)
    scores = np.empty(longest, dtype=np.float64)
    gradient = np.zeros_like(parameters)
    first = np.zeros_like(parameters)
    second = np.zeros_like(parameters)
    step = 0
    for epoch in range(orders.shape[0]):
        for begin in range(0, orders.shape[1], batch):
            gradient[:] = 0.0
            seen = 0
            for d in orders[epoch, begin : begin + batch]:
                seen += rows[d + 1] - rows[d]
                _add_gradient(
                    d,
                    parameters,
                    queries,
                    features[cells[d] : cells[d + 1]],
                    labels[rows[d] : rows[d + 1]],
                    rule_start,
                    document_start,
                    scores,
                    gradient,
                )
            rate = rates[step]
            step += 1
            correction_1 = 1.0 - 0.9**step
            correction_2 = 1.0 - 0.999**step
            for i in range(len(parameters)):
                g = gradient[i] / max(seen, 1)
                first[i] += 0.1 * (g - first[i])
                second[i] += 0.001 * (g * g - second[i])
                parameters[i] -= rate * (first[i] / correction_1) / (np.sqrt(second[i] / correction_2) + 1e-8)
        after[epoch] = parameters


@kernel(any_order=True)
def _add_gradient(  # type: ignore[no-untyped-def]
    d, parameters, queries, features, labels, rule_start, document_start, scores, gradient
):
    """Add the gradient of document d's summed loss to ``gradient``; its sums are taken in any order."""
    cell, place = 0, 0
    for q in range(queries):
        rows = document_start[q, d + 1] - document_start[q, d]
        if rows == 0:
            continue
        width = rule_start[q + 1] - rule_start[q]
        first = queries + rule_start[q]
        residual = scores[:rows]
        residual[:] = parameters[q]
        for k in range(width):
            weight = parameters[first + k]
            phi = features[cell + k * rows : cell + (k + 1) * rows]
            for i in range(rows):
                residual[i] += weight * phi[i]
        total = 0.0
        for i in range(rows):
            residual[i] = 1.0 / (1.0 + np.exp(-residual[i])) - labels[place + i]
            total += residual[i]
        gradient[q] += total
        for k in range(width):
            phi = features[cell + k * rows : cell + (k + 1) * rows]
            total = 0.0
            for i in range(rows):
                total += residual[i] * phi[i]
            gradient[first + k] += total
        place += rows
        cell += rows * width
