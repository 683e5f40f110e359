"""What the training labels say about rules, and the learnt rules as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from logire.corpus.document import Schema
from logire.corpus.dump import ScoredDocument
from logire.corpus.gold import kind_of
from logire.rules.convex import Doubles
from logire.rules.extractor import Extractor
from logire.rules.grounding import Split
from logire.rules.queries import Body, Problem, QueryTypes, RuleSet, atom_names, body_name

if TYPE_CHECKING:
    import pandas as pd  # a third of a second, which predicting does without

COLUMNS = (
    "relation",
    "head_type",
    "tail_type",
    "body",
    "kind",
    "weight",
    "prior",
    "posterior",
    "support",
    "confidence",
)


def rule_table(problem: Problem, rules: RuleSet, extractor: Extractor, posterior: Doubles) -> pd.DataFrame:
    """One row a rule, strongest weight first inside a relation.

    ``kind`` is one of :class:`logire.corpus.gold.Kind`.
    ``prior`` is AutoReg(rule | q), ``posterior`` the E-step's mean p_hat. ``support`` counts the training pairs that
    the body joins in the labels and that carry the relation; ``confidence`` is their share of all pairs of the
    query type that the body joins (missing where it joins none).
    """
    counts = label_counts(problem.train, rules, problem.queries)
    return table_of(problem.schema, problem.queries, rules, extractor, posterior, counts)


def table_of(
    schema: Schema,
    queries: QueryTypes,
    rules: RuleSet,
    extractor: Extractor,
    posterior: Doubles,
    counts: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> pd.DataFrame:
    """The same from what :func:`label_counts` counted."""
    import pandas as pd

    support, joined = counts
    triples = queries.triples[rules.query_of_rule]
    relations = [schema.relations[r] for r in triples[:, 0]]
    kinds = [kind_of(head, atom_names(body, schema)).value for head, body in zip(relations, rules.bodies, strict=True)]
    table = pd.DataFrame(
        {
            "relation": relations,
            "head_type": [schema.types[t] for t in triples[:, 1]],
            "tail_type": [schema.types[t] for t in triples[:, 2]],
            "body": [body_name(body, schema) for body in rules.bodies],
            "kind": kinds,
            "weight": extractor.weights,
            "prior": np.exp(rules.log_prior),
            "posterior": posterior,
            "support": support,
            "confidence": share_right(support, joined, of_none=np.nan),
        }
    )
    return table.sort_values(["relation", "weight"], ascending=[True, False], kind="stable", ignore_index=True)


def label_counts(
    train: Sequence[ScoredDocument], rules: RuleSet, queries: QueryTypes
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(rules,) pairs joined by the body and labelled, and (rules,) pairs joined by it, both in the labels."""
    certain = [replace(d, logits=np.where(d.labels, 50.0, -200.0).astype(np.float32)) for d in train]
    grounded = Split.of(certain, queries).ground(rules)
    support, joined = np.zeros(len(rules), dtype=np.int64), np.zeros(len(rules), dtype=np.int64)
    for block in grounded.blocks:
        if block.rules.start == block.rules.stop:
            continue
        holds = block.features > 0.5
        joined[block.rules] = holds.sum(axis=0)
        support[block.rules] = holds[block.labels].sum(axis=0)
    return support, joined


def share_right(support: npt.NDArray[Any], joined: npt.NDArray[Any], *, of_none: float = 0.0) -> Doubles:
    """Of the pairs that each body joins the share that carries the relation; ``of_none`` where it joins none."""
    found: Doubles = np.divide(support, joined, out=np.full(len(joined), of_none), where=joined > 0)
    return found


def confidences(
    train: Sequence[ScoredDocument], mined: Sequence[Mapping[Body, int]], queries: QueryTypes
) -> list[dict[Body, float]]:
    """Of each query type: body -> share of the pairs joined by it that carry the relation; 0 where it joins none."""
    rules = RuleSet.of_counts(mined)
    support, joined = label_counts(train, rules, queries)
    right = share_right(support, joined)
    return [
        dict(zip(rules.bodies[first:last], right[first:last].tolist(), strict=True))
        for first, last in pairwise(rules.start)
    ]
