"""Rule mining: label paths of length 1 to 3 that visit no entity twice."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logire.ground.errors import InputError
from logire.rules.mining import count_paths, explored, label_paths, mine
from logire.rules.queries import QueryTypes, body_name


def test_a_chain_by_hand(document, schema):
    # e0 -agent_of-> e1 (PER -> LOC), e0 -in0-> e2, e2 -gpe0-> e1
    item = document(schema, [0, 1, 1], [(0, 2, 1), (0, 0, 2), (2, 1, 1)])
    queries = QueryTypes.of([item], schema)
    table = {tuple(queries.triples[q]): rules for q, rules in enumerate(mine([item], queries, 3))}
    # agent_of(e0, e1): itself, and in0 ^ gpe0 over e2
    assert table[2, 0, 1] == {(2,): 0.5, (0, 1): 0.5}
    # gpe0(e2, e1): itself, and ~in0 ^ agent_of over e0
    assert table[1, 1, 1] == {(1,): 0.5, (3, 2): 0.5}
    assert body_name((3, 2), schema) == "~in0 ^ agent_of"


def test_self_relations_by_hand(document, schema):
    """in0(e0, e0) and agent_of(e0, e1): a fact of its own, and what a path from e0 may begin with."""
    item = document(schema, [0, 1], [(0, 0, 0), (0, 2, 1)])
    assert QueryTypes.of([item], schema).triples.tolist() == [[2, 0, 1]]
    assert mine([item], QueryTypes.of([item], schema), 3) == [{(2,): 1.0}]
    queries = QueryTypes.of([item], schema, self_relations=True)
    assert queries.triples.tolist() == [[0, 0, 0], [2, 0, 1]]
    assert mine([item], queries, 3, self_relations=True) == [
        {(0,): 1 / 2, (3,): 1 / 2},
        {(0, 2): 1 / 3, (2,): 1 / 3, (3, 2): 1 / 3},
    ]
    assert mine([item], queries, 1, self_relations=True)[1] == {(2,): 1.0}
    assert count_paths([item], queries, 3) == [{}, {(2,): 1}]
    assert label_paths(item.labels, 3) == {(0, 1): {(2,)}}


@pytest.mark.parametrize("self_relations", [False, True])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_paths_equal_a_search_over_entity_sequences(self_relations, seed, random_documents):
    """Sequences of different entities; with self-relations also those whose first entity stands twice at the start."""
    (item,) = random_documents(seed, count=1, largest=5)
    labels = item.labels.copy()
    n, _, r = labels.shape
    labels[range(n), range(n)] = np.random.default_rng(seed).random((n, r)) < 0.3
    expected: dict[tuple[int, int], set[tuple[int, ...]]] = {}
    for length in (1, 2, 3):
        for path in product(range(n), repeat=length + 1):
            simple = len(set(path)) == len(path)
            looped = self_relations and path[0] == path[1] and len(set(path)) == len(path) - 1
            if not (simple or looped):
                continue
            steps = [
                [a for a in range(2 * r) if (labels[x, y, a] if a < r else labels[y, x, a - r])]
                for x, y in pairwise(path)
            ]
            bodies = [()]
            for atoms in steps:
                bodies = [(*b, a) for b in bodies for a in atoms]
            if labels[path[0], path[-1]].any():
                expected.setdefault((path[0], path[-1]), set()).update(bodies)
    assert label_paths(labels, 3, self_relations=self_relations) == expected


def test_exploration_by_hand():
    table = [{(0,): 0.5, (1, 2): 0.3, (3,): 0.2}, {(4,): 1.0}]
    assert explored(table, 0.0) == table
    first, second = explored(table, 0.3)
    assert first == {(0,): pytest.approx(0.45), (1, 2): pytest.approx(0.31), (3,): pytest.approx(0.24)}
    assert second == {(4,): pytest.approx(1.0)}
    assert explored(table, 1.0)[0] == dict.fromkeys(table[0], pytest.approx(1 / 3))


def test_counts_are_per_fact_and_the_identity_rule_always_is_there(random_documents, schema):
    documents = random_documents(5, count=4)
    queries = QueryTypes.of(documents, schema)
    counts = count_paths(documents, queries, 3)
    for q, (r, head_type, tail_type) in enumerate(queries.triples):
        facts = sum(int(d.labels[np.ix_(d.types == head_type, d.types == tail_type)][:, :, r].sum()) for d in documents)
        assert counts[q][(int(r),)] == facts
        assert max(counts[q].values()) <= facts
    for rules in mine(documents, queries, 3):
        assert sum(rules.values()) == pytest.approx(1.0)


def test_no_labelled_fact_is_an_error(document, schema):
    with pytest.raises(InputError, match="no labelled fact in the 1 training documents"):
        QueryTypes.of([document(schema, [0, 1], [])], schema)
