"""Counts of rules over whole relations, by hand and against a count of every path."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rival_builders import IN, NEAR, PART, SCHEMA, drawn, made

from logire.rules.queries import QueryTypes
from logire.trial import counted
from logire.trial.counted import counted_rules


def joins(labels: np.ndarray, body: tuple[int, ...], h: int, t: int) -> bool:
    """Whether a path of this body leads from h to t."""
    relations = labels.shape[2]
    both = np.concatenate([labels, labels.transpose(1, 0, 2)], axis=2)
    assert both.shape[2] == 2 * relations
    between = product(range(len(labels)), repeat=len(body) - 1)
    return any(all(both[x, y, a] for a, (x, y) in zip(body, pairwise((h, *m, t)), strict=True)) for m in between)


def test_the_types_of_a_relation_share_their_counts():
    """Part implies in: of the pairs of types that `in` occurs between, A-B twice of two, A-A once of two."""
    train = [
        made([0, 1], [(0, PART, 1), (0, IN, 1)]),
        made([0, 1], [(0, PART, 1), (0, IN, 1)]),
        made([0, 0], [(0, PART, 1), (0, IN, 1)]),
        made([0, 0], [(0, PART, 1), (0, NEAR, 1)]),
    ]
    queries = QueryTypes.of(train, SCHEMA)
    found = counted_rules(train, queries, length=1, support=2, most=10)
    rows = {
        (int(queries.triples[q, 0]), body, tuple(queries.triples[q, 1:].tolist())): counts
        for body, q, *counts in zip(
            found.rules.bodies, found.rules.query_of_rule, found.support, found.joined, found.facts, strict=True
        )
    }
    # near occurs once, so no body has a support of two; the identity is left out.
    assert rows == {
        (IN, (PART,), (0, 0)): [3, 4, 3],
        (IN, (PART,), (0, 1)): [3, 4, 3],
        (PART, (IN,), (0, 0)): [3, 3, 4],
        (PART, (IN,), (0, 1)): [3, 3, 4],
    }


def test_rules_that_are_kept_stay_with_their_query_types():
    train = drawn(1, 12)
    queries = QueryTypes.of(train, SCHEMA)
    every = counted_rules(train, queries, length=2, support=2, most=6)
    chosen = np.arange(len(every.rules)) % 3 == 1
    kept = every.keep(chosen)
    named = list(zip(every.rules.query_of_rule, every.rules.bodies, strict=True))
    wanted = [rule for rule, stays in zip(named, chosen, strict=True) if stays]
    assert list(zip(kept.rules.query_of_rule, kept.rules.bodies, strict=True)) == wanted
    np.testing.assert_array_equal(kept.support, every.support[chosen])
    assert len(every.keep(np.zeros(len(every.rules), dtype=np.bool_)).rules) == 0


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_counts_equal_those_of_every_path(seed):
    train = drawn(seed, 5)
    queries = QueryTypes.of(train, SCHEMA)
    before, counted.CHUNK = counted.CHUNK, 2
    try:
        found = counted_rules(train, queries, length=2, support=1, most=4)
    finally:
        counted.CHUNK = before
    relation = queries.triples[found.rules.query_of_rule, 0]
    for r, body, support, joined, facts in zip(
        relation, found.rules.bodies, found.support, found.joined, found.facts, strict=True
    ):
        candidates = [
            (d.labels, h, t)
            for d in train
            for h, t in product(range(len(d.types)), repeat=2)
            if h != t and queries.index[r, d.types[h], d.types[t]] >= 0
        ]
        reached = [(labels, h, t) for labels, h, t in candidates if joins(labels, body, h, t)]
        assert joined == len(reached)
        assert support == sum(labels[h, t, r] for labels, h, t in reached)
        assert facts == sum(labels[h, t, r] for labels, h, t in candidates)
