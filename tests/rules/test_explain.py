"""Explanations show the reasons that a search over all of them would show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_builders import EVERYTHING, plus

from logire.rules.explain import Explanation, GroundingPath, Reason
from logire.rules.logire.model import LogiRE
from logire.rules.logire.settings import LogiRESettings
from logire.rules.plus.model import LogiREPlus
from logire.rules.stages import among_largest

TINY = LogiRESettings(
    iterations=1, hidden=16, heads=2, feedforward=16, generator_epochs=3, extractor_epochs=8, rules_per_query=30
)


@given(seed=st.integers(0, 10_000), most=st.integers(0, 12), zeros=st.floats(0, 1))
@settings(max_examples=200, deadline=None)
def test_no_reason_that_belongs_among_the_largest_is_left_out(seed, most, zeros):
    rng = np.random.default_rng(seed)
    weights = np.where(rng.random(10) < zeros, 0.0, rng.normal(size=10).round(1))
    exact = np.where(rng.random(10) < 0.3, rng.random(10) * 2e-7, rng.random(10).round(1))
    # phi as grounding gives it: single precision, and 0 where it is less than 1e-7
    grounded = np.where(exact < 1e-7, 0.0, exact * (1 + 1e-6 * rng.uniform(-1, 1, 10))).astype(np.float32)
    largest = sorted(range(10), key=lambda k: (-abs(weights[k] * exact[k]), k))[:most]
    assert set(largest) <= set(among_largest(weights, grounded, most))


def test_few_are_left_to_search():
    weights, phi = np.array([3.0, -2.0, 1.0, 0.5, 0.0]), np.full(5, 0.5, dtype=np.float32)
    assert among_largest(weights, phi, 2) == [0, 1]
    assert among_largest(weights, phi, 9) == [0, 1, 2, 3, 4]
    assert among_largest(weights, phi, 0) == []
    assert among_largest(np.zeros(5), phi, 2) == [0, 1]
    # of 1,000 weights in any order, the 3 largest alone
    many = np.random.default_rng(0).permutation(1000) + 1.0
    assert among_largest(many, np.full(1000, 0.5, dtype=np.float32), 3) == np.flatnonzero(many > 997).tolist()


def test_what_grounding_may_have_rounded_counts_as_equal():
    """The first of equals would be shown: of two equal paths one lies a little lower; of two faint ones one is 0."""
    for phi in ([0.5 * (1 - 2e-6), 0.5 * (1 + 2e-6)], [0.0, 9.9e-8]):
        assert among_largest(np.ones(2), np.array(phi, dtype=np.float32), 1) == [0, 1]
    assert among_largest(np.ones(2), np.array([0.4999, 0.5001], dtype=np.float32), 1) == [1]


def test_an_explanation_as_json_has_names_and_six_digits(document, schema):
    third = 1 / 3
    reasons = (
        Reason((0, 5), 2 * third, GroundingPath((0, 2, 1), (third, 2 * third))),
        Reason((2,), 0.5, GroundingPath((0, 1), (third,)), closing=third / 100),
    )
    explained = Explanation("D", 0, "in0", 1, third, third, -third, 2 * third, third / 10, reasons)
    assert explained.predicted, "a score that equals the threshold"
    first = {"from": "e0", "from_idx": 0, "atom": "in0", "to": "e2", "to_idx": 2, "score": 0.333333}
    second = {"from": "e2", "from_idx": 2, "atom": "~agent_of", "to": "e1", "to_idx": 1, "score": 0.666667}
    alone = {"from": "e0", "from_idx": 0, "atom": "agent_of", "to": "e1", "to_idx": 1, "score": 0.333333}
    assert explained.as_dict(document(schema, [0, 1, 0], []), schema) == {
        "title": "D",
        "h_idx": 0,
        "t_idx": 1,
        "r": "in0",
        "head": "e0",
        "tail": "e1",
        "score": 0.333333,
        "threshold": 0.333333,
        "predicted": True,
        "bias": -0.333333,
        "residual": 0.666667,
        "backbone_probability": 0.033333,
        "reasons": [
            # phi is 1/3 * 2/3, and the contribution 2/3 of that
            {
                "rule": "in0 <- in0 ^ ~agent_of",
                "kind": "chain",
                "weight": 0.666667,
                "phi": 0.222222,
                "contribution": 0.148148,
                "path": [first, second],
            },
            {
                "rule": "in0 <- agent_of",
                "kind": "constraint",
                "weight": 0.5,
                "phi": 0.333333,
                "contribution": 0.003333,
                "path": [alone],
            },
        ],
    }


@pytest.fixture(scope="module", params=["logire", "plus"])
def model(request, noise, schema):
    kinds = {
        "logire": lambda: LogiRE(schema, TINY, device="cpu"),
        "plus": lambda: LogiREPlus(schema, plus(**EVERYTHING), device="cpu"),
    }
    return kinds[request.param]().fit(*noise)


@pytest.mark.parametrize("most", [0, 1, 3])
def test_the_reasons_shown_are_the_first_of_all_reasons(model, noise, most):
    dev = noise[1]
    every, few = (list(model.explanations(dev, most=count)) for count in (10**6, most))
    assert len(every) > 20
    assert max(len(row["reasons"]) for row in every) > 3
    assert few == [row | {"reasons": row["reasons"][:most]} for row in every]


def test_predictions_stand_beside_their_explanations(model, noise):
    dev = noise[1]
    pairs = list(model.explained(dev))
    assert [prediction for prediction, _ in pairs] == model.predict(dev)
    assert [explained for _, explained in pairs] == list(model.explanations(dev))
    for prediction, row in pairs:
        assert (row["title"], row["h_idx"], row["r"], row["t_idx"]) == prediction[:4]
        assert row["score"] == round(prediction.score, 6)
