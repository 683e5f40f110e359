"""The relation extractor p_w (paper, section 3.2), a logistic regression for each query type.

    score(q, z) = b_q + sum over the distinct rules of z of  w_{q,rule} phi(rule; h, t)
    p(y | q, z) = sigmoid(y * score(q, z)),  y in {-1, 1}

The backbone is frozen, so phi is constant within an M-step: the features are grounded once, and fitting is cheap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from logire.corpus.document import BoolArray, IntArray
from logire.rules.convex import Doubles
from logire.rules.grounding import Grounded
from logire.rules.kernels import kernel
from logire.rules.queries import RuleSet


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

    def scores(self, grounded: Grounded) -> Doubles:
        """(rows,) score of every instance."""
        instances = grounded.instances
        blocks = zip(grounded.blocks, self.bias, strict=True)
        parts = [block.features @ self.weights[block.rules] + bias for block, bias in blocks]
        scores = np.concatenate(parts) if parts else np.zeros(0)
        if self.residual.any():
            scores = scores + np.repeat(self.residual, np.diff(instances.start)) * instances.logits
        return np.asarray(scores, dtype=np.float64)

    def blended(self, blend: float) -> Extractor:
        """(1 - blend) logit + blend score, as an extractor: it is linear in both."""
        # + 0.0: no negative zeros, which a table would not keep
        bias, weights = blend * self.bias + 0.0, blend * self.weights + 0.0
        return Extractor(bias, weights, (1.0 - blend) + blend * self.residual)

    def log_loss(self, grounded: Grounded) -> float:
        """Mean of -log p(y* | q, z) over all instances."""
        signed = np.where(grounded.instances.labels, 1.0, -1.0) * self.scores(grounded)
        return float(np.logaddexp(0.0, -signed).mean())

    def posterior(self, grounded: Grounded, log_prior: Doubles | None = None, draws: Doubles | None = None) -> Doubles:
        """(rules,) mean posterior of each rule over its query type's instances (paper, appendix A).

            H(rule) = log prior(rule | q) + (y*/2) (b_q / N + w_{q,rule} phi(rule; h, t))
            p_hat(rule | q, y*, D) = exp H(rule) / sum over the distinct rules of exp H

        b_q / N is the same for every rule of a query type and cancels in the normalisation.

        Args:
            log_prior: (rules,) the rule set's own by default.
            draws: (rows,) uniform in [0, 1): draw one rule an instance by these instead of taking the expectation.

        Returns:
            Sums to 1 over the rules of a query type.
        """
        rules, instances = grounded.rules, grounded.instances
        total = np.zeros(len(rules))
        add_posterior(
            total,
            rules.log_prior if log_prior is None else log_prior,
            self.weights,
            grounded.values,
            grounded.start,
            rules.start,
            instances.start,
            instances.labels,
            draws=draws,
        )
        return of_query_types(total, rules)


def add_posterior(
    total: Doubles,
    log_prior: Doubles,
    weights: Doubles,
    features: npt.NDArray[np.float32],
    feature_start: IntArray,
    rule_start: IntArray,
    row_start: IntArray,
    labels: BoolArray,
    *,
    draws: Doubles | None = None,
    counted: Doubles | None = None,
) -> None:
    """Add the posteriors of every rule over some instances to ``total`` (rules,).

    Args:
        log_prior, weights: (rules,).
        features, feature_start: flat, as :class:`logire.rules.grounding.Grounded` holds them.
        rule_start, row_start: (Q + 1,) the first rule and the first instance of each query type.
        labels: (rows,).
        draws: see :meth:`Extractor.posterior`.
        counted: (rows,) how often each instance counts; once by default.
    """
    none = np.zeros(0)
    _posterior(
        log_prior,
        weights,
        features,
        feature_start,
        rule_start,
        row_start,
        labels,
        none if draws is None else draws,
        none if counted is None else counted,
        total,
    )


def of_query_types(total: Doubles, rules: RuleSet) -> Doubles:
    """Sums of posteriors (rules,) as shares of their query type's."""
    return total / np.maximum(np.add.reduceat(total, rules.start[:-1])[rules.query_of_rule], 1e-300)


@kernel()
def _posterior(  # type: ignore[no-untyped-def]
    log_prior, weights, features, feature_start, rule_start, row_start, labels, draws, counted, total
):
    for q in range(len(rule_start) - 1):
        first = rule_start[q]
        width = rule_start[q + 1] - first
        h = np.empty(width)
        for i in range(row_start[q + 1] - row_start[q]):
            row = row_start[q] + i
            half = 0.5 if labels[row] else -0.5
            times = counted[row] if len(counted) else 1.0
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
                    total[first + k] += times * h[k] / z
            else:
                left = draws[row] * z
                pick = width - 1
                for k in range(width):
                    left -= h[k]
                    if left < 0.0:
                        pick = k
                        break
                total[first + pick] += 1.0
