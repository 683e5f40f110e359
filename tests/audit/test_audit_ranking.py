"""The best of many candidates, and what rules alone say, against plain loops."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
import pytest
from audit_builders import Hidden
from hypothesis import given
from hypothesis import strategies as st

from logire.audit.combined import RIDGE, evidence, logistic
from logire.audit.confidence import DOUBT, RuleConfidence
from logire.audit.ranking import Best
from logire.corpus.dump import ScoredDocument
from logire.corpus.prepared import PreparedCorpus
from logire.rules.outoffold import read_out_of_fold
from logire.rules.queries import QueryTypes
from logire.rules.trusted import Mined


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.booleans())
def test_the_best_are_those_of_a_full_sort(seed: int, most: int, tied: bool) -> None:
    rng = np.random.default_rng(seed)
    documents, everything = [], []
    for place in range(4):
        n = int(rng.integers(1, 4))
        values = rng.integers(-2, 3, (n, n, 2)).astype(np.float32)  # many are equal
        among = rng.random(values.shape) < 0.7
        ties = rng.integers(0, 3, values.shape).astype(np.float64) if tied else np.zeros(values.shape)
        documents.append((place, values, among, ties if tied else None))
        everything += [
            (-float(values[cell]), float(ties[cell]), place, *cell)
            for cell in product(range(n), range(n), range(2))
            if among[cell]
        ]
    best = Best(most)
    for place in rng.permutation(4):
        best.add(*documents[place])
    found = [(-c.value, c.place, c.head, c.tail, c.relation) for c in best.ranked()]
    assert found == [(value, *where) for value, _, *where in sorted(everything)[:most]]


@pytest.fixture(scope="module")
def scored_documents(world: Hidden) -> tuple[PreparedCorpus, list[ScoredDocument]]:
    corpus = PreparedCorpus.open(world.documents)
    return corpus, read_out_of_fold(world.dumps, corpus)


def test_rule_confidence_is_that_of_a_literal_search(
    scored_documents: tuple[PreparedCorpus, list[ScoredDocument]],
) -> None:
    corpus, documents = scored_documents
    train, relations = documents[:25], len(corpus.schema.relations)
    queries = QueryTypes.of(train, corpus.schema)
    found = RuleConfidence.of(train, queries, least=8)
    assert len(found.rules) > 5

    def holds(document: ScoredDocument, atom: int, h: int, t: int) -> bool:
        there = document.labels[h, t, atom] if atom < relations else document.labels[t, h, atom - relations]
        return h != t and bool(there)

    def joined(document: ScoredDocument, body: tuple[int, ...], h: int, t: int) -> bool:
        if len(body) == 1:
            return holds(document, body[0], h, t)
        between = range(len(document.types))
        return any(holds(document, body[0], h, e) and holds(document, body[1], e, t) for e in between)

    def typed(document: ScoredDocument, r: int, h: int, t: int) -> bool:
        return queries.index[r, document.types[h], document.types[t]] >= 0

    rules = [(body, head) for body, heads in found.rules.items() for head in heads]
    for body, head in rules[:: max(len(rules) // 12, 1)]:
        pairs = [
            bool(d.labels[h, t, head])
            for d in train
            for h, t in product(range(len(d.types)), repeat=2)
            if h != t and typed(d, head, h, t) and joined(d, body, h, t)
        ]
        assert found.rules[body][head] == pytest.approx(sum(pairs) / (len(pairs) + DOUBT), rel=1e-12)
    for document in documents[25:27]:
        n = len(document.types)
        for h, t, head in product(range(n), range(n), range(relations)):
            best = found.best(document, h, t, head)
            spoken = [rule for rule in rules if rule[1] == head and h != t and joined(document, rule[0], h, t)]
            if not spoken or not typed(document, head, h, t):
                assert best is None
                continue
            body, path, confidence = best
            assert confidence == max(found.rules[rule[0]][head] for rule in spoken)
            assert (path[0], path[-1]) == (h, t)
            assert all(holds(document, atom, *step) for atom, step in zip(body, pairwise(path), strict=True))
        expected = np.zeros_like(document.logits)
        for h, t in product(range(len(document.types)), repeat=2):
            for body, head in rules:
                if h != t and typed(document, head, h, t) and joined(document, body, h, t):
                    expected[h, t, head] = max(expected[h, t, head], np.float32(found.rules[body][head]))
        np.testing.assert_array_equal(found.values(document), expected)
    assert Mined.of(train, queries, length=2, least=8).rules.bodies


def test_weights_are_those_of_a_literal_descent() -> None:
    rng = np.random.default_rng(5)
    features = np.concatenate([np.ones((300, 1)), rng.normal(0, 2, (300, 2))], axis=1)
    labels = rng.random(300) < 1 / (1 + np.exp(1 - features @ [0.0, 1.5, -0.5]))
    weights = np.zeros(3)
    for _ in range(20_000):
        gradient = RIDGE * weights * [0, 1, 1]
        gradient += features.T @ (1 / (1 + np.exp(-features @ weights)) - labels)
        weights -= 0.005 * gradient
    np.testing.assert_allclose(logistic(features, labels), weights, atol=1e-4)


def test_labels_that_a_plane_parts_have_finite_weights() -> None:
    features = np.stack([np.ones(40), np.linspace(-30, 30, 40), np.zeros(40)], axis=1)
    weights = logistic(features, features[:, 1] > 0)
    assert np.isfinite(weights).all()
    assert weights[1] > 0
    assert logistic(features, np.zeros(40, dtype=np.bool_))[0] < 0


def test_evidence_is_zero_without_a_rule_and_rises() -> None:
    confidence = np.linspace(0, 1, 21)
    found = evidence(confidence)
    assert found[0] == 0
    assert (np.diff(found) > 0).all()
    np.testing.assert_allclose(found, [math.log((c + 0.02) / (1.02 - c)) - math.log(0.02 / 1.02) for c in confidence])
