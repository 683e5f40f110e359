"""Open rules of LogiRE+."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_builders import plus

from logire.rules.mining import count_open, open_rules
from logire.rules.plus.model import LogiREPlus
from logire.rules.queries import QueryTypes, any_atom, body_name


def holds(labels: np.ndarray, body: tuple[int, int], head: int, tail: int) -> bool:
    """Whether an entity stands between, by a literal search."""
    n, _, r = labels.shape

    def joined(atom: int, one: int, other: int) -> bool:
        if one == other or atom == any_atom(r):
            return one != other
        return bool(labels[one, other, atom] if atom < r else labels[other, one, atom - r])

    return any(joined(body[0], head, e) and joined(body[1], e, tail) for e in range(n))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_counts_are_those_of_a_search_over_all_entities(seed, random_documents, schema):
    documents = random_documents(seed, count=3, largest=6)
    queries = QueryTypes.of(documents, schema)
    counted = count_open(documents, queries)
    bodies = [body for atom in range(6) for body in ((atom, 6), (6, atom))]
    expected = np.zeros((len(queries), len(bodies)), dtype=int)
    for document in documents:
        for h, t, r in np.argwhere(document.labels):
            q = queries.index[r, document.types[h], document.types[t]]
            expected[q] += [holds(document.labels, body, h, t) for body in bodies]
    assert [[found[body] for body in bodies] for found in counted] == expected.tolist()
    assert all(min(found.values(), default=1) > 0 for found in counted)


@pytest.mark.parametrize("most", [1, 3])
def test_the_most_frequent_are_kept_and_the_relations_own_come_on_top(most, random_documents, schema):
    documents = random_documents(5, count=20)
    queries = QueryTypes.of(documents, schema)
    chosen = open_rules(documents, queries, most)
    for counts, found, (relation, _, _) in zip(count_open(documents, queries), chosen, queries.triples, strict=True):
        own = {body for atom in (relation, relation + 3) for body in ((atom, 6), (6, atom))}
        assert own <= set(found)
        others = sorted((counts[body] for body in set(found) - own), reverse=True)
        left_out = [counts[body] for body in set(counts) - set(found)]
        assert len(others) <= most
        assert max(left_out) <= min((counts[body] for body in found if body not in own), default=max(left_out))
        assert found == {body: counts[body] for body in found}


def test_a_place_that_is_taken_speaks_against_a_second(document, schema):
    """A weak candidate is a fact where it is the head's only one, and none where a stronger one stands beside it.

    No threshold on the logit tells them apart, nor does any closed rule; ``in0 ^ any`` does.
    """

    def make(number: int, *, taken: bool):
        logits = np.full((3, 3, 3), -6.0)
        logits[0, 1:, 0] = (1.5, 0.5) if taken else (0.5, -6.0)
        return document(schema, [0, 1, 1], [(0, 0, 1)], logits, title=f"D{number}")

    documents = [make(i, taken=i % 2 == 0) for i in range(40)]
    train, dev, test = documents[:20], documents[20:30], documents[30:]
    chosen = {n: plus(open_rules=n, rounds=1, context=[]) for n in (0, 4)}
    models = {n: LogiREPlus(schema, choice, device="cpu").fit(train, dev) for n, choice in chosen.items()}
    facts = {(d.title, 0, "in0", 1) for d in test}
    assert {p[:4] for p in models[4].predict(test)} == facts
    assert models[4].fitted.dev_f1 == 1.0
    assert models[0].fitted.dev_f1 == pytest.approx(0.8)  # 10 facts and 5 wrong ones, at every threshold that is best
    table = models[4].rules("in0").set_index("body")
    assert table.loc["in0 ^ any", "weight"] < 0
    taken = test[0]
    [lost] = models[4].explain(taken, 0, 2, "in0", most=20)
    [reason] = [reason for reason in lost.reasons if body_name(reason.body, schema) == "in0 ^ any"]
    assert reason.path.entities == (0, 1, 2)  # 0 is in 1 already, which is not 2
    assert not lost.predicted
