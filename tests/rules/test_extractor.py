"""The extractor against autograd, and the E-step against its equation."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from logire.ground.runtime import derive_seed
from logire.rules.extractor import Extractor
from logire.rules.grounding import Split
from logire.rules.logire.extraction import fit_extractor, newton_logistic
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


@pytest.mark.parametrize("start", ["zeros", "random"])
def test_adam_takes_the_same_steps_as_torch(grounded, start):
    """Same gradient, same optimiser, same schedule: the fitted parameters equal a plain PyTorch loop's."""
    rules = grounded.rules
    settings = LogiRESettings(extractor_epochs=3, extractor_batch=4)
    rng = np.random.default_rng(1)
    first = Extractor.zeros(rules)
    if start == "random":
        first = Extractor(rng.normal(size=len(first.bias)), rng.normal(size=len(first.weights)), first.residual)
    fitted = fit_extractor(first, grounded, settings, seed=7)

    bias = torch.tensor(first.bias, requires_grad=True)
    weights = torch.tensor(first.weights, requires_grad=True)
    optimizer = torch.optim.Adam([bias, weights], lr=1.0)
    documents = grounded.instances.document_start.shape[1] - 1
    order = np.random.default_rng(derive_seed(7, "extractor"))
    batches = -(-documents // 4)
    steps, step = 3 * batches, 0
    warm = max(int(0.06 * steps), 1)
    for permutation in [order.permutation(documents) for _ in range(3)]:
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
    np.testing.assert_allclose(fitted.bias, bias.detach().numpy(), atol=1e-9)
    np.testing.assert_allclose(fitted.weights, weights.detach().numpy(), atol=1e-9)


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


def literal_posterior(extractor, grounded, log_prior):
    """H(rule) = log AutoReg + (y*/2)(b / N + w phi), normalised over the distinct rules, summed over instances."""
    n_rules, rules, instances = 50, grounded.rules, grounded.instances
    means = []
    for q in range(len(rules.start) - 1):
        part = rules.query(q)
        total = np.zeros(part.stop - part.start)
        rows = range(instances.start[q], instances.start[q + 1])
        for i, row in enumerate(rows):
            y = 1.0 if instances.labels[row] else -1.0
            h = [
                log_prior[part][k] + y / 2 * (extractor.bias[q] / n_rules + w * grounded.blocks[q].features[i, k])
                for k, w in enumerate(extractor.weights[part])
            ]
            total += np.exp(h) / np.exp(h).sum()
        means.append(total / len(rows))
    return np.concatenate(means)


@pytest.mark.parametrize("prior", ["once", "counted"])
def test_posterior_equals_the_equation(grounded, prior):
    rules = grounded.rules
    rng = np.random.default_rng(2)
    extractor = Extractor(
        rng.normal(size=len(rules.start) - 1), 3.0 * rng.normal(size=len(rules)), np.zeros(len(rules.start) - 1)
    )
    log_prior = rules.log_prior + (np.log(rules.counts) if prior == "counted" else 0.0)
    ours = posterior(extractor, grounded, LogiRESettings(posterior_prior=prior), seed=1)
    np.testing.assert_allclose(ours, literal_posterior(extractor, grounded, log_prior), atol=1e-9)


def test_sampled_posterior_has_the_exact_one_as_its_mean(grounded):
    rules = grounded.rules
    rng = np.random.default_rng(2)
    extractor = Extractor(np.zeros(len(rules.start) - 1), rng.normal(size=len(rules)), np.zeros(len(rules.start) - 1))
    exact = posterior(extractor, grounded, LogiRESettings(), seed=1)
    sampled = LogiRESettings(posterior="sampled")
    draws = [posterior(extractor, grounded, sampled, seed) for seed in range(400)]
    np.testing.assert_allclose(np.mean(draws, axis=0), exact, atol=0.02)
    assert not np.allclose(draws[0], draws[1])


def test_tables_of_the_generators_target(grounded):
    rules = grounded.rules
    weights = posterior(Extractor.zeros(rules), grounded, LogiRESettings(), seed=1)
    table = as_table(rules, weights)
    for q, (start, stop) in enumerate(pairwise(rules.start)):
        assert list(table[q]) == list(rules.bodies[start:stop])
        assert sum(table[q].values()) == pytest.approx(1.0)
    assert mixed([{(0,): 1.0}], [{(1,): 1.0}], 0.1) == [{(0,): 0.9, (1,): 0.1}]
