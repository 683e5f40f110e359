"""The attention kernels against dense products, and the generator against decoding each prefix by itself."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from logire.rules.logire.attention import attend, attend_densely
from logire.rules.logire.forest import Forest
from logire.rules.logire.generator import RuleGenerator
from logire.rules.logire.settings import LogiRESettings
from logire.rules.queries import QueryTypes


def drawn(seed: int, *, words: int, keys: int, hidden: int, nodes: int, most: int):
    """Queries, keys and values, own rows and picked rows; each node has 1 to ``most`` keys, some of them twice."""
    random = torch.Generator().manual_seed(seed)
    query = torch.randn(words, hidden, generator=random, requires_grad=True)
    key_value = torch.randn(keys, 2 * hidden, generator=random, requires_grad=True)
    rows = torch.randint(0, words, (nodes,), generator=random)
    picked = torch.randint(0, keys, (nodes, most), generator=random)
    count = torch.randint(1, most + 1, (nodes, 1), generator=random)
    picked[torch.arange(most) >= count] = -1
    return query, key_value, rows, picked


@pytest.mark.parametrize("heads", [1, 2, 4])
@pytest.mark.parametrize(("nodes", "most", "hidden"), [(1, 1, 4), (30, 3, 32), (7, 4, 12)])
def test_kernels_equal_dense_attention(nodes, most, hidden, heads):
    values, gradients = [], []
    for form in (attend, attend_densely):
        query, key_value, rows, picked = drawn(3, words=5, keys=9, hidden=hidden, nodes=nodes, most=most)
        out = form(query, key_value, rows, picked, heads)
        slope = torch.randn(out.shape, generator=torch.Generator().manual_seed(4))
        (out * slope).sum().backward()
        values.append(out.detach())
        gradients.append((query.grad, key_value.grad))
    torch.testing.assert_close(values[0], values[1], atol=1e-5, rtol=1e-5)
    for ours, dense in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, dense, atol=1e-5, rtol=1e-5)


def test_attention_by_hand():
    """Two keys whose scores are ln 3 apart have 3/4 and 1/4 of the weight; a key that is not picked has none."""
    query = torch.tensor([[1.0]])
    key_value = torch.tensor([[torch.tensor(3.0).log(), 8.0], [0.0, 4.0], [50.0, 1000.0]])
    out = attend(query, key_value, torch.tensor([0]), torch.tensor([[0, 1, -1]]), 1)
    assert out.item() == pytest.approx(0.75 * 8 + 0.25 * 4)


def test_double_precision_takes_the_dense_form():
    query, key_value, rows, picked = drawn(5, words=4, keys=6, hidden=8, nodes=9, most=3)
    doubled = attend(query.double(), key_value.double(), rows, picked, 2)
    assert doubled.dtype == torch.float64
    torch.testing.assert_close(doubled.float(), attend(query, key_value, rows, picked, 2), atol=1e-6, rtol=1e-5)


def decoded_alone(generator: RuleGenerator, query: int, prefix: tuple[int, ...]) -> torch.Tensor:
    """Log-probabilities after one prefix, by the plain transformer on its token sequence, causally masked."""
    tokens = torch.tensor([generator.begin, *prefix])
    n = len(tokens)
    x, memory = generator.embedding(tokens), generator.embedding(generator.source[query])
    if generator.positions:
        x, memory = x + generator.position.weight[3 : 3 + n], memory + generator.position.weight[:3]
    memory = generator.encoder(memory[None])[0]

    def attention(asking, key_value, mask):
        key, value = key_value.chunk(2, dim=-1)
        parts = []
        for q, k, v in zip(*(part.chunk(heads, dim=-1) for part in (asking, key, value)), strict=True):
            weight = (q @ k.T / q.shape[-1] ** 0.5).masked_fill(mask, -torch.inf).softmax(-1)
            parts.append(weight @ v)
        return torch.cat(parts, dim=-1)

    for layer in generator.decoder:
        heads = layer.heads
        normed = layer.norms[0](x)
        later = torch.triu(torch.ones(n, n, dtype=torch.bool), diagonal=1)
        x = x + layer.self_out(attention(layer.self_query(normed), layer.self_key_value(normed), later))
        nothing = torch.zeros(n, 3, dtype=torch.bool)
        asked = layer.cross_query(layer.norms[1](x))
        x = x + layer.cross_out(attention(asked, layer.cross_key_value(memory), nothing))
        x = x + layer.feedforward(layer.norms[2](x))
    logits = generator.out(generator.norm(x[-1])).clone()
    if not prefix:
        logits[generator.end] = -torch.inf
    return logits.log_softmax(-1)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("positions", [True, False])
def test_a_forest_gives_what_decoding_each_prefix_alone_gives(layers, positions, random_documents, schema):
    queries = QueryTypes.of(random_documents(3, count=3), schema)
    torch.manual_seed(2)
    settings = LogiRESettings(hidden=16, heads=2, feedforward=24, layers=layers, positions=positions)
    generator = RuleGenerator(3, 2, queries.triples, settings)
    nn.init.normal_(generator.position.weight)
    bodies = [(0,), (0, 4), (0, 4, 2), (0, 5, 1), (3, 3, 3), (1,)]
    forest = Forest.of([(0, bodies), (2, bodies[2:4])], generator.begin, 3)
    prefixes = {0: [(), (0,), (0, 4), (0, 5), (3,), (3, 3), (1,)], 2: [(), (0,), (0, 4), (0, 5)]}
    assert set(forest.number) == {(q, prefix) for q, group in prefixes.items() for prefix in group}
    assert len(forest.token) == 7  # BOS; 0, 1, 3 as first atoms; 3, 4, 5 as second ones
    slope = torch.randn(len(forest.number), 7, generator=torch.Generator().manual_seed(6))
    together = generator(forest)
    alone = torch.stack([decoded_alone(generator, q, prefix) for q, prefix in forest.number])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    gradients = []
    for values in (together, alone):
        generator.zero_grad()
        (values.clamp(min=-50) * slope).sum().backward()
        gradients.append([p.grad.clone() for p in generator.parameters() if p.grad is not None])
    for ours, slow in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, slow, atol=2e-5, rtol=1e-4)
