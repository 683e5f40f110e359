"""Query types, names of bodies and rule sets, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from logire.ground.errors import InputError
from logire.ground.settings import settings_from
from logire.rules.logire.settings import LogiRESettings
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.queries import Problem, QueryTypes, RuleSet, atom_name, body_name


def test_query_types_are_numbered_in_their_order_and_minus_one_stands_for_none(schema):
    queries = QueryTypes.from_triples(np.array([[0, 0, 1], [2, 1, 0]]), schema)
    expected = [[[-1, 0], [-1, -1]], [[-1, -1], [-1, -1]], [[-1, -1], [1, -1]]]
    assert queries.index.tolist() == expected
    assert len(queries) == 2


def test_names_of_atoms_and_bodies(schema):
    names = [atom_name(atom, schema) for atom in range(7)]
    assert names == ["in0", "gpe0", "agent_of", "~in0", "~gpe0", "~agent_of", "any"]
    assert body_name((5, 0, 6), schema) == "~agent_of ^ in0 ^ any"


def test_a_rule_set_by_hand():
    """Priors are the shares of 3 + 1 and 0 + 1 of 5; the query type between has no rule."""
    rules = RuleSet.of_counts([{(1,): 3, (0, 4): 0}, {}, {(2,): 1}])
    assert rules.start.tolist() == [0, 2, 2, 3]
    assert rules.bodies == ((0, 4), (1,), (2,))
    assert rules.counts.tolist() == [0, 3, 1]
    np.testing.assert_allclose(np.exp(rules.log_prior), [1 / 5, 4 / 5, 1.0])
    assert rules.query_of_rule.tolist() == [0, 0, 2]
    assert [rules.query(q) for q in range(3)] == [slice(0, 2), slice(2, 2), slice(2, 3)]
    assert len(rules) == 3


def test_self_relations_are_no_query_types_unless_they_are_asked_for(document, schema):
    item = document(schema, [0, 1], [(0, 0, 0), (0, 2, 1)])
    for queries in (QueryTypes.of([item], schema), Problem.of([item], [item], schema).queries):
        assert queries.triples.tolist() == [[2, 0, 1]]
    asked = Problem.of([item], [item], schema, self_relations=True)
    assert asked.queries.triples.tolist() == [[0, 0, 0], [2, 0, 1]]


def test_an_empty_split_is_named(document, schema):
    item = document(schema, [0, 1], [(0, 2, 1)])
    for train, dev, name in (([], [item], "training"), ([item], [], "development")):
        with pytest.raises(InputError, match=f"the {name} split is empty"):
            Problem.of(train, dev, schema)


@pytest.mark.parametrize("kind", [LogiRESettings, LogiREPlusSettings])
def test_a_body_has_four_atoms_at_most(kind):
    assert settings_from(kind, {"max_length": 4}, where="rules").max_length == 4
    with pytest.raises(InputError, match=r"rules\.max_length"):
        settings_from(kind, {"max_length": 5}, where="rules")
