"""Closing scores under rules, against a search over all paths and against forward closure."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_builders import BODIES, all_candidates, relogited

from logire.corpus.dump import NEVER, ScoredDocument
from logire.rules.closure import ClosureStage, best_weakest, closed, partly
from logire.rules.queries import QueryTypes, RuleSet


def atom(values: np.ndarray, a: int) -> np.ndarray:
    r = values.shape[2]
    return values[:, :, a] if a < r else values[:, :, a - r].T


def over_all_paths(document: ScoredDocument, rules, queries) -> np.ndarray:
    """The closure by its definition: every rule, every pair of its types, every path."""
    n, result = len(document.types), document.logits.copy()
    for body, q in zip(rules.bodies, rules.query_of_rule, strict=True):
        relation, head_type, tail_type = queries.triples[q]
        for h, t in product(range(n), repeat=2):
            if h == t or document.types[h] != head_type or document.types[t] != tail_type:
                continue
            for between in product(range(n), repeat=len(body) - 1):
                steps = pairwise((h, *between, t))
                weakest = min(atom(document.logits, a)[x, y] for a, (x, y) in zip(body, steps, strict=True))
                result[h, t, relation] = max(result[h, t, relation], weakest)
    return result


def concluded(document: ScoredDocument, theta: float, rules, queries) -> np.ndarray:
    """What is predicted at ``theta``, and what the rules conclude from that in one step."""
    facts = document.logits >= theta
    result = facts.copy()
    for body, q in zip(rules.bodies, rules.query_of_rule, strict=True):
        relation, head_type, tail_type = queries.triples[q]
        joined = np.eye(len(facts), dtype=np.bool_)
        for a in body:
            joined = (joined.astype(np.int64) @ atom(facts, a).astype(np.int64)) > 0
        result[:, :, relation] |= joined & (document.types[:, None] == head_type) & (document.types == tail_type)
    result[np.eye(len(facts), dtype=np.bool_)] = False
    return result


def drawn_rules(data, queries):
    """Rules of any query type; of some none."""
    return RuleSet.of_counts([dict.fromkeys(data.draw(st.sets(BODIES, max_size=3)), 1) for _ in range(len(queries))])


@given(seed=st.integers(0, 10_000), data=st.data())
@settings(max_examples=40, deadline=None)
def test_closure_equals_a_search_over_all_paths(seed, data, random_documents, schema):
    documents = random_documents(seed, largest=5)
    queries = QueryTypes.of(documents, schema)
    rules = drawn_rules(data, queries)
    before = [d.logits.copy() for d in documents]
    for document, after, kept in zip(documents, closed(documents, rules, queries), before, strict=True):
        np.testing.assert_array_equal(after.logits, over_all_paths(document, rules, queries))
        np.testing.assert_array_equal(document.logits, kept)
        assert (after.logits[np.eye(len(kept), dtype=np.bool_)] == NEVER).all()


@given(seed=st.integers(0, 10_000), data=st.data())
@settings(max_examples=60, deadline=None)
def test_at_any_threshold_the_closed_scores_predict_the_forward_closure(seed, data, random_documents, schema):
    documents = random_documents(seed, largest=7)
    queries = QueryTypes.of(documents, schema)
    rules = drawn_rules(data, queries)
    scores = np.unique(all_candidates(documents)[0])
    for theta in (*data.draw(st.lists(st.sampled_from(scores.tolist()), max_size=5)), 0.0, -2.5):
        for document, after in zip(documents, closed(documents, rules, queries), strict=True):
            predicted = (after.logits >= theta) & ~np.eye(len(after.types), dtype=np.bool_)[:, :, None]
            np.testing.assert_array_equal(predicted, concluded(document, theta, rules, queries))


@given(seed=st.integers(0, 10_000), strength=st.floats(0.0, 1.0))
@settings(max_examples=30, deadline=None)
def test_a_strength_goes_that_part_of_the_way(seed, strength, random_documents, schema):
    [document] = random_documents(seed, largest=5)[:1]
    full = relogited(document, document.logits + np.float32(2.0) * (document.logits > 0))
    after = partly(document, full, strength).logits
    kept = document.logits <= 0
    np.testing.assert_array_equal(after[kept], document.logits[kept])
    np.testing.assert_allclose(after[~kept], document.logits[~kept] + 2 * strength, atol=1e-5)
    np.testing.assert_array_equal(partly(document, full, 1.0).logits, full.logits)
    np.testing.assert_array_equal(partly(document, full, 0.0).logits, document.logits)


@given(seed=st.integers(0, 10_000), data=st.data(), strength=st.sampled_from([0.25, 1.0]))
@settings(max_examples=20, deadline=None)
def test_the_parts_of_a_closed_score_add_up_to_it(seed, data, strength, random_documents, schema):
    """The score before, and a reason where a rule raises it, no other."""
    documents = random_documents(seed, largest=5)
    queries = QueryTypes.of(documents[:1], schema)
    stage = ClosureStage(drawn_rules(data, queries), strength)
    for document, after, part in zip(
        documents, stage.apply(documents, queries), stage.parts(documents, queries), strict=True
    ):
        for h, t, r in zip(
            *np.nonzero(~np.eye(len(after.types), dtype=np.bool_)[:, :, None].repeat(3, 2)), strict=True
        ):
            found = part(h, t, r, 5)
            added = sum(reason.contribution for reason in found.reasons)
            assert found.bias + found.residual + added == pytest.approx(after.logits[h, t, r], abs=1e-5)
            assert found.residual == document.logits[h, t, r]
            assert len(found.reasons) == (after.logits[h, t, r] > document.logits[h, t, r])


def test_a_path_of_the_closure_by_hand(document, schema):
    logits = np.full((3, 3, 3), -9.0)
    logits[0, 1, 0], logits[2, 1, 1] = 4.0, 1.5  # in0(0, 1), gpe0(2, 1); agent_of(0, 2) <- in0 ^ ~gpe0
    made = document(schema, [0, 1, 0], [(0, 2, 2)], logits)
    queries = QueryTypes.of([made], schema)
    [after] = closed([made], RuleSet.of_counts([{(0, 4): 1}]), queries)
    assert after.logits[0, 2, 2] == 1.5
    changed = np.argwhere(after.logits != made.logits).tolist()
    assert changed == [[0, 2, 2]]  # agent_of(2, 0) would need in0(2, x); locations are not of the query type
    known = {}
    best_weakest(made.logits, (0, 4), known)
    assert set(known) == {(0,), (0, 4)}
