"""The learnt rules as a table, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from logire.rules.extractor import Extractor
from logire.rules.queries import Problem, QueryTypes, RuleSet
from logire.rules.ruletable import confidences, rule_table


@pytest.fixture
def problem(document, schema) -> Problem:
    """Two documents with in0(e0, e1); in the first gpe0(e0, e1) too, and there agent_of joins e1 to e2."""
    train = [
        document(schema, [0, 1, 1], [(0, 0, 1), (0, 1, 1), (1, 2, 2)], title="A"),
        document(schema, [0, 1], [(0, 0, 1)], title="B"),
    ]
    queries = QueryTypes.from_triples(np.array([[0, 0, 1], [1, 0, 1]]), schema)
    return Problem(train, train, schema, queries)


BODIES = [{(0,): 1, (1,): 1}, {(0,): 1, (0, 2): 1, (5,): 1}]


def test_a_table_by_hand(problem):
    """in0 joins a pair in each document, in0 ^ agent_of e0 to e2 in the first; ~agent_of none of these types."""
    rules = RuleSet.of_counts(BODIES)
    assert rules.bodies == ((0,), (1,), (0,), (0, 2), (5,))
    extractor = Extractor(np.zeros(2), np.array([1.0, 2.0, -1.0, 3.0, 0.5]), np.zeros(2))
    table = rule_table(problem, rules, extractor, np.array([0.1, 0.9, 0.2, 0.3, 0.5]))
    assert list(zip(table.relation, table.body, table.weight, table.posterior, table.support, strict=True)) == [
        ("gpe0", "in0 ^ agent_of", 3.0, 0.3, 0),
        ("gpe0", "~agent_of", 0.5, 0.5, 0),
        ("gpe0", "in0", -1.0, 0.2, 1),
        ("in0", "gpe0", 2.0, 0.9, 1),
        ("in0", "in0", 1.0, 0.1, 2),
    ]
    assert list(table.index) == [0, 1, 2, 3, 4]
    assert list(table.kind) == ["chain", "pair", "pair", "pair", "identity"]
    assert set(zip(table.head_type, table.tail_type, strict=True)) == {("PER", "LOC")}
    np.testing.assert_allclose(table.prior, [1 / 3, 1 / 3, 1 / 3, 1 / 2, 1 / 2])
    found = table.confidence.tolist()
    assert math.isnan(found[1]), "it joins no pair"
    assert [found[0], *found[2:]] == [0.0, 0.5, 1.0, 1.0]


def test_confidences_by_hand(problem):
    assert confidences(problem.train, BODIES, problem.queries) == [
        {(0,): 1.0, (1,): 1.0},
        {(0,): 0.5, (0, 2): 0.0, (5,): 0.0},
    ]
