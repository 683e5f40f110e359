"""The E-step: the approximate posterior over each query type's rules (paper, section 3.3 and appendix A).

    H(rule) = log AutoReg(rule | q) + (y*/2) (b_q / N + w_{q,rule} phi(rule; h, t))
    p_hat(rule | q, y*, D) = exp H(rule) / sum over the distinct sampled rules of exp H

b_q / N is the same for every rule of a query type and cancels in the normalisation. The generator's target is the
sum of p_hat over all training instances of the query type, positives and negatives: the exact expectation of what
the authors' code samples once an instance.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from logire.ground.runtime import derive_seed
from logire.rules.extractor import Extractor
from logire.rules.grounding import Features
from logire.rules.mining import RuleTable
from logire.rules.queries import Instances
from logire.rules.ruleset import RuleSet
from logire.rules.settings import LogiRESettings


def posterior(
    extractor: Extractor,
    features: Features,
    rules: RuleSet,
    instances: Instances,
    settings: LogiRESettings,
    seed: int,
) -> npt.NDArray[np.float64]:
    """(rules,) mean posterior of each rule over its query type's instances; sums to 1 a query type.

    ``settings.posterior_prior`` ``counted`` adds the log of the sample count to H (the authors' code);
    ``settings.posterior`` ``sampled`` draws one rule an instance instead of taking the expectation.
    """
    log_prior = rules.log_prior.copy()
    if settings.posterior_prior == "counted":
        log_prior += np.log(np.maximum(rules.counts, 1))
    generator = np.random.default_rng(derive_seed(seed, "posterior"))
    draws = generator.random(len(instances)) if settings.posterior == "sampled" else np.zeros(0)
    total = np.zeros(len(rules))
    _posterior(
        log_prior,
        extractor.weights,
        features.values,
        features.start,
        rules.start,
        instances.start,
        instances.labels,
        draws,
        total,
    )
    return total / np.maximum(np.add.reduceat(total, rules.start[:-1])[rules.query_of_rule], 1e-300)


def as_table(rules: RuleSet, weights: npt.NDArray[np.float64]) -> RuleTable:
    """Rule weights as the table that the generator learns."""
    table: RuleTable = []
    for q in range(len(rules.start) - 1):
        part = rules.query(q)
        table.append({body: float(w) for body, w in zip(rules.bodies[part], weights[part], strict=True) if w > 0.0})
    return table


def mixed(old: RuleTable, new: RuleTable, momentum: float) -> RuleTable:
    """(1 - momentum) * old + momentum * new, query type by query type (variant ``target: momentum``)."""
    return [
        {
            body: (1.0 - momentum) * a.get(body, 0.0) + momentum * b.get(body, 0.0)
            for body in sorted(a.keys() | b.keys())
        }
        for a, b in zip(old, new, strict=True)
    ]


@numba.njit(cache=True)
def _posterior(  # type: ignore[no-untyped-def]
    log_prior, weights, features, feature_start, rule_start, row_start, labels, draws, total
):
    for q in range(len(rule_start) - 1):
        first = rule_start[q]
        width = rule_start[q + 1] - first
        h = np.empty(width)
        for i in range(row_start[q + 1] - row_start[q]):
            row = row_start[q] + i
            half = 0.5 if labels[row] else -0.5
            phi = features[feature_start[q] + i * width : feature_start[q] + (i + 1) * width]
            largest = -np.inf
            for k in range(width):
                h[k] = log_prior[first + k] + half * weights[first + k] * phi[k]
                largest = max(largest, h[k])
            z = 0.0
            for k in range(width):
                h[k] = np.exp(h[k] - largest)
                z += h[k]
            if len(draws) == 0:
                for k in range(width):
                    total[first + k] += h[k] / z
            else:
                left = draws[row] * z
                pick = width - 1
                for k in range(width):
                    left -= h[k]
                    if left < 0.0:
                        pick = k
                        break
                total[first + pick] += 1.0
