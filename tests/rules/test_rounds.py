"""A round of LogiRE+: the fit against autograd, the blend, and that it never hurts on dev."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rules_builders import QUICK, assert_same_logits, backbones_threshold, context_of, plus, rules_found

from logire.corpus.dump import NEVER
from logire.rules.extractor import Extractor
from logire.rules.fitted import REJECTED
from logire.rules.grounding import Split
from logire.rules.plus.model import LogiREPlus
from logire.rules.plus.round import fit_round
from logire.rules.queries import QueryTypes, RuleSet
from logire.rules.stages import Calibration, ExtractorStage


@given(residual=st.floats(-50, 50), bias=st.floats(-50, 50), weight=st.floats(-50, 50), seed=st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_a_blend_of_0_gives_the_logits_back_exactly(residual, bias, weight, seed, random_documents, schema):
    documents = random_documents(seed)
    queries = QueryTypes.of(documents, schema)
    rules = RuleSet.of_counts([{(int(r),): 1, (0, 4): 1} for r, _, _ in queries.triples])
    ones = np.ones(len(queries))
    extractor = Extractor(bias * ones, np.full(len(rules), weight), residual * ones).blended(0.0)
    split = Split.of(documents, queries)
    scores = extractor.scores(split.ground(rules)).astype(np.float32)
    np.testing.assert_array_equal(scores, split.instances.logits)
    # the atoms' calibration is not part of it
    found = ExtractorStage(rules, extractor, Calibration(np.full(3, 0.5), np.full(3, 2.0)))
    assert_same_logits(found.apply(documents, queries), documents)


def test_blending_is_linear_in_logit_and_score(random_documents, schema):
    documents = random_documents(3)
    queries = QueryTypes.of(documents, schema)
    rules = RuleSet.of_counts([{(int(r),): 1, (0, 4): 1} for r, _, _ in queries.triples])
    rng = np.random.default_rng(0)
    whole = Extractor(rng.normal(size=len(queries)), rng.normal(size=len(rules)), rng.normal(size=len(queries)))
    split = Split.of(documents, queries)
    grounded = split.ground(rules)
    score = whole.scores(grounded)
    part = whole.blended(0.3).scores(grounded)
    np.testing.assert_allclose(part, 0.7 * split.instances.logits.astype(np.float64) + 0.3 * score, atol=1e-9)
    np.testing.assert_array_equal(whole.blended(1.0).scores(grounded), score)


def calibrated(found: ExtractorStage, documents):
    """The documents with the logits that the stage makes the atoms' probabilities of."""
    return found.calibration.apply(documents) if found.calibration else documents


def objective_gradient(found: ExtractorStage, documents, queries, l2: float, *, residual: bool, tied: bool):
    """Autograd's gradient of the documented objective at a round's parameters, in (a, b, w, v).

    Tied, a, w and v are one vector a relation; otherwise one a query type.
    """
    names = found.context.names if found.context else ()
    of_documents = [context_of(d, names) for d in calibrated(found, documents)] if names else []
    grounded = Split.of(calibrated(found, documents), queries).ground(found.rules)
    raw = Split.of(documents, queries).instances
    total = torch.zeros((), dtype=torch.float64)
    slope, weight, context = {}, {}, {}
    bias = torch.tensor(found.extractor.bias, requires_grad=True)
    for q in range(len(queries)):
        key = int(queries.triples[q, 0]) if tied else q
        part = found.rules.query(q)
        if key not in slope:
            slope[key] = torch.tensor(found.extractor.residual[q], requires_grad=residual)
            weight[key] = torch.tensor(found.extractor.weights[part], requires_grad=True)
            centre = float(residual)
            context[key] = torch.tensor(found.context.weights[q] if names else [], requires_grad=True)
            size = (slope[key] - centre) ** 2 + (weight[key] ** 2).sum() + (context[key] ** 2).sum()
            total = total + 0.5 * l2 * size
        rows = slice(int(raw.start[q]), int(raw.start[q + 1]))
        y = torch.from_numpy(np.where(raw.labels[rows], 1.0, -1.0))
        logits = torch.from_numpy(raw.logits[rows].astype(np.float64))
        phi = torch.from_numpy(grounded.blocks[q].features.astype(np.float64))
        score = slope[key] * logits + bias[q] + phi @ weight[key]
        if names:
            cells = zip(raw.document[rows], raw.head[rows], raw.tail[rows], strict=True)
            relation = int(queries.triples[q, 0])
            values = np.array([of_documents[d][h, t, relation] for d, h, t in cells], dtype=np.float64)
            score = score + torch.from_numpy(values.reshape(-1, len(names))) @ context[key]
        total = total + torch.nn.functional.softplus(-y * score).sum()
    total = total + 0.5 * 0.1 * (bias**2).sum()
    total.backward()
    parts = [bias.grad, *(w.grad for w in weight.values())]
    parts += [v.grad for v in context.values()] if names else []
    parts += [a.grad[None] for a in slope.values()] if residual else []
    return torch.cat(parts).abs().max().item()


@pytest.mark.parametrize("context", [(), ("logits", "text")])
@pytest.mark.parametrize("calibrate", [False, True])
@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("tied", [False, True])
def test_autograds_gradient_vanishes_at_a_rounds_solution(noise, schema, tied, residual, calibrate, context):
    train, dev = noise
    queries = QueryTypes.of(train, schema)
    several = {"tied": tied, "residual": residual, "calibrate": calibrate, "context": context}
    chosen = plus(**several, l2=(2.0,), blend=(1.0,), rules_per_query=6)
    rules = rules_found(train, schema, chosen)
    found = fit_round(train, dev, rules, queries, chosen).stage
    assert (found.context is None) == (context == ())
    assert objective_gradient(found, train, queries, 2.0, residual=residual, tied=tied) < 1e-4
    assert np.abs(found.extractor.weights).max() > 0.05
    assert objective_gradient(found, train, queries, 9.0, residual=residual, tied=tied) > 1e-1
    assert (found.extractor.residual == 0.0).all() if not residual else (found.extractor.residual != 1.0).all()
    assert (found.calibration is not None) == calibrate
    if found.calibration:
        assert (found.calibration.scale != 1.0).any()


def test_tied_query_types_share_bodies_weights_and_slope_but_not_their_offsets(noise, schema):
    train, dev = noise
    queries = QueryTypes.of(train, schema)
    chosen = plus(tied=True, l2=(2.0,), blend=(1.0,), rules_per_query=4)
    rules = rules_found(train, schema, chosen)
    fitted = fit_round(train, dev, rules, queries, chosen).stage.extractor
    for relation in np.unique(queries.triples[:, 0]):
        group = np.flatnonzero(queries.triples[:, 0] == relation)
        assert len(group) > 1
        assert len({rules.bodies[rules.query(q)] for q in group}) == 1
        assert len({fitted.weights[rules.query(q)].tobytes() for q in group}) == 1
        assert len(set(fitted.residual[group])) == 1
        assert len(set(fitted.bias[group])) == len(group)


def test_untied_is_a_fit_of_each_query_type_alone(noise, schema):
    train, dev = noise
    queries = QueryTypes.of(train, schema)
    chosen = plus(tied=False, l2=(2.0,), blend=(1.0,), rules_per_query=4)
    rules = rules_found(train, schema, chosen)
    fitted = fit_round(train, dev, rules, queries, chosen).stage.extractor
    for q in range(len(queries)):
        alone = QueryTypes.from_triples(queries.triples[q : q + 1], schema)
        own = RuleSet.of_counts([dict.fromkeys(rules.bodies[rules.query(q)], 1)])
        other = fit_round(train, dev, own, alone, plus(tied=True, l2=(2.0,), blend=(1.0,))).stage.extractor
        np.testing.assert_allclose(fitted.weights[rules.query(q)], other.weights, atol=1e-5)
        assert fitted.bias[q] == pytest.approx(other.bias[0], abs=1e-5)
        assert fitted.residual[q] == pytest.approx(other.residual[0], abs=1e-5)
    tied = fit_round(train, dev, rules, queries, plus(tied=False, l2=(2.0,), blend=(1.0,))).stage.extractor
    np.testing.assert_array_equal(tied.weights, fitted.weights)


def test_penalties_are_fitted_independently_of_each_other(noise, schema):
    """Each starts from the one before; where it ends is its own."""
    train, dev = noise
    queries = QueryTypes.of(train, schema)
    rules = rules_found(train, schema, plus(rules_per_query=5))
    together = fit_round(train, dev, rules, queries, plus(l2=(10.0, 3.0, 0.3), blend=(1.0,)))
    for row in together.tried:
        alone = fit_round(train, dev, rules, queries, plus(l2=(row["l2"],), blend=(1.0,)))
        assert alone.tried[0]["theta"] == pytest.approx(row["theta"], abs=1e-4)
        if row["l2"] == together.l2:
            np.testing.assert_allclose(alone.stage.extractor.weights, together.stage.extractor.weights, atol=1e-4)


def test_a_huge_penalty_leaves_the_logits_and_their_offsets(noise, schema):
    train, dev = noise
    queries = QueryTypes.of(train, schema)
    rules = rules_found(train, schema, plus())
    fitted = fit_round(train, dev, rules, queries, plus(l2=(1e9,), blend=(1.0,))).stage.extractor
    np.testing.assert_allclose(fitted.residual, 1.0, atol=1e-5)
    np.testing.assert_allclose(fitted.weights, 0.0, atol=1e-5)


def test_what_a_fit_leaves_behind_is_what_the_round_gives(noise, schema):
    train, dev = noise
    queries = QueryTypes.of(train, schema)
    chosen = plus(calibrate=True, rules_per_query=5, blend=(0.5,))
    fitted = fit_round(train, dev, rules_found(train, schema, chosen), queries, chosen)
    assert_same_logits(fitted.train, fitted.stage.apply(train, queries))
    assert_same_logits(fitted.dev, fitted.stage.apply(dev, queries))
    assert backbones_threshold(fitted.dev) == fitted.threshold
    assert len(fitted.posterior) == len(fitted.stage.rules)
    best = max(fitted.tried, key=lambda row: row["dev_f1"])
    assert (best["l2"], best["blend"], best["dev_f1"]) == (fitted.l2, fitted.blend, fitted.threshold.f1)


def test_calibration_is_the_ridge_fit_of_a_scale_and_a_shift(noise, schema):
    train, dev = noise
    queries = QueryTypes.of(train, schema)
    chosen = plus(calibrate=True, rules_per_query=3)
    found = fit_round(train, dev, rules_found(train, schema, chosen), queries, chosen).stage
    scale, shift = (torch.tensor(v, requires_grad=True) for v in (found.calibration.scale, found.calibration.shift))
    total = 0.5 * ((scale - 1.0) ** 2).sum() + 0.5 * (shift**2).sum()
    for d in train:
        off = ~np.eye(len(d.types), dtype=np.bool_)
        y = torch.from_numpy(np.where(d.labels[off], 1.0, -1.0))
        logits = torch.from_numpy(d.logits[off].astype(np.float64))
        total = total + torch.nn.functional.softplus(-y * (scale * logits + shift)).sum()
    total.backward()
    assert max(scale.grad.abs().max().item(), shift.grad.abs().max().item()) < 1e-3
    for before, after in zip(train, calibrated(found, train), strict=True):
        off = ~np.eye(len(before.types), dtype=np.bool_)
        expected = before.logits[off] * found.calibration.scale + found.calibration.shift
        np.testing.assert_allclose(after.logits[off], expected, rtol=1e-5)
        assert (after.logits[~off] == NEVER).all()


@given(
    seed=st.integers(0, 10_000),
    calibrate=st.booleans(),
    residual=st.booleans(),
    rounds=st.integers(1, 2),
    closure=st.sampled_from([(0.0,), (0.0, 0.5), (0.0, 1.0)]),
)
@settings(max_examples=18, deadline=None)
def test_dev_f1_is_never_below_the_backbones(seed, calibrate, residual, rounds, closure, random_documents, schema):
    train, dev = random_documents(seed, count=6), random_documents(seed + 1, count=3)
    more = {"calibrate": calibrate, "residual": residual, "rounds": rounds, "closure": closure, "closure_support": 1}
    chosen = plus(**(QUICK | more), rules_per_query=5)
    model = LogiREPlus(schema, chosen, device="cpu").fit(train, dev)
    assert model.fitted.dev_f1 >= backbones_threshold(dev).f1
    # and it is the F1 of its own predictions
    facts = {(d.title, h, schema.relations[r], t) for d in dev for h, t, r in np.argwhere(d.labels).tolist()}
    predicted = {p[:4] for p in model.predict(dev)}
    f1 = 2 * len(predicted & facts) / (len(predicted) + len(facts))
    assert f1 == pytest.approx(model.fitted.dev_f1)


@given(seed=st.integers(0, 10_000), rounds=st.integers(1, 2))
@settings(max_examples=10, deadline=None)
def test_with_no_weight_on_the_rules_the_backbone_is_left_as_it_is(seed, rounds, random_documents, schema):
    train, dev, test = (random_documents(seed + i, count=4) for i in range(3))
    assume(any(d.labels.any() for d in dev))
    chosen = plus(**(QUICK | {"blend": (0.0,), "rounds": rounds, "calibrate": True}))
    model = LogiREPlus(schema, chosen, device="cpu").fit(train, dev)
    assert (model.fitted.theta, model.fitted.dev_f1) == backbones_threshold(dev)
    for document, scores in zip(test, model.scores(test), strict=True):
        off = ~np.eye(len(scores), dtype=np.bool_)
        assert scores[off].tobytes() == document.logits[off].tobytes()
        assert (scores[~off] == REJECTED).all()
    expected = {
        (d.title, int(h), schema.relations[r], int(t), float(d.logits[h, t, r]))
        for d in test
        for h, t, r in np.argwhere(d.logits >= backbones_threshold(dev).theta)
        if h != t
    }
    found = model.predict(test)
    assert set(found) == expected
    assert len(found) == len(expected)
