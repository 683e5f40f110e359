"""Boosted trees: what they learn from, what they see, and that they find what the logits hide."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from rival_builders import IN, NEAR, PART, SCHEMA, drawn, made, task

from logire.corpus.dump import dev_threshold
from logire.ground.errors import InputError
from logire.rules.convex import fit_logistic
from logire.rules.grounding import Split
from logire.rules.queries import QueryTypes, RuleSet
from logire.trial import counted
from logire.trial.rivals import boosting
from logire.trial.rivals.boosting import RIVALS, Design, boost, mixed, sample
from logire.trial.task import Scored


def test_a_sample_has_all_facts_the_nearest_others_and_a_weighted_draw():
    rng = np.random.default_rng(0)
    logits = rng.permutation(20_000).astype(np.float32)
    labels = np.isin(logits, [3, 19_999])
    rows, weights = sample(labels, logits, np.random.default_rng(1))
    assert len(set(rows.tolist())) == len(rows) == 2 + 2000 + 6000
    assert set(logits[rows[:2]]) == {3, 19_999}
    assert set(logits[rows[2:2002]]) == set(range(17_999, 19_999)), "the highest but the fact's"
    assert (weights[:2002] == 1).all()
    # 20,000 rows less 2 facts and 2,000 near ones: 17,998 that 6,000 stand for
    np.testing.assert_allclose(weights[2002:], 17_998 / 6000)
    assert weights.sum() == pytest.approx(20_000)


def test_few_rows_are_all_taken_as_they_are():
    rows, weights = sample(np.arange(50) < 5, np.arange(50, dtype=np.float32), np.random.default_rng(1))
    assert sorted(rows) == list(range(50))
    assert (weights == 1).all()


def test_the_features_of_a_pair_by_hand():
    logits = {(0, IN, 1): 1.0, (0, PART, 1): 2.0, (0, NEAR, 1): 3.0, (1, IN, 0): 4.0, (1, PART, 0): 5.0}
    document = made([0, 1], [(0, IN, 1)], logits)
    queries = QueryTypes.of([document], SCHEMA)
    rules = RuleSet.of_counts([{(PART,): 1, (IN + 3,): 1}])
    (part,) = Design(queries, rules).parts([made([1, 0, 0], []), document], [IN])
    # in occurs from A to B alone: of the first document e1 and e2 with e0, of the second e0 with e1
    assert part.features.shape == (3, 3 + 3 + 2 + 2)
    assert part.rows.tolist() == [0, 1, 2]
    chances = [1 / (1 + np.exp(-2.0)), 1 / (1 + np.exp(-4.0))]
    np.testing.assert_allclose(part.features[2], [1, 2, 3, 4, 5, -6, 0, 1, *chances], atol=1 / 256)


def test_features_have_fewer_values_than_trees_have_bins():
    logits = np.random.default_rng(0).normal(0, 20, 5000)
    documents = [made([0, 1], [(0, IN, 1)], {(0, IN, 1): x}) for x in logits]
    queries = QueryTypes.of(documents, SCHEMA)
    (part,) = Design(queries, RuleSet.of_counts([{(IN,): 1}])).parts(documents, [IN])
    assert 100 < len(np.unique(part.features[:, IN])) <= 255
    assert len(np.unique(part.features[:, -1])) <= 255
    np.testing.assert_allclose(part.features[:, IN], np.clip(logits, -12, 12), atol=1 / 16 + 1e-6)


def test_chosen_rows_are_those_of_all_rows():
    documents = drawn(5, 6)
    queries = QueryTypes.of(documents, SCHEMA)
    rules = RuleSet.of_counts([{(PART,): 1, (NEAR, IN): 1} for _ in range(len(queries))])
    design, instances = Design(queries, rules), Split.of(documents, queries).instances
    chosen = np.random.default_rng(0).random(len(instances)) < 0.4
    every = list(design.parts(documents, [IN, NEAR]))
    for part, whole in zip(design.parts(documents, [IN, NEAR], chosen), every, strict=True):
        kept = chosen[whole.rows]
        np.testing.assert_array_equal(part.features, whole.features[kept])
        np.testing.assert_array_equal(part.rows, whole.rows[kept])
    assert (np.diff(np.concatenate([part.rows for part in every])) > 0).all()
    for row in every[1].rows[::7]:
        d, h, t = instances.document[row], instances.head[row], instances.tail[row]
        found = every[1].features[row - every[1].rows[0]]
        np.testing.assert_allclose(found[:3], documents[d].logits[h, t], atol=1 / 16)
        np.testing.assert_allclose(found[3:6], documents[d].logits[t, h], atol=1 / 16)
        np.testing.assert_array_equal(found[6:8], documents[d].types[[h, t]])


def hidden(seed: int, count: int):
    """A-B pairs: in holds where either part or near has a high logit, but not both, which no sum of them tells."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        one, other = rng.random(2) < 0.5
        logits = {(0, PART, 1): 4.0 * one + rng.normal() / 4, (0, NEAR, 1): 4.0 * other + rng.normal() / 4}
        found.append(made([0, 1], [(0, IN, 1)] if one != other else [], logits | {(0, IN, 1): rng.normal() / 4}))
    return found


@pytest.mark.parametrize("method", RIVALS, ids=lambda method: method.name)
def test_trees_learn_an_exclusive_or_of_logits(method):
    dev, test = hidden(2, 60), hidden(3, 60)
    assert dev_threshold(dev).f1 < 0.7
    decided = method.fit(task(hidden(1, 300), dev))(Scored(test))
    wrong = sum(int((found != document.labels).sum()) for found, document in zip(decided, test, strict=True))
    assert wrong <= 2


def test_a_relation_with_few_facts_is_calibrated_instead():
    train = hidden(1, 80) + [made([0, 1], [(0, NEAR, 1)], {(0, NEAR, 1): -1.0}) for _ in range(boosting.FACTS - 1)]
    model = boost(task(train, hidden(2, 10)), with_rules=False)
    assert list(model.classifiers) == [IN]
    logits = np.array([d.logits[h, t, NEAR] for d in train for h, t in ((0, 1), (1, 0))], dtype=np.float64)
    labels = np.array([d.labels[h, t, NEAR] for d in train for h, t in ((0, 1), (1, 0))])
    design = np.stack([logits, np.ones(len(logits))], axis=1)
    scale, shift = fit_logistic(design, labels, ridge=np.ones(2), centre=np.array([1.0, 0.0]))
    (document,) = hidden(4, 1)
    (found,) = model.rescored([document])
    np.testing.assert_allclose(found.logits[0, 1, NEAR], scale * document.logits[0, 1, NEAR] + shift, rtol=1e-4)
    assert found.logits[0, 1, IN] != document.logits[0, 1, IN]
    assert found.logits[1, 0, IN] == document.logits[1, 0, IN], "in never leads from B to A"


def test_documents_learn_and_score_the_same_in_other_chunks(monkeypatch):
    train, dev = drawn(1, 12), drawn(2, 5)
    scores = []
    for chunk in (25, 4):
        monkeypatch.setattr(counted, "CHUNK", chunk)
        scores.append([d.logits for d in boost(task(train, dev), with_rules=True).rescored(dev)])
    for one, other in zip(*scores, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_a_mixture_by_hand():
    one = made([0, 1], [], {(0, IN, 1): -1.0})
    other = replace(one, logits=one.logits + np.float32(4))
    assert mixed(one, other, 0.25).logits[0, 1, IN] == pytest.approx(0.0)
    np.testing.assert_array_equal(mixed(one, other, 0.0).logits, one.logits)


@pytest.mark.parametrize("method", RIVALS, ids=lambda method: method.name)
def test_a_method_decides_twice_the_same_and_never_on_the_diagonal(method, monkeypatch):
    monkeypatch.setattr(boosting, "NEAR", 20)
    monkeypatch.setattr(boosting, "FAR", 30)
    train, dev, test = drawn(1, 12), drawn(2, 8), drawn(3, 6)
    before = [d.logits.copy() for d in test]
    first, second = (method.fit(task(train, dev))(Scored(test)) for _ in range(2))
    for document, decided, again, kept in zip(test, first, second, before, strict=True):
        assert decided.shape == document.logits.shape
        assert not decided[np.eye(len(decided), dtype=np.bool_)].any()
        np.testing.assert_array_equal(decided, again)
        np.testing.assert_array_equal(document.logits, kept)
    assert any(decided.any() for decided in first)


def test_without_scikit_learn_it_says_which_extra_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(InputError, match=r"sklearn is not installed\n.*logire\[trial\]"):
        boost(task(drawn(1, 3), drawn(2, 3)), with_rules=False)
