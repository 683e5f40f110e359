"""The metrics (paper, section 4.1): one function each, registered under the name that metrics files give it.

A new metric is a function in this module and its test. ``logire evaluate`` then writes it for the split, and a metric
of facts also for every relation, distance group and sentence group; a metrics file that was written before has no value
for it (:meth:`Metric.of`). All metrics are in percent.

Metrics of facts follow from counts whose last axis holds :data:`~logire.evaluation.counts.COUNTS`, so one function
scores a split, every relation, every distance group or every bootstrap sample at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from logire.corpus.document import IntArray
from logire.evaluation.counts import Floats
from logire.evaluation.logic import logic_score
from logire.ground.errors import InputError

OfFacts = Callable[[IntArray | Floats], Floats]
OfRules = Callable[[IntArray], float | None]


@dataclass(frozen=True)
class Metric:
    """A metric and how it is shown.

    Attributes:
        name: its key in a metrics file.
        title: what tables and figures call it.
        heading: its column heading where space is scarce.
    """

    name: str
    title: str
    heading: str

    def of(self, values: Mapping[str, Any]) -> float | None:
        """The metric's value in a metrics file, or in one row of a breakdown; None if it has none."""
        value = values.get(self.name)
        return None if value is None else float(value)


@dataclass(frozen=True)
class FactMetric(Metric):
    """A metric of facts: ``compute`` takes :data:`~logire.evaluation.counts.COUNTS` (..., 5), gives (...,)."""

    compute: OfFacts


@dataclass(frozen=True)
class RuleMetric(Metric):
    """A metric of gold rules: ``compute`` takes satisfied bodies and heads (K, 2), gives None if no rule fires.

    A metrics file has it twice: of the predictions, and of the labels themselves (``gold_``).
    """

    compute: OfRules


_METRICS: dict[str, Metric] = {}


def fact_metric(name: str, *, title: str, heading: str | None = None) -> Callable[[OfFacts], OfFacts]:
    """Register a function of the counts of facts as a metric."""

    def register(compute: OfFacts) -> OfFacts:
        _add(FactMetric(name, title, heading or title, compute))
        return compute

    return register


def rule_metric(name: str, *, title: str, heading: str | None = None) -> Callable[[OfRules], OfRules]:
    """Register a function of the counts of gold rules as a metric."""

    def register(compute: OfRules) -> OfRules:
        _add(RuleMetric(name, title, heading or title, compute))
        return compute

    return register


def _add(metric: Metric) -> None:
    if metric.name in _METRICS:
        raise ValueError(f"two metrics are called {metric.name}")
    _METRICS[metric.name] = metric


def metrics() -> tuple[Metric, ...]:
    """All metrics, in the order of a metrics file."""
    return tuple(_METRICS.values())


def fact_metrics() -> tuple[FactMetric, ...]:
    """The metrics of facts, in the order of a metrics file."""
    return tuple(metric for metric in metrics() if isinstance(metric, FactMetric))


def rule_metrics() -> tuple[RuleMetric, ...]:
    """The metrics of gold rules, in the order of a metrics file."""
    return tuple(metric for metric in metrics() if isinstance(metric, RuleMetric))


def find(name: str) -> Metric:
    """The metric of that name.

    Raises:
        InputError: there is none.
    """
    if name not in _METRICS:
        raise InputError(f"{name!r} is not a metric", field="metric", remedy=f"choose one of {', '.join(_METRICS)}")
    return _METRICS[name]


class Scores(NamedTuple):
    """Scores in percent, each of shape (...,); a score whose denominator is 0 is 0."""

    precision: Floats
    recall: Floats
    f1: Floats
    ign_f1: Floats
    ign_f1_logire: Floats


def scores(counts: IntArray | Floats) -> Scores:
    """Micro scores of counts (..., 5).

    ``ign_f1`` (Yao et al. 2019, as corrected) takes the correct predictions that are in training out of the precision;
    recall is over all gold facts. ``ign_f1_logire`` (the LogiRE authors' script) takes precision over all predictions
    and recall over the gold facts that are not in training.
    """
    gold, predicted, correct, gold_in_train, correct_in_train = np.moveaxis(counts.astype(np.float64), -1, 0)
    precision, recall = _ratio(correct, predicted), _ratio(correct, gold)
    new = correct - correct_in_train
    return Scores(
        100 * precision,
        100 * recall,
        100 * _ratio(2 * correct, predicted + gold),
        100 * _harmonic_mean(_ratio(new, predicted - correct_in_train), recall),
        100 * _harmonic_mean(precision, _ratio(new, gold - gold_in_train)),
    )


def _ratio(part: Floats, whole: Floats) -> Floats:
    result: Floats = np.divide(part, whole, out=np.zeros(whole.shape), where=whole > 0)
    return result


def _harmonic_mean(a: Floats, b: Floats) -> Floats:
    return _ratio(2 * a * b, a + b)


@fact_metric("precision", title="precision", heading="P")
def precision(counts: IntArray | Floats) -> Floats:
    """The share of the predicted facts that are labelled."""
    return scores(counts).precision


@fact_metric("recall", title="recall", heading="R")
def recall(counts: IntArray | Floats) -> Floats:
    """The share of the labelled facts that are predicted."""
    return scores(counts).recall


@fact_metric("f1", title="F1")
def f1(counts: IntArray | Floats) -> Floats:
    """Micro F1 over (document, head, tail, relation)."""
    return scores(counts).f1


@fact_metric("ign_f1", title="ign F1")
def ign_f1(counts: IntArray | Floats) -> Floats:
    """Ign F1 of Yao et al. (2019)."""
    return scores(counts).ign_f1


@fact_metric("ign_f1_logire", title="ign F1, authors' script", heading="ign F1*")
def ign_f1_logire(counts: IntArray | Floats) -> Floats:
    """Ign F1 as the LogiRE authors' script computes it."""
    return scores(counts).ign_f1_logire


@rule_metric("logic", title="logic")
def logic(counts: IntArray) -> float | None:
    """The mean share, over the gold rules that fire, of satisfied bodies whose head holds too."""
    return logic_score(counts)
