"""The learnt rules as a table to read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from logire.corpus.document import Schema
from logire.corpus.dump import ScoredDocument
from logire.rules.grounding import AtomScores, ground
from logire.rules.learnt import Learnt
from logire.rules.queries import Instances, QueryTypes, body_name
from logire.rules.ruleset import RuleSet

COLUMNS = (
    "relation",
    "head_type",
    "tail_type",
    "body",
    "weight",
    "prior",
    "posterior",
    "support",
    "confidence",
)


def rule_table(learnt: Learnt, queries: QueryTypes, schema: Schema, train: Sequence[ScoredDocument]) -> pd.DataFrame:
    """One row a rule, strongest weight first inside a relation.

    ``prior`` is AutoReg(rule | q), ``posterior`` the E-step's mean p_hat. ``support`` counts the training pairs that
    the body joins in the labels and that carry the relation; ``confidence`` is their share of all pairs of the
    query type that the body joins (missing where it joins none).
    """
    rules = learnt.rules
    support, joined = label_counts(rules, queries, train)
    q = rules.query_of_rule
    triples = queries.triples[q]
    table = pd.DataFrame(
        {
            "relation": [schema.relations[r] for r in triples[:, 0]],
            "head_type": [schema.types[t] for t in triples[:, 1]],
            "tail_type": [schema.types[t] for t in triples[:, 2]],
            "body": [body_name(body, schema) for body in rules.bodies],
            "weight": learnt.extractor.weights,
            "prior": np.exp(rules.log_prior),
            "posterior": learnt.posterior,
            "support": support,
            "confidence": np.divide(support, joined, out=np.full(len(rules), np.nan), where=joined > 0),
        }
    )
    return table.sort_values(["relation", "weight"], ascending=[True, False], kind="stable", ignore_index=True)


def label_counts(
    rules: RuleSet, queries: QueryTypes, train: Sequence[ScoredDocument]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """(rules,) pairs joined by the body and labelled, and (rules,) pairs joined by it, both in the labels."""
    certain = [
        ScoredDocument(d.document, d.types, np.where(d.labels, 50.0, -200.0).astype(np.float32), d.labels, d.in_train)
        for d in train
    ]
    instances = Instances.of(certain, queries)
    features = ground(AtomScores.of(certain, queries), instances, rules, queries)
    support, joined = np.zeros(len(rules), dtype=np.int64), np.zeros(len(rules), dtype=np.int64)
    for q in range(len(queries)):
        if rules.start[q] == rules.start[q + 1]:
            continue
        holds = features.query(q) > 0.5
        labels = instances.labels[instances.start[q] : instances.start[q + 1]]
        joined[rules.query(q)] = holds.sum(axis=0)
        support[rules.query(q)] = holds[labels].sum(axis=0)
    return support, joined
