"""AnyBURL's aggregation on three rules whose confidences are worked out by hand, and against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rival_builders import IN, NEAR, PART, SCHEMA, drawn, log_odds, made, task

from logire.corpus.dump import dev_threshold
from logire.rules.queries import QueryTypes
from logire.trial.counted import counted_rules
from logire.trial.rivals.anyburl import RIVALS, TOP, Weighed, maximum, noisy_or
from logire.trial.task import Scored, reaching

SIGMOID_6 = 1 / (1 + np.exp(-6.0))
CHANCES = st.floats(0, 0.984375, width=32)


@pytest.fixture
def train():
    """15 pairs A-B: part and in on ten, part alone on two; near and in on three; near alone on none."""
    return (
        [made([0, 1], [(0, PART, 1), (0, IN, 1)]) for _ in range(10)]
        + [made([0, 1], [(0, PART, 1)]) for _ in range(2)]
        + [made([0, 1], [(0, NEAR, 1), (0, IN, 1)]) for _ in range(3)]
    )


@pytest.fixture
def weighed(train) -> Weighed:
    queries = QueryTypes.of(train, SCHEMA)
    return Weighed(counted_rules(train, queries, length=3, support=2, most=100), queries)


def test_confidences_presume_five_pairs_that_speak_against_a_rule(weighed):
    relation = weighed.queries.triples[weighed.counted.rules.query_of_rule, 0]
    found = dict(
        zip(zip(relation.tolist(), weighed.counted.rules.bodies, strict=True), weighed.confidence, strict=True)
    )
    # in <- part is right for 10 of 12, in <- near for 3 of 3, part <- in for 10 of 13, near <- in for 3 of 13
    assert found == {
        (IN, (PART,)): 10 / 17, (IN, (NEAR,)): 3 / 8, (PART, (IN,)): 10 / 18, (NEAR, (IN,)): 3 / 18,
    }  # fmt: skip
    assert len(weighed.at_least(0.5).counted.rules) == 2


def test_strengths_are_confidence_times_phi_the_strongest_first(weighed):
    document = made([0, 1], [(0, PART, 1)], {(0, NEAR, 1): 0.0})
    (found,) = weighed.strengths([document])
    assert found.shape == (2, 2, 3, TOP)
    np.testing.assert_allclose(found[0, 1, IN], [10 / 17 * SIGMOID_6, 3 / 8 * 0.5, 0, 0, 0], rtol=1e-5)
    np.testing.assert_allclose(found[0, 1, PART], [10 / 18 * (1 - SIGMOID_6), 0, 0, 0, 0], rtol=1e-4)
    assert not found[1, 0].any(), "in, part and near never lead from B to A"


def test_strengths_of_one_document_are_the_same_beside_others(weighed):
    documents = drawn(3, 60)
    together = weighed.strengths(documents)
    for document, found in zip(documents, together, strict=True):
        np.testing.assert_array_equal(weighed.strengths([document])[0], found)


def test_noisy_or_by_hand():
    logits = np.array([log_odds(0.2), log_odds(0.2)], dtype=np.float32)
    strengths = np.array([[0.5, 0.25, 0, 0, 0], [0, 0, 0, 0, 0]], dtype=np.float32)
    # 1 - 0.8 * 0.5 * 0.75 = 0.7; without rules the backbone's 0.2
    np.testing.assert_allclose(noisy_or(logits, strengths), [log_odds(0.7), log_odds(0.2)], rtol=1e-6)


def test_noisy_or_of_extreme_logits_is_finite_and_in_order():
    logits = np.array([-1000, -100, -30, 0, 30, 1000], dtype=np.float32)
    found = noisy_or(logits, np.zeros((6, TOP), dtype=np.float32))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[1:], logits[1:], rtol=1e-9, atol=1e-12)
    assert found[0] < found[1]


def test_where_the_strongest_tie_the_next_rule_decides():
    logits = np.array([log_odds(0.9), -5.0, -5.0, 2.3], dtype=np.float32)
    strengths = np.array(
        [[0.1, 0, 0, 0, 0], [0.9, 0.2, 0, 0, 0], [0.9, 0.2, 0.1, 0.05, 0], [0, 0, 0, 0, 0]], dtype=np.float32
    )
    found = maximum(logits, strengths)
    # 2.3 is above the log-odds of 0.9, 2.197; then 0.2 beats 0.1, and 0.1 beats the backbone's 0.007
    assert list(np.argsort(-found)) == [3, 2, 1, 0]
    assert found[1] < found[2] < found[1] + 2**16


def test_a_difference_of_less_than_a_step_is_a_tie():
    strengths = np.array([[0.3, 0, 0, 0, 0], [0.2, 0, 0, 0, 0]], dtype=np.float32)
    found = maximum(np.array([1.0, 1.0001], dtype=np.float32), strengths)
    assert found[0] > found[1]


@given(
    logits=st.lists(st.floats(-20, 20, width=32), min_size=2, max_size=2),
    strengths=st.lists(st.lists(CHANCES, min_size=TOP, max_size=TOP), min_size=2, max_size=2),
)
@settings(max_examples=200, deadline=None)
def test_both_aggregates_equal_their_definitions(logits, strengths):
    scores = np.array(logits, dtype=np.float32)
    chances = -np.sort(-np.array(strengths, dtype=np.float32), axis=1)
    own = 1 / (1 + np.exp(-scores.astype(np.float64)))
    refuted = (1 - own) * np.prod(1 - chances.astype(np.float64), axis=1)
    np.testing.assert_allclose(1 / (1 + np.exp(noisy_or(scores, chances))), refuted, rtol=1e-6, atol=1e-15)
    steps = []
    for logit, rules in zip(scores, chances, strict=True):
        evidence = sorted([float(logit), *(log_odds(float(c)) if c > 0 else -30.0 for c in rules)], reverse=True)
        steps.append([round((max(x, -30.0) + 30) * 65535 / 60) for x in evidence[:3]])
    first, second = maximum(scores, chances)
    assert (first > second, first == second) == (steps[0] > steps[1], steps[0] == steps[1])


@pytest.mark.parametrize("method", RIVALS, ids=lambda method: method.name)
def test_rules_find_what_the_backbone_misses(method, train):
    """in(e0, e1) has a logit of -2, below one false fact's -1; only part speaks for it, with 10/17 (log-odds 0.36)."""
    dev = [made([0, 1], [(0, PART, 1), (0, IN, 1)], {(0, IN, 1): -2.0}), made([0, 1], [], {(0, NEAR, 1): -1.0})]
    assert dev_threshold(dev).f1 < 1
    decide = method.fit(task(train, dev))
    for document, decided in zip(dev, decide(Scored(dev)), strict=True):
        np.testing.assert_array_equal(decided, document.labels)


@pytest.mark.parametrize("method", RIVALS, ids=lambda method: method.name)
def test_rules_that_only_harm_are_left_out(method, train):
    """On dev part goes without in; the backbone is right, and so is the method."""
    dev = [made([0, 1], [(0, PART, 1)]) for _ in range(4)]
    decided = method.fit(task(train, dev))(Scored(dev))
    for ours, backbones in zip(decided, reaching((d.logits for d in dev), dev_threshold(dev).theta), strict=True):
        np.testing.assert_array_equal(ours, backbones)
