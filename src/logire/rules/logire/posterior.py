"""The E-step: the approximate posterior over each query type's rules (paper, section 3.3 and appendix A).

    H(rule) = log AutoReg(rule | q) + (y*/2) (b_q / N + w_{q,rule} phi(rule; h, t))

The generator's target is the sum of p_hat, H's softmax, over all training instances of the query type, positives and
negatives: the exact expectation of what the authors' code samples once an instance.

Their H knows how often each rule was drawn, its count, and divides the rule's evidence by it (``counted``):

    H(rule) = log AutoReg(rule | q) + log count(rule) + (y*/2) (b_q / N + w_{q,rule} phi(rule; h, t) / count(rule))
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from logire.ground.runtime import derive_seed
from logire.rules.extractor import Extractor
from logire.rules.grounding import Grounded
from logire.rules.logire.settings import LogiRESettings
from logire.rules.mining import RuleTable
from logire.rules.queries import RuleSet


def posterior(extractor: Extractor, grounded: Grounded, settings: LogiRESettings, seed: int) -> npt.NDArray[np.float64]:
    """(rules,) mean posterior of each rule over its query type's instances; sums to 1 a query type.

    It is 0 for the rules of a query type without instances. ``settings.posterior_prior`` picks H, where an identity
    rule that was kept without being drawn counts once; ``settings.posterior`` ``sampled`` draws one rule an instance
    instead of taking the expectation.
    """
    rules = grounded.rules
    log_prior = rules.log_prior.copy()
    if settings.posterior_prior == "counted":
        counts = np.maximum(rules.counts, 1)
        log_prior += np.log(counts)
        extractor = replace(extractor, weights=extractor.weights / counts)
    generator = np.random.default_rng(derive_seed(seed, "posterior"))
    draws = generator.random(len(grounded.instances)) if settings.posterior == "sampled" else None
    return extractor.posterior(grounded, log_prior, draws)


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
