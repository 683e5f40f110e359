"""MILR's global inference (Fan, Mo and Niu, EMNLP 2022, "Boosting Document-Level Relation Extraction by Mining and
Injecting Logical Rules") on a backbone that was trained without it.

Rules of one or two atoms are mined from the training labels, whatever the entities' types are. Those of high confidence
are hard constraints of an integer programme that decides the facts of a document together: where a body is likely and
its head is not, either the head is raised or the body lowered. MILR's other half, the loss that makes a backbone obey
the rules in training, is no part of it.

What the public code (named LRMI when it was reviewed) does, and what is done here:

- bodies with at least 4 instances and a head coverage of 0.8%; the same here, instances being pairs;
- rules of at least 0.98 confidence for DWIE and 0.7 for DocRED; here the confidence is chosen on dev;
- a pair has at most 4 relations; the same here;
- a fact gains log p - c log(1 - p), c being 1 or 0.8 sqrt(-log of the relation's share of the facts); both are tried;
- only bodies that the backbone predicts constrain; here all do that can hold, which is the exact optimum.

The threshold that the gain is counted from is the backbone's own of ATLOP there; here it is chosen on dev around the
best of the logits alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np

from logire.corpus.document import BoolArray, Schema
from logire.corpus.dump import ScoredDocument
from logire.rules.convex import Doubles
from logire.rules.joint import Facts, decide
from logire.rules.mining import count_paths
from logire.rules.programme import Rows
from logire.rules.queries import QueryTypes, Rule, RuleSet
from logire.rules.ruletable import label_counts
from logire.trial.choices import facts_of, zero_gain
from logire.trial.counted import facts_of_relations
from logire.trial.task import Decide, Method, Scored, Task, f1

LENGTH = 2
INSTANCES = 4
COVERAGE = 0.008
RELATIONS_OF_A_PAIR = 4
TAU, POWER = 0.8, 0.5

CONFIDENCES = (0.98, 0.9, 0.7)
OFFSETS = (0.0, -0.5, 0.5, -1.0, 1.0)


class Mined(NamedTuple):
    """A rule that the training labels know, and for how many of the pairs that its body joins it is right."""

    rule: Rule
    confidence: float


class Choice(NamedTuple):
    """What is chosen on dev: the least confidence, the threshold, and whether the share of a relation weighs."""

    confidence: float
    theta: float
    weighed: bool


def mine_rules(train: Sequence[ScoredDocument], schema: Schema) -> list[Mined]:
    """The rules of enough instances and coverage, the identity left out; types play no part."""
    one_type = Schema(schema.relations, ("entity",))
    untyped = [replace(document, types=np.zeros_like(document.types)) for document in train]
    queries = QueryTypes.of(untyped, one_type)
    counts = count_paths(untyped, queries, LENGTH)
    for found, (relation, _, _) in zip(counts, queries.triples.tolist(), strict=True):
        found.pop((relation,), None)
    rules = RuleSet.of_counts(counts)
    support, joined = label_counts(untyped, rules, queries)
    facts = facts_of_relations(untyped)
    relation = queries.triples[rules.query_of_rule, 0]
    kept = np.flatnonzero((joined >= INSTANCES) & (support > COVERAGE * facts[relation]))
    return [Mined(Rule(int(relation[i]), rules.bodies[i]), float(support[i] / joined[i])) for i in kept]


def gains(logits: Doubles, theta: float, cost: Doubles) -> Doubles:
    """What a fact gains: log p - cost log(1 - p), p = sigmoid(logit - theta); with cost 1 the logit less theta.

    Args:
        logits: (N, N, R). cost: (R,).
    """
    margin = logits - theta
    return cost * np.logaddexp(0.0, margin) - np.logaddexp(0.0, -margin)


def costs(train: Sequence[ScoredDocument]) -> Doubles:
    """(R,) what missing a fact costs, by the share of its relation in the training facts."""
    facts = facts_of_relations(train) + 1.0  # no share is 0
    return np.asarray(TAU * (-np.log(facts / facts.sum())) ** POWER)


def fit(task: Task) -> Decide:
    """Mine the rules; choose confidence, threshold and weighing by F1 on dev, of equals the first."""
    mined = mine_rules(task.train, task.schema)
    cost = costs(task.train)
    alone = zero_gain(task.dev.documents)

    def decided(documents: Sequence[ScoredDocument], choice: Choice) -> Iterator[BoolArray]:
        rules = [rule for rule, confidence in mined if confidence >= choice.confidence]
        weighed = cost if choice.weighed else np.ones_like(cost)
        scores = (gains(document.logits.astype(np.float64), choice.theta, weighed) for document in documents)
        return facts_of(decide(gain, rules, _of_a_pair) for gain in scores)

    @cache
    def score(choice: Choice) -> float:
        return f1(decided(task.dev.documents, choice), task.dev.documents)

    # The confidence at the threshold of the logits alone, then the threshold: half the work of trying all pairs.
    found = []
    for weighed in (False, True):
        first = max((Choice(confidence, alone, weighed) for confidence in CONFIDENCES), key=score)
        found.append(max((first._replace(theta=alone + offset) for offset in OFFSETS), key=score))
    best = max(found, key=score)

    def apply(split: Scored) -> list[BoolArray]:
        return list(decided(split.documents, best))

    return apply


def _of_a_pair(facts: Facts) -> list[Rows]:
    pair = facts.head * facts.entities + facts.tail
    return [Rows.at_most(RELATIONS_OF_A_PAIR, pair, np.arange(len(pair)), len(pair))]


RIVALS = (
    Method(
        "milr",
        "MILR's inference",
        "Fan et al. (EMNLP 2022): mined rules as hard constraints of an integer programme at inference",
        fit,
    ),
)
