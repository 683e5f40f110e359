"""Rules weighed by beta distributions and applied in both directions (BCBR), to the logits.

A rule that held s times and failed f times has the fitness P(x > k) of x ~ Beta(s + 1, f + 1) (equations 6 to 8); it
is taken where that exceeds eta. With w the probability of the weakest atom on the body's best path and theta the
backbone's threshold:

    forward    held: pairs with body and head, failed: with the body alone;     P(head) >= fitness * w where w >= theta
    backward   held: the same, failed: facts of the head without the body;      P(head) <= fitness * w where w < theta

(equations 9 and 11; the best path, for a body holds where any of its paths does). The paper adds what is missing on
either side to the loss that trains the backbone. Here the backbone is fixed: its logit goes a share of the way, one
share for each direction, chosen on dev together with k and eta among the paper's three settings. Dev may leave every
logit as it is.

Liu et al., "Document-level relationship extraction by bidirectional constraints of beta rules", EMNLP 2023.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.stats import beta

from logire.corpus.document import BoolArray, FloatArray, IntArray
from logire.corpus.dump import ScoredDocument, dev_threshold
from logire.rules.closure import best_weakest
from logire.rules.convex import Doubles
from logire.rules.queries import Body, QueryTypes, RuleSet
from logire.trial.counted import CountedRules, counted_rules
from logire.trial.task import Decide, Method, Scored, Task, reaching

LENGTH = 2
"""The paper's longest body."""

SETTINGS = ((0.9, 0.9), (0.8, 0.9), (0.9, 0.95))
"""k and eta of the paper: those for DWIE, DocRED and Re-DocRED."""

SHARES = (0.0, 0.25, 0.5, 1.0)
"""How far a logit goes toward a bound, for each direction."""

SUPPORT, MOST = 10, 200
"""Facts that a body must join, which every fit one does (1 - 0.8^10 < 0.9), and bodies for each relation."""


def fitness(held: IntArray, failed: IntArray, k: float) -> Doubles:
    """P(x > k) for x ~ Beta(held + 1, failed + 1)."""
    return np.asarray(beta.sf(k, held + 1, failed + 1), dtype=np.float64)


@dataclass(frozen=True)
class Direction:
    """The rules that are fit in one direction.

    Attributes:
        rules: each at all query types of its relation.
        fitness: (rules,)
    """

    rules: RuleSet
    fitness: Doubles

    @classmethod
    def of(cls, counted: CountedRules, failed: IntArray, k: float, eta: float) -> Direction:
        found = fitness(counted.support, failed, k)
        return cls(counted.keep(found > eta).rules, found[found > eta])


@dataclass(frozen=True)
class BetaRules:
    """The rules fit forward and backward, and the logit that tells whether an atom holds."""

    forward: Direction
    backward: Direction
    queries: QueryTypes
    theta: float

    def missing(self, document: ScoredDocument) -> tuple[FloatArray, FloatArray]:
        """(N, N, R) how far each logit is below the highest forward bound, and above the lowest backward one."""
        known: dict[Body, FloatArray] = {}
        logits = document.logits
        below, above = np.zeros_like(logits), np.zeros_like(logits)
        of_type = {int(kind): np.flatnonzero(document.types == kind) for kind in np.unique(document.types)}
        for direction, sign, result in ((self.forward, 1, below), (self.backward, -1, above)):
            rules = direction.rules
            for body, q, share in zip(rules.bodies, rules.query_of_rule, direction.fitness, strict=True):
                relation, head_type, tail_type = self.queries.triples[q].tolist()
                if head_type in of_type and tail_type in of_type:
                    cells = np.ix_(of_type[head_type], of_type[tail_type])
                    weakest = best_weakest(logits, body, known)[cells]
                    speaks = (weakest >= self.theta) == (sign > 0)
                    lacks = sign * (_scaled(weakest, share) - logits[(*cells, relation)])
                    place = (*cells, relation)
                    result[place] = np.maximum(result[place], np.where(speaks, lacks, 0.0))
        itself = np.arange(len(logits))
        below[itself, itself] = above[itself, itself] = 0.0
        return below, above


def _scaled(logits: FloatArray, share: float) -> Doubles:
    """The log-odds of ``share`` of these logits' probabilities."""
    negative = -logits.astype(np.float64)
    # share p / (1 - share p) = share / (1 - share + e^-x)
    return np.asarray(np.log(share) - np.log(np.exp(np.minimum(negative, 700.0)) + (1.0 - share)))


def moved(
    documents: Sequence[ScoredDocument], missing: Sequence[tuple[FloatArray, FloatArray]], up: float, down: float
) -> list[ScoredDocument]:
    """The documents with their logits ``up`` and ``down`` of the way toward what the rules ask."""
    return [
        replace(document, logits=document.logits + np.float32(up) * below - np.float32(down) * above)
        for document, (below, above) in zip(documents, missing, strict=True)
    ]


def mine(counted: CountedRules, queries: QueryTypes, theta: float, k: float, eta: float) -> BetaRules:
    """The rules of a fitness P(x > k) above eta in either direction."""
    forward = Direction.of(counted, counted.joined - counted.support, k, eta)
    return BetaRules(forward, Direction.of(counted, counted.facts - counted.support, k, eta), queries, theta)


def fit(task: Task) -> Decide:
    """Weigh the rules on the training labels; choose k, eta, the shares and the threshold by F1 on dev."""
    queries = QueryTypes.of(task.train, task.schema)
    counted = counted_rules(task.train, queries, length=LENGTH, support=SUPPORT, most=MOST)
    dev = task.dev.documents
    theta = dev_threshold(dev).theta
    candidates = [mine(counted, queries, theta, k, eta) for k, eta in SETTINGS]
    asked = [[rules.missing(document) for document in dev] for rules in candidates]
    tried = {
        (up, down, number): dev_threshold(moved(dev, asked[number], up, down))
        for up, down in product(SHARES, repeat=2)
        for number in range(len(candidates))
        if (up, down) != (0.0, 0.0) or number == 0
    }
    up, down, number = best = max(tried, key=lambda choice: tried[choice].f1)  # the first of equals moves least

    def decide(split: Scored) -> list[BoolArray]:
        asks = [candidates[number].missing(document) for document in split.documents]
        return reaching((d.logits for d in moved(split.documents, asks, up, down)), tried[best].theta)

    return decide


RIVALS = (
    Method(
        "beta_rules",
        "Beta rules",
        "Liu et al., EMNLP 2023 (BCBR): beta-weighed rules in both directions, as bounds on logits instead of a loss",
        fit,
    ),
)
