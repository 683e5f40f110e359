"""The generator is a normalised distribution over bodies, and learns the table it is given."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch

from logire.rules.logire.fitting import fit_generator
from logire.rules.logire.generator import RuleGenerator
from logire.rules.logire.settings import LogiRESettings
from logire.rules.queries import QueryTypes

SMALL = LogiRESettings(hidden=32, heads=2, feedforward=32, layers=2)


@pytest.fixture
def queries(random_documents, schema):
    return QueryTypes.of(random_documents(3, count=3), schema)


def generator_for(queries, settings=SMALL, seed=0):
    torch.manual_seed(seed)
    return RuleGenerator(3, 2, queries.triples, settings)


def all_bodies(max_length):
    return [body for length in range(1, max_length + 1) for body in product(range(6), repeat=length)]


@pytest.mark.parametrize("max_length", [1, 2, 3])
@pytest.mark.parametrize("positions", [True, False])
def test_probabilities_of_all_bodies_sum_to_one(queries, max_length, positions):
    settings = LogiRESettings(hidden=32, heads=2, feedforward=32, max_length=max_length, positions=positions)
    bodies = all_bodies(max_length)
    values = generator_for(queries, settings).log_prob([bodies] * len(queries), queries)
    for row in values:
        assert len(row) == len(bodies)
        assert sum(math.exp(v) for v in row.values()) == pytest.approx(1.0, abs=1e-5)


def test_log_prob_does_not_depend_on_what_else_is_asked(queries):
    generator = generator_for(queries)
    together = generator.log_prob([all_bodies(3)] * len(queries), queries)
    alone = generator.log_prob([[(2, 5, 1)]] + [[]] * (len(queries) - 1), queries)
    assert alone[0][2, 5, 1] == pytest.approx(together[0][2, 5, 1], abs=1e-5)


def test_a_prefix_sees_only_itself(queries):
    """Causality: the probability of the first atoms does not change with the atoms after them."""
    generator = generator_for(queries)
    values = generator.log_prob([all_bodies(3)] * len(queries), queries)[0]
    longer = [v for body, v in values.items() if body[:1] == (4,)]
    first = math.log(sum(math.exp(v) for v in longer))
    marginal = generator.log_prob([[(4,), (4, 0)]] + [[]] * (len(queries) - 1), queries)[0]
    assert marginal[4,] < first  # the body (4) alone is one of the bodies that start with 4
    assert math.exp(marginal[4,]) == pytest.approx(math.exp(values[4,]), abs=1e-6)


def test_samples_follow_log_prob(queries):
    generator = generator_for(queries)
    count = 20_000
    drawn = generator.sample(count, queries, np.random.default_rng(0))
    for counts, row in zip(drawn, generator.log_prob(drawn, queries), strict=True):
        assert sum(counts.values()) == count
        for body, times in counts.items():
            p = math.exp(row[body])
            assert abs(times - count * p) < 5 * math.sqrt(count * p * (1 - p)) + 3


def test_fit_learns_the_table_and_reports_its_divergence(queries):
    rng = np.random.default_rng(1)
    bodies = all_bodies(3)
    table = []
    for _ in range(len(queries)):
        picked = sorted(bodies[i] for i in rng.permutation(len(bodies))[:5])
        weights = rng.dirichlet(np.ones(5))
        table.append(dict(zip(picked, map(float, weights), strict=True)))
    generator = generator_for(queries)
    losses: list[float] = []
    kl = fit_generator(generator, table, epochs=150, learning_rate=3e-3, batch=4, seed=1, progress=losses.append)
    # KL from its definition, out of log_prob
    log_probs = generator.log_prob(table, queries)
    direct = np.mean(
        [
            sum(w * (math.log(w) - row[body]) for body, w in rules.items())
            for rules, row in zip(table, log_probs, strict=True)
        ]
    )
    assert kl == pytest.approx(direct, abs=1e-4)
    assert 0.0 <= kl < 0.05
    assert losses[-1] < losses[0]


def test_same_seed_same_weights(queries):
    table = [{(0,): 0.5, (1, 2): 0.5} for _ in range(len(queries))]
    fitted = []
    for _ in range(2):
        generator = generator_for(queries)
        fit_generator(generator, table, epochs=3, learning_rate=1e-3, batch=2, seed=5)
        fitted.append(generator.state_dict())
    for name, value in fitted[0].items():
        assert torch.equal(value, fitted[1][name])
