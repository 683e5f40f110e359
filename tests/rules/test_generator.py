"""The generator is a normalised distribution over bodies, and learns the table it is given."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch

from logire.ground.runtime import derive_seed
from logire.rules.logire.fitting import fit_generator
from logire.rules.logire.forest import Forest
from logire.rules.logire.generator import RuleGenerator, draw_rules
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


def test_the_tokens_by_hand(schema):
    """0 to 5 are the atoms of 3 relations, 6 is EOS, 7 BOS, 8 and 9 are the types; vectors start near length 1."""
    queries = QueryTypes.from_triples(np.array([[1, 0, 1], [2, 1, 1]]), schema)
    generator = generator_for(queries, LogiRESettings(hidden=64, heads=2, max_length=2))
    assert generator.source.tolist() == [[8, 1, 9], [9, 2, 9]]
    assert "source" not in generator.state_dict(), "it follows from the query types"
    assert (generator.end, generator.begin) == (6, 7)
    assert generator.embedding.weight.shape == (10, 64)
    assert generator.position.weight.shape == (3 + 2, 64), "of a query's three tokens, and of BOS and an atom"
    assert generator.out.weight.shape == (7, 64)
    for vectors in (generator.embedding.weight, generator.position.weight):
        torch.testing.assert_close(vectors.norm(dim=1), torch.ones(len(vectors)), atol=0.35, rtol=0.0)


@pytest.mark.parametrize("max_length", [1, 2, 3])
@pytest.mark.parametrize("positions", [True, False])
def test_probabilities_of_all_bodies_sum_to_one(queries, max_length, positions):
    settings = LogiRESettings(hidden=32, heads=2, feedforward=32, max_length=max_length, positions=positions)
    bodies = all_bodies(max_length)
    values = generator_for(queries, settings).log_prob([bodies] * len(queries), queries)
    for row in values:
        assert len(row) == len(bodies)
        assert sum(math.exp(v) for v in row.values()) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("max_length", [1, 2, 3])
def test_past_the_end_the_probabilities_of_all_sequences_sum_to_one(queries, max_length):
    """EOS, symbol 6, in any place; what is asked for as a body is that body filled up with EOS."""
    generator = generator_for(queries, SMALL.model_copy(update={"max_length": max_length, "past_end": True}))
    sequences = list(product(range(7), repeat=max_length))
    short = generator.log_prob([[(2,)]] * len(queries), queries)
    for row, asked in zip(generator.log_prob([sequences] * len(queries), queries), short, strict=True):
        assert len(row) == 7**max_length
        assert sum(math.exp(v) for v in row.values()) == pytest.approx(1.0, abs=1e-5)
        assert asked[2,] == pytest.approx(row[(2,) + (6,) * (max_length - 1)], abs=1e-5)


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


@pytest.mark.parametrize("past_end", [False, True])
def test_samples_follow_log_prob(queries, past_end):
    generator = generator_for(queries, SMALL.model_copy(update={"past_end": past_end}))
    count = 20_000
    drawn = generator.sample(count, queries, np.random.default_rng(0))
    assert {len(body) for counts in drawn for body in counts} == ({3} if past_end else {1, 2, 3})
    for counts, row in zip(drawn, generator.log_prob(drawn, queries), strict=True):
        assert sum(counts.values()) == count
        for body, times in counts.items():
            p = math.exp(row[body])
            assert abs(times - count * p) < 5 * math.sqrt(count * p * (1 - p)) + 3


def test_what_is_drawn_past_the_end_is_read_without_it(queries):
    """Counts add up and so do probabilities, by a search over what was drawn; what is empty is not among the rules."""
    settings = SMALL.model_copy(update={"past_end": True, "rules_per_query": 400, "identity_rule": "sampled"})
    generator = generator_for(queries, settings)
    drawn = generator.sample(400, queries, np.random.default_rng(derive_seed(9, "rules")))
    rules = draw_rules(generator, queries, settings, 9)
    several, empty = 0, 0
    for q, (sequences, values) in enumerate(zip(drawn, generator.log_prob(drawn, queries), strict=True)):
        part = rules.query(q)
        read = {s: tuple(symbol for symbol in s if symbol != 6) for s in sequences}
        assert list(rules.bodies[part]) == sorted(set(read.values()) - {()})
        for body, count, prior in zip(rules.bodies[part], rules.counts[part], rules.log_prior[part], strict=True):
            same = [s for s in sequences if read[s] == body]
            assert count == sum(sequences[s] for s in same)
            assert math.exp(prior) == pytest.approx(sum(math.exp(values[s]) for s in same), rel=1e-9)
            several += len(same) > 1
        nothing = sequences.get((6, 6, 6), 0)
        assert rules.counts[part].sum() == 400 - nothing
        empty += nothing
    assert several > 10
    assert empty > 0


@pytest.mark.parametrize(("identity_rule", "bias"), [("always", 0.0), ("sampled", 60.0)])
def test_the_identity_rule_past_the_end(queries, identity_rule, bias):
    """It is kept if the settings say so, and where nothing but EOS is drawn; its prior is that of r, EOS, EOS."""
    settings = SMALL.model_copy(update={"past_end": True, "rules_per_query": 1, "identity_rule": identity_rule})
    generator = generator_for(queries, settings)
    with torch.no_grad():
        generator.out.bias[6] += bias
    rules = draw_rules(generator, queries, settings, 1)
    drawn = generator.sample(1, queries, np.random.default_rng(derive_seed(1, "rules")))
    for q, (relation, _, _) in enumerate(queries.triples):
        found = dict(zip(rules.bodies[rules.query(q)], rules.log_prior[rules.query(q)], strict=True))
        identity = (int(relation),)
        filled = (*identity, 6, 6)
        values = generator.log_prob([[filled]] * len(queries), queries)[q]
        if not any(generator.read(s) == identity for s in drawn[q]):
            assert found[identity] == pytest.approx(values[filled], abs=1e-3)
            assert rules.counts[rules.query(q)][list(found).index(identity)] == 0
        assert bias == 0.0 or list(found) == [identity]


@pytest.mark.parametrize("past_end", [False, True])
def test_fit_learns_the_table_and_reports_its_divergence(queries, past_end):
    rng = np.random.default_rng(1)
    bodies = all_bodies(3)
    table = []
    for _ in range(len(queries)):
        picked = sorted(bodies[i] for i in rng.permutation(len(bodies))[:5])
        weights = rng.dirichlet(np.ones(5))
        table.append(dict(zip(picked, map(float, weights), strict=True)))
    generator = generator_for(queries, SMALL.model_copy(update={"past_end": past_end}))
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


def fitted_plainly(generator, table, *, epochs, peak, batch, seed):
    """The documented fit by Adam's formulas, each body by itself; the mean loss of each epoch, and gradient norms."""
    shuffle = np.random.default_rng(derive_seed(seed, "generator batches"))
    order = shuffle.permutation(len(table))
    batches = [sorted(order[i : i + batch].tolist()) for i in range(0, len(order), batch)]
    parameters = list(generator.parameters())
    first, second = ([torch.zeros_like(p) for p in parameters] for _ in range(2))
    steps, step = epochs * len(batches), 0
    losses, norms = [], []
    for _ in range(epochs):
        total = 0.0
        for number in shuffle.permutation(len(batches)):
            bodies = [(q, generator.symbols(body), w) for q in batches[number] for body, w in table[q].items()]
            prefixes = [(q, [symbols[:-1]]) for q, symbols, _ in bodies]
            forest = Forest.of(prefixes, generator.begin, generator.max_length)
            log_probs = generator(forest)
            loss = -sum(
                w * log_probs[forest.number[q, symbols[:k]], symbol]
                for q, symbols, w in bodies
                for k, symbol in enumerate(symbols)
            )
            falling = 0.1 + 0.9 * (1.0 + math.cos(math.pi * step / steps)) / 2.0
            rate = peak * min(1.0, (step + 1) / (0.05 * steps)) * falling
            found = torch.autograd.grad(loss / len(batches[number]), parameters)
            norms.append(float(torch.cat([g.ravel() for g in found]).norm()))
            step += 1
            with torch.no_grad():
                for p, g, m, v in zip(parameters, found, first, second, strict=True):
                    cut = g / max(norms[-1], 1.0)
                    m += 0.1 * (cut - m)
                    v += 0.001 * (cut**2 - v)
                    p -= rate * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8)
            total += float(loss.detach())
        losses.append(total / len(table))
    return losses, norms


def test_the_fit_takes_the_steps_of_adams_formulas(schema):
    """The rate rises over 3 of 60 steps, then falls to a tenth by a cosine; gradients are cut at a norm of 1."""
    settings = LogiRESettings(hidden=8, heads=2, feedforward=8, layers=1)
    queries = QueryTypes.from_triples(np.array([[0, 0, 0], [1, 0, 1], [2, 0, 1], [2, 1, 1]]), schema)
    table = [{(int(r),): 0.5, (1, 2): 0.3, (1, 2, 4): 0.2} for r, _, _ in queries.triples]
    chosen = {"epochs": 30, "batch": 2, "seed": 5}
    ours, plain = generator_for(queries, settings), generator_for(queries, settings)
    losses: list[float] = []
    fit_generator(ours, table, learning_rate=1e-2, progress=losses.append, **chosen)
    expected, norms = fitted_plainly(plain, table, peak=1e-2, **chosen)
    assert len(norms) == 60
    assert min(norms) < 1.0 < max(norms)
    np.testing.assert_allclose(losses, expected, atol=2e-5)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_same_seed_same_weights(queries, dropout):
    """Whatever else torch has drawn before; and without dropout, a fit draws nothing of torch's."""
    settings = SMALL.model_copy(update={"dropout": dropout})
    table = [{(0,): 0.5, (1, 2): 0.5} for _ in range(len(queries))]
    fitted = []
    for further in (0, 5):
        generator = generator_for(queries, settings)
        torch.rand(further)
        before = torch.get_rng_state()
        fit_generator(generator, table, epochs=3, learning_rate=1e-3, batch=2, seed=5)
        assert torch.equal(before, torch.get_rng_state()) == (dropout == 0.0)
        fitted.append(generator.state_dict())
    for name, value in fitted[0].items():
        assert torch.equal(value, fitted[1][name])


def test_dropout_is_for_learning_alone(queries):
    table = [{(0,): 0.5, (1, 2): 0.5} for _ in range(len(queries))]
    fitted = []
    for dropout in (0.0, 0.3):
        generator = generator_for(queries, SMALL.model_copy(update={"dropout": dropout}))
        kl = fit_generator(generator, table, epochs=1, learning_rate=1e-3, batch=2, seed=5)
        values = generator.log_prob(table, queries)
        assert values == generator.log_prob(table, queries)
        direct = np.mean([sum(0.5 * (math.log(0.5) - v) for v in row.values()) for row in values])
        assert kl == pytest.approx(direct, abs=1e-4)
        fitted.append(generator.out.weight)
    assert not torch.equal(*fitted)
