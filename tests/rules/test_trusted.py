"""Rules and denials that training labels obey, against counts by hand and by loops."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logire.rules.mining import label_paths
from logire.rules.queries import QueryTypes, Rule
from logire.rules.trusted import Denials, Mined, mine_denials

IN, GPE, AGENT = range(3)


def joins(labels: np.ndarray, body: tuple[int, ...], head: int, tail: int) -> bool:
    """Whether a chain of entities joins head and tail."""
    reached = {head}
    for atom in body:
        matrix = labels[:, :, atom] if atom < 3 else labels[:, :, atom - 3].T
        reached = {int(e) for one in reached for e in np.flatnonzero(matrix[one])}
    return tail in reached


@given(seed=st.integers(0, 10_000), confidence=st.sampled_from([0.3, 0.5, 0.9]), least=st.sampled_from([2, 4]))
@settings(max_examples=25, deadline=None)
def test_rules_of_any_types_are_those_of_counts_over_all_pairs_of_known_types(
    random_documents, schema, seed: int, confidence: float, least: int
) -> None:
    documents = random_documents(seed, count=5, largest=6)
    queries = QueryTypes.of(documents, schema)
    mined: Counter[tuple[int, tuple[int, ...]]] = Counter()
    for document in documents:
        paths = label_paths(document.labels, 2)
        for h, t, r in np.argwhere(document.labels).tolist():
            mined.update({(r, body) for body in paths.get((h, t), ()) if body != (r,)})
    expected = []
    for (r, body), n in mined.items():
        joined = right = 0
        for d in documents:
            for h, t in product(range(len(d.types)), repeat=2):
                if h != t and queries.index[r, d.types[h], d.types[t]] >= 0 and joins(d.labels, body, h, t):
                    joined += 1
                    right += bool(d.labels[h, t, r])
        if n >= least and right >= confidence * joined:
            expected.append(Rule(r, body))
    found = Mined.of(documents, queries, length=2, least=least).of_any_types(confidence)
    assert found == tuple(sorted(expected))


def test_rules_of_any_types_take_their_pairs_together(document, schema) -> None:
    """in0 <- gpe0 is right for one of two pairs of people and for both of places: 3 of 4 in all."""
    people = [document(schema, [0, 0, 0], [(0, IN, 1), (0, GPE, 1), (1, GPE, 2)], title=f"P{i}") for i in range(2)]
    places = [document(schema, [1, 1, 1], [(0, IN, 1), (0, GPE, 1), (2, IN, 1), (2, GPE, 1)])]
    queries = QueryTypes.of([*people, *places], schema)
    mined = Mined.of([*people, *places], queries, length=1, least=2)
    rule = Rule(IN, (GPE,))
    assert rule in mined.of_any_types(4 / 6)
    assert rule not in mined.of_any_types(0.7)
    typed = mined.of_types(0.7)
    [place] = [q for q, triple in enumerate(queries.triples.tolist()) if triple == [IN, 1, 1]]
    [person] = [q for q, triple in enumerate(queries.triples.tolist()) if triple == [IN, 0, 0]]
    assert (GPE,) in typed.bodies[typed.query(place)]
    assert (GPE,) not in typed.bodies[typed.query(person)]


def test_denials_by_hand(document, schema) -> None:
    """in0 and gpe0 never join the same pair; gpe0 has one tail a head, agent_of is symmetric."""
    facts = [(0, IN, 1), (0, IN, 2), (1, GPE, 2), (0, AGENT, 2), (2, AGENT, 0)]
    documents = [document(schema, [0, 0, 0], facts, title=f"D{i}") for i in range(3)]
    found = mine_denials(documents, 3, share=0.98, least=3)
    assert found == Denials(
        # the same pair: in0 with agent_of at (0, 2)
        apart=((IN, GPE), (GPE, AGENT), (IN, IN + 3), (IN, GPE + 3), (GPE, GPE + 3), (GPE, AGENT + 3)),
        one_tail=(GPE, AGENT),
        one_head=(IN, GPE, AGENT),
    )
    assert mine_denials(documents, 3, share=0.98, least=4) == Denials(
        apart=((IN, IN + 3),), one_tail=(AGENT,), one_head=(IN, AGENT)
    )


@pytest.mark.parametrize(("share", "denied"), [(0.9, True), (0.91, False)])
def test_a_denial_may_have_exceptions(document, schema, share: float, denied: bool) -> None:
    """One of ten facts of in0 has gpe0 beside it."""
    documents = [document(schema, [0, 0], [(0, IN, 1)], title=f"D{i}") for i in range(9)]
    documents.append(document(schema, [0, 0, 0], [(0, IN, 1), (0, GPE, 1)]))
    documents += [document(schema, [0, 0], [(1, GPE, 0)], title=f"E{i}") for i in range(9)]
    assert ((IN, GPE) in mine_denials(documents, 3, share=share, least=10).apart) == denied
