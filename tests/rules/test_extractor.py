"""The extractor against autograd, and the E-step against its equation."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
import torch

from logire.ground.runtime import derive_seed
from logire.rules.adam import fit_adam
from logire.rules.extractor import Extractor
from logire.rules.grounding import Split
from logire.rules.logire.extraction import first_extractor, fit_extractor, newton_logistic
from logire.rules.logire.posterior import as_table, mixed, posterior
from logire.rules.logire.settings import LogiRESettings
from logire.rules.queries import QueryTypes, RuleSet


@pytest.fixture
def grounded(random_documents, schema):
    documents = random_documents(21, count=9, largest=7)
    queries = QueryTypes.of(documents, schema)
    rng = np.random.default_rng(4)
    counts = [
        {(int(r),): 3} | {tuple(int(a) for a in rng.integers(0, 6, 2)): 2 for _ in range(3)}
        for r, _, _ in queries.triples
    ]
    log_prior = [{b: float(-rng.random() * 4) for b in c} for c in counts]
    rules = RuleSet.of(counts, log_prior)
    return Split.of(documents, queries).ground(rules)


def torch_loss(bias, weights, grounded, documents=None):
    """Sum of log(1 + exp(-y score)), over some documents or all."""
    instances, rules = grounded.instances, grounded.rules
    total, rows_seen = torch.zeros((), dtype=torch.float64), 0
    for q in range(len(rules.start) - 1):
        rows = np.arange(instances.start[q], instances.start[q + 1])
        if documents is not None:
            rows = rows[np.isin(instances.document[rows], documents)]
        phi = torch.from_numpy(grounded.blocks[q].features[rows - instances.start[q]].astype(np.float64))
        y = torch.from_numpy(np.where(instances.labels[rows], 1.0, -1.0))
        score = bias[q] + phi @ weights[rules.query(q)]
        total = total + torch.nn.functional.softplus(-y * score).sum()
        rows_seen += len(rows)
    return total, rows_seen


def test_score_and_loss_equal_autograds(grounded):
    rules = grounded.rules
    rng = np.random.default_rng(0)
    nothing = np.zeros(len(rules.start) - 1)
    extractor = Extractor(rng.normal(size=len(nothing)), rng.normal(size=len(rules)), nothing)
    loss, rows = torch_loss(torch.from_numpy(extractor.bias), torch.from_numpy(extractor.weights), grounded)
    assert extractor.log_loss(grounded) == pytest.approx(float(loss) / rows, abs=1e-12)


def adam_by_torch(first, grounded, epochs):
    """(bias, weights) after each epoch of a plain PyTorch loop: batches of 4 documents, the order of seed 7."""
    bias = torch.tensor(first.bias, requires_grad=True)
    weights = torch.tensor(first.weights, requires_grad=True)
    optimizer = torch.optim.Adam([bias, weights], lr=1.0)
    documents = grounded.instances.document_start.shape[1] - 1
    order = np.random.default_rng(derive_seed(7, "extractor"))
    batches = -(-documents // 4)
    steps, step = epochs * batches, 0
    warm = max(int(0.06 * steps), 1)
    after = []
    for permutation in [order.permutation(documents) for _ in range(epochs)]:
        for batch in range(batches):
            rate = 5e-3 * (step + 1) / warm
            if step >= warm:
                rate = 5e-3 + (1e-4 - 5e-3) * (step - warm) / (steps - 1 - warm)
            optimizer.param_groups[0]["lr"] = rate
            loss, rows = torch_loss(bias, weights, grounded, permutation[batch * 4 : batch * 4 + 4])
            optimizer.zero_grad()
            (loss / rows).backward()
            optimizer.step()
            step += 1
        after.append((bias.detach().numpy().copy(), weights.detach().numpy().copy()))
    return after


@pytest.mark.parametrize("start", ["zeros", "random"])
def test_adam_takes_the_same_steps_as_torch(grounded, start):
    """Same gradient, same optimiser, same schedule: after every epoch the parameters equal a plain PyTorch loop's."""
    rng = np.random.default_rng(1)
    first = Extractor.zeros(grounded.rules)
    if start == "random":
        first = Extractor(rng.normal(size=len(first.bias)), rng.normal(size=len(first.weights)), first.residual)
    epochs = list(fit_adam(first, grounded, epochs=3, batch=4, peak=5e-3, final=1e-4, warmup=0.06, seed=7))
    for ours, (bias, weights) in zip(epochs, adam_by_torch(first, grounded, 3), strict=True):
        np.testing.assert_allclose(ours.bias, bias, atol=1e-9)
        np.testing.assert_allclose(ours.weights, weights, atol=1e-9)


LIKED = [(None, 2), ([0.1, 0.7, 0.7], 1), ([0.9, 0.7, 0.7], 0), ([0.0, 0.7, 0.8], 2)]


@pytest.mark.parametrize(("liked", "kept"), LIKED)
def test_the_last_epoch_is_kept_or_the_first_of_the_best(grounded, liked, kept):
    """It has the very bytes of that epoch; Newton's method, which has none, does not ask."""
    first = Extractor.zeros(grounded.rules)
    epochs = list(fit_adam(first, grounded, epochs=3, batch=4, peak=5e-3, final=1e-4, warmup=0.06, seed=7))
    scores = {epoch.weights.tobytes(): score for epoch, score in zip(epochs, liked or [], strict=False)}

    def judge(found):
        return scores[found.weights.tobytes()]

    settings = LogiRESettings(extractor_epochs=3)
    found = fit_extractor(first, grounded, settings, 7, judge if liked else None)
    assert found.weights.tobytes() == epochs[kept].weights.tobytes()
    assert found.bias.tobytes() == epochs[kept].bias.tobytes()
    newton = [
        fit_extractor(first, grounded, LogiRESettings(optimizer="newton"), 7, asked).weights for asked in (None, judge)
    ]
    assert newton[0].tobytes() == newton[1].tobytes()


def test_a_fit_starts_at_zero_or_uniform_between_minus_one_and_one():
    rules = RuleSet.of_counts([dict.fromkeys(product(range(6), repeat=3), 1)] * 20)
    zero = first_extractor(rules, LogiRESettings(), 3)
    assert not zero.bias.any()
    assert not zero.weights.any()
    uniform = LogiRESettings(extractor_start="uniform")
    start, again, other = (first_extractor(rules, uniform, seed) for seed in (3, 3, 4))
    drawn = np.concatenate([start.bias, start.weights])
    assert len(drawn) == 20 + 20 * 216
    assert np.abs(drawn).max() <= 1.0
    for share in (0.1, 0.25, 0.5, 0.9):
        assert np.quantile(drawn, share) == pytest.approx(2.0 * share - 1.0, abs=0.05)
    assert not start.residual.any()
    assert drawn.tobytes() == np.concatenate([again.bias, again.weights]).tobytes()
    assert start.weights.tobytes() != other.weights.tobytes()


def test_newton_reaches_the_optimum_where_autograds_gradient_is_zero(grounded):
    rules = grounded.rules
    settings = LogiRESettings(optimizer="newton", l2=0.5)
    fitted = fit_extractor(Extractor.zeros(rules), grounded, settings, seed=7)
    bias, weights = (torch.tensor(v, requires_grad=True) for v in (fitted.bias, fitted.weights))
    loss, _ = torch_loss(bias, weights, grounded)
    (loss + 0.25 * (weights**2).sum() + 0.5e-3 * (bias**2).sum()).backward()
    assert float(bias.grad.abs().max()) < 1e-4
    assert float(weights.grad.abs().max()) < 1e-4
    adam = fit_extractor(Extractor.zeros(rules), grounded, LogiRESettings(), seed=7)
    assert fitted.log_loss(grounded) < adam.log_loss(grounded)


def test_newton_stays_finite_where_every_instance_is_positive():
    solution = newton_logistic(np.ones((5, 1)), np.ones(5, dtype=np.bool_), 1.0, np.zeros(2))
    assert np.isfinite(solution).all()
    assert solution[0] > 3.0


def literal_posterior(extractor, grounded, log_prior, counts):
    """H(rule) = log prior + (y*/2)(b / N + w phi / count), normalised over the distinct rules, mean over instances."""
    n_rules, rules, instances = 50, grounded.rules, grounded.instances
    means = []
    for q in range(len(rules.start) - 1):
        part = rules.query(q)
        total = np.zeros(part.stop - part.start)
        rows = range(instances.start[q], instances.start[q + 1])
        for i, row in enumerate(rows):
            y = 1.0 if instances.labels[row] else -1.0
            evidence = extractor.weights[part] * grounded.blocks[q].features[i] / counts[part]
            h = [
                prior + y / 2 * (extractor.bias[q] / n_rules + found)
                for prior, found in zip(log_prior[part], evidence, strict=True)
            ]
            total += np.exp(h) / np.exp(h).sum()
        means.append(total / len(rows))
    return np.concatenate(means)


@pytest.mark.parametrize("prior", ["once", "counted"])
def test_posterior_equals_the_equation(grounded, prior):
    """An identity rule that was not drawn counts as drawn once."""
    drawn = np.where([len(body) == 1 for body in grounded.rules.bodies], 0, grounded.rules.counts)
    grounded = replace(grounded, rules=replace(grounded.rules, counts=drawn))
    rules = grounded.rules
    rng = np.random.default_rng(2)
    extractor = Extractor(
        rng.normal(size=len(rules.start) - 1), 3.0 * rng.normal(size=len(rules)), np.zeros(len(rules.start) - 1)
    )
    counts = np.maximum(rules.counts, 1) if prior == "counted" else np.ones(len(rules))
    assert prior == "once" or set(counts) >= {1, 2}
    ours = posterior(extractor, grounded, LogiRESettings(posterior_prior=prior), seed=1)
    expected = literal_posterior(extractor, grounded, rules.log_prior + np.log(counts), counts)
    np.testing.assert_allclose(ours, expected, atol=1e-9)


def test_sampled_posterior_has_the_exact_one_as_its_mean(grounded):
    rules = grounded.rules
    rng = np.random.default_rng(2)
    extractor = Extractor(np.zeros(len(rules.start) - 1), rng.normal(size=len(rules)), np.zeros(len(rules.start) - 1))
    exact = posterior(extractor, grounded, LogiRESettings(), seed=1)
    sampled = LogiRESettings(posterior="sampled")
    draws = [posterior(extractor, grounded, sampled, seed) for seed in range(400)]
    np.testing.assert_allclose(np.mean(draws, axis=0), exact, atol=0.02)
    assert not np.allclose(draws[0], draws[1])


def test_a_draw_picks_the_rule_whose_share_it_falls_in(document, schema):
    """Two equal rules, then four: a draw below 1/4 is the first one's, from 1/4 on the second's."""
    item = document(schema, [0, 0, 0], [(0, 0, 1), (0, 1, 1)])
    queries = QueryTypes.of([item], schema)
    rules = RuleSet.of_counts([dict.fromkeys([(0,), (1,)], 1), dict.fromkeys([(0,), (1,), (2,), (3,)], 1)])
    grounded = Split.of([item], queries).ground(rules)
    draws = [0.0, 0.1, 0.49, 0.5, 0.75, 0.9, 0.0, 0.24, 0.25, 0.5, 0.75, np.nextafter(1.0, 0.0)]
    found = Extractor.zeros(rules).posterior(grounded, draws=np.array(draws))
    np.testing.assert_allclose(found, np.array([3, 3, 2, 1, 1, 2]) / 6)


def test_one_candidate_alone_is_drawn_for_too(document, schema):
    item = document(schema, [0, 1], [(0, 2, 1)])
    rules = RuleSet.of_counts([{(2,): 1, (3,): 1}])
    grounded = Split.of([item], QueryTypes.of([item], schema)).ground(rules)
    assert Extractor.zeros(rules).posterior(grounded, draws=np.array([0.6])).tolist() == [0.0, 1.0]
    assert Extractor.zeros(rules).posterior(grounded).tolist() == [0.5, 0.5]


def test_the_highest_draw_there_is_picks_the_last_rule(document, schema):
    """Even where rounding leaves the sum of the shares below it: of these priors, some are such."""
    item = document(schema, [0, 1], [(0, 2, 1)])
    rules = RuleSet.of_counts([dict.fromkeys([(a,) for a in range(6)], 1)])
    grounded = Split.of([item], QueryTypes.of([item], schema)).ground(rules)
    highest, rng = np.array([np.nextafter(1.0, 0.0)]), np.random.default_rng(0)
    for _ in range(300):
        found = Extractor.zeros(rules).posterior(grounded, -2.0 * rng.random(6), highest)
        assert found.tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]


def test_a_blend_has_no_negative_zeros():
    found = Extractor(np.full(1, -2.0), np.full(3, -1.0), np.ones(1)).blended(0.0)
    assert not np.signbit(found.bias).any()
    assert not np.signbit(found.weights).any()
    assert found.residual.tolist() == [1.0]


def test_tables_of_the_generators_target(grounded):
    rules = grounded.rules
    weights = posterior(Extractor.zeros(rules), grounded, LogiRESettings(), seed=1)
    table = as_table(rules, weights)
    for q, (start, stop) in enumerate(pairwise(rules.start)):
        assert list(table[q]) == list(rules.bodies[start:stop])
        assert sum(table[q].values()) == pytest.approx(1.0)
    assert mixed([{(0,): 1.0}], [{(1,): 1.0}], 0.1) == [{(0,): 0.9, (1,): 0.1}]
    # rules that no draw picked are not in it
    few = RuleSet.of_counts([{(0,): 1, (1,): 1}, {(2,): 1}])
    assert as_table(few, np.array([0.0, 1.0, 0.0])) == [{(1,): 1.0}, {}]
