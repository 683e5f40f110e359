"""Is a gain more than chance? Paired t-test over seeds, Holm's correction, paired bootstrap over documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from logire.corpus.document import IntArray
from logire.evaluation.logic import logic_scores
from logire.evaluation.metrics import FactMetric, Metric
from logire.ground.errors import InputError
from logire.ground.runtime import derive_seed

ENOUGH_SEEDS = 5
"""With fewer seeds the deviation of the differences is itself hardly known: p may be small by chance."""
ENOUGH_FACTS = 20
"""With fewer labelled facts the scores of a group say little: each fact moves recall by 5 points or more."""


@dataclass(frozen=True)
class PairedTest:
    """Differences (ours - base) of one metric over seeds, and the two-sided paired t-test.

    Attributes:
        seeds: number of pairs.
        difference: the mean difference.
        deviation: its standard deviation over seeds (ddof = 1); None with one seed.
        p: the p value; None with one seed.
        effect_size: Cohen's d_z, mean over standard deviation of the differences; None where that is not defined.
    """

    seeds: int
    difference: float
    deviation: float | None
    p: float | None
    effect_size: float | None


def paired_t_test(base: Sequence[float], ours: Sequence[float]) -> PairedTest:
    """Compare two methods, seed by seed.

    Args:
        base, ours: the metric of each seed, in the same order of seeds.

    Raises:
        InputError: no seed, or not the same number of them.
    """
    if len(base) != len(ours) or not base:
        raise InputError(f"{len(base)} and {len(ours)} values: one for each seed of both methods was expected")
    differences = np.asarray(ours, dtype=np.float64) - np.asarray(base, dtype=np.float64)
    mean = float(differences.mean())
    if len(differences) < 2:
        return PairedTest(1, mean, None, None, None)
    deviation = float(differences.std(ddof=1))
    if deviation == 0:
        # The statistic is infinite, or 0/0 where nothing differs at all.
        return PairedTest(len(differences), mean, 0.0, 0.0 if mean else 1.0, None)
    # Two tails of Student's distribution. scipy.stats has this test too, but takes 0.7 s of CPU time to import.
    from scipy.special import stdtr

    statistic = mean / np.sqrt(differences.var(ddof=1) / len(differences))
    p = float(2 * stdtr(len(differences) - 1, -abs(statistic)))
    return PairedTest(len(differences), mean, deviation, p, mean / deviation)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's (1979) adjusted p values of one family of tests; a None is not a test and stays None."""
    tested = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, i) in enumerate(tested):
        largest = max(largest, min(1.0, (len(tested) - rank) * p))
        adjusted[i] = largest
    return adjusted


@dataclass(frozen=True)
class Bootstrap:
    """Paired bootstrap of a difference (ours - base): the 95% interval and a two-sided p value."""

    difference: float
    low: float
    high: float
    p: float


def paired_bootstrap(
    base: IntArray, ours: IntArray, metric: Metric, *, seed: int = 0, samples: int = 10_000
) -> Bootstrap:
    """Compare two methods by drawing documents with replacement, the same ones for both and for every seed.

    Args:
        base, ours: (seeds, documents, 5) :data:`~logire.evaluation.counts.COUNTS` of every document; the metric is
            averaged over seeds.
        metric: a metric of facts.
        seed: where the draws are derived from.
        samples: number of draws.

    Raises:
        InputError: the two do not have the same shape, have no seed or no document, or the metric is not one of facts.
    """
    if not isinstance(metric, FactMetric):
        raise InputError(f"{metric.name!r} does not follow from counts of facts: it has no bootstrap", field="metric")
    if base.shape != ours.shape or base.size == 0:
        raise InputError(f"counts of shape {base.shape} and {ours.shape}: the same documents were expected")
    documents = base.shape[1]
    drawn = draws(derive_seed(seed, "bootstrap", metric.name), documents, samples)
    both, found = np.stack([base, ours]), []
    for weights in once_and_drawn(drawn):
        theirs, mine = metric.compute(weights @ both).mean(axis=1)
        found.append(mine - theirs)
    return summary(float(found[0][0]), np.concatenate(found[1:]))


def paired_bootstrap_of_rules(
    base: IntArray, ours: IntArray, *, seed: int = 0, samples: int = 10_000
) -> Bootstrap | None:
    """The same for the logic score; draws in which no rule fires for one of the two are left out.

    Args:
        base, ours: (documents, K, 2) satisfied bodies and heads of every document.

    Returns:
        None where no rule fires for one of the two.
    """
    documents, found = len(base), []
    both = np.stack([base, ours]).reshape(2, documents, -1)
    for weights in once_and_drawn(draws(derive_seed(seed, "bootstrap", "logic"), documents, samples)):
        theirs, mine = logic_scores((weights @ both).reshape(2, len(weights), *base.shape[1:]))
        found.append(mine - theirs)
    differences = np.concatenate(found)
    if np.isnan(differences[0]):
        return None
    rest = differences[1:][~np.isnan(differences[1:])]
    return summary(float(differences[0]), rest if len(rest) else differences[:1])


def summary(difference: float, differences: NDArray[np.float64]) -> Bootstrap:
    """The interval and p of the differences that were drawn."""
    low, high = np.quantile(differences, [0.025, 0.975])
    tail = min((differences <= 0).sum(), (differences >= 0).sum())
    p = float(min(1.0, 2 * (tail + 1) / (len(differences) + 1)))
    return Bootstrap(difference, float(low), float(high), p)


def once_and_drawn(drawn: NDArray[np.int32]) -> Iterator[NDArray[np.float64]]:
    """How often each document counts (B, documents): once as it was measured, then as it was drawn."""
    yield np.ones((1, drawn.shape[1]))
    for start in range(0, len(drawn), 1000):
        yield drawn[start : start + 1000].astype(np.float64)


@lru_cache(maxsize=4)
def draws(seed: int, documents: int, samples: int) -> NDArray[np.int32]:
    """(samples, documents) how often each document is drawn; a table asks for the same draws for each of its rows."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(documents, np.full(documents, 1 / documents), size=samples).astype(np.int32)
