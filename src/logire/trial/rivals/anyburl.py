"""AnyBURL's two ways to put the evidence of rules together, on the backbone's probabilities.

A mined rule of confidence c = support / (joined + 5) gives a pair the strength c phi(rule; h, t); the backbone gives
it its own probability p. AnyBURL applies rules to facts that are there or not, where phi is 0 or 1 and p is none.

    maximum    the strongest of p and the rules; where it ties, the next strongest decides, and then the next
    noisy-or   1 - (1 - p) prod_i (1 - c_i phi_i)  over the five strongest rules

Length, support, least confidence, pessimism and the five rules are the defaults of AnyBURL and PyClause. Dev may raise
the least confidence, up to no rule at all.

Meilicke et al., "Anytime bottom-up rule learning for knowledge graph completion", IJCAI 2019; noisy-or over the
strongest rules: Betz et al., "On the aggregation of rules for knowledge graph completion",
workshop on knowledge and logical reasoning, ICML 2023.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from logire.corpus.document import BoolArray, FloatArray
from logire.corpus.dump import NEVER, ScoredDocument
from logire.ground.thresholds import best_of_documents
from logire.rules.convex import Doubles
from logire.rules.grounding import Split
from logire.rules.queries import QueryTypes
from logire.trial.counted import CountedRules, chunks, counted_rules
from logire.trial.task import Decide, Method, Scored, Task

LENGTH, SUPPORT, PESSIMISM, TOP = 3, 2, 5, 5
"""AnyBURL's and PyClause's own: longest body, least support, false predictions presumed unseen, rules that count."""

MOST = 100
"""Bodies for each relation: AnyBURL samples rules for as long as it is given time."""

LEAST = (0.0001, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
"""Least confidences to choose from on dev: the first is AnyBURL's, the last leaves no rule."""

_LEVELS = 1 << 16
"""Steps of a log-odds between -30 and 30 (0.001 each): strengths within one step tie."""

Aggregate = Callable[[FloatArray, FloatArray], Doubles]
"""Called with the logits (...,) and the rules' strengths (..., TOP), the strongest first: the scores (...,)."""


def maximum(logits: FloatArray, strengths: FloatArray) -> Doubles:
    """The strongest three of backbone and rules as one number, whose order is that of the three, the first first."""
    evidence = np.concatenate([logits[..., None].astype(np.float64), _log_odds(strengths)], axis=-1)
    strongest = -np.sort(-np.clip(evidence, NEVER, -NEVER), axis=-1)[..., :3]
    steps = np.rint((strongest - NEVER) * ((_LEVELS - 1) / (-2 * NEVER)))
    return np.asarray(steps @ np.array([float(_LEVELS) ** 2, float(_LEVELS), 1.0]))  # below 2^48, so exact


def noisy_or(logits: FloatArray, strengths: FloatArray) -> Doubles:
    """The log-odds of the noisy-or; without rules it is the logit."""
    own = np.logaddexp(0.0, np.maximum(logits.astype(np.float64), -700.0))  # -log(1 - p), positive in any case
    refuted = own - np.log1p(-strengths.astype(np.float64)).sum(axis=-1)
    return np.asarray(refuted + np.log(-np.expm1(-refuted)))


def _log_odds(probability: FloatArray) -> Doubles:
    p = probability.astype(np.float64)
    with np.errstate(divide="ignore"):  # a rule that does not fire has log-odds of minus infinity
        return np.asarray(np.log(p) - np.log1p(-p))


@dataclass(frozen=True)
class Weighed:
    """Rules that each speak for a fact with their confidence.

    Attributes:
        counted: the rules and their counts.
        queries: the query types that they belong to.
    """

    counted: CountedRules
    queries: QueryTypes

    @property
    def confidence(self) -> Doubles:
        """(rules,) the share of joined pairs that carry the relation, were five more joined that do not."""
        return np.asarray(self.counted.support / (self.counted.joined + PESSIMISM))

    def at_least(self, confidence: float) -> Weighed:
        return Weighed(self.counted.keep(self.confidence >= confidence), self.queries)

    def strengths(self, documents: Sequence[ScoredDocument]) -> list[FloatArray]:
        """(N, N, R, TOP) of each document: c phi of the strongest rules, the strongest first; 0 where none fires."""
        return [found for part in chunks(documents) for found in self._strengths(part)]

    def _strengths(self, documents: Sequence[ScoredDocument]) -> list[FloatArray]:
        relations, rules = len(self.queries.index), self.counted.rules
        sizes = np.array([len(d.types) for d in documents], dtype=np.int64)
        ends = np.cumsum(relations * sizes**2)
        flat = np.zeros((int(ends[-1]), TOP), dtype=np.float32)
        if len(rules):
            grounded = Split.of(documents, self.queries).ground(rules)
            instances, confidence = grounded.instances, self.confidence.astype(np.float32)
            for q, block in enumerate(grounded.blocks):
                if block.rules.start < block.rules.stop:
                    rows = slice(int(instances.start[q]), int(instances.start[q + 1]))
                    d, h, t = (x[rows].astype(np.int64) for x in (instances.document, instances.head, instances.tail))
                    cells = (h * sizes[d] + t) * relations + self.queries.triples[q, 0]
                    cells += (ends - relations * sizes**2)[d]
                    strongest = _strongest(block.features * confidence[block.rules])
                    flat[cells, : strongest.shape[1]] = strongest
        parts = np.split(flat, ends[:-1])
        return [part.reshape(n, n, relations, TOP) for part, n in zip(parts, sizes, strict=True)]


def _strongest(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The TOP largest of each row, or as many as there are, the largest first."""
    if values.shape[1] > TOP:
        values = np.partition(values, values.shape[1] - TOP, axis=1)[:, -TOP:]
    return -np.sort(-values, axis=1)


def fit_with(aggregate: Aggregate, task: Task) -> Decide:
    """Count the rules on the training labels; choose their least confidence and the threshold by F1 on dev."""
    queries = QueryTypes.of(task.train, task.schema)
    every = Weighed(counted_rules(task.train, queries, length=LENGTH, support=SUPPORT, most=MOST), queries)

    def scores(rules: Weighed, documents: Sequence[ScoredDocument]) -> list[Doubles]:
        found = zip(documents, rules.strengths(documents), strict=True)
        return [aggregate(document.logits, strengths) for document, strengths in found]

    labels = [document.labels for document in task.dev.documents]
    candidates = [every.at_least(least) for least in sorted(LEAST, reverse=True)]  # of equals the fewest rules
    tried = [best_of_documents(zip(scores(rules, task.dev.documents), labels, strict=True)) for rules in candidates]
    best = max(range(len(tried)), key=lambda k: tried[k].f1)
    rules, theta = candidates[best], tried[best].theta

    def decide(split: Scored) -> list[BoolArray]:
        apart = (~np.eye(len(d.types), dtype=np.bool_)[:, :, None] for d in split.documents)
        return [(s >= theta) & off for s, off in zip(scores(rules, split.documents), apart, strict=True)]

    return decide


_SOURCE = "Meilicke et al., IJCAI 2019 (AnyBURL): pessimistic confidences and "

RIVALS = (
    Method(
        "anyburl_max",
        "AnyBURL, maximum",
        _SOURCE + "maximum aggregation, on phi and the backbone's probability",
        lambda task: fit_with(maximum, task),
    ),
    Method(
        "anyburl_noisy_or",
        "AnyBURL, noisy-or",
        _SOURCE + "noisy-or over the five strongest rules (Betz et al., 2023), on phi and the backbone's probability",
        lambda task: fit_with(noisy_or, task),
    ),
)
