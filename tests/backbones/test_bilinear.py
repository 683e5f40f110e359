"""The factored pair classifier against the plain one, pair by pair."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from logire.backbones.words.bilinear import PairBilinear
from logire.backbones.words.tensors import BUCKETS, distance_buckets


@settings(max_examples=25, deadline=None)
@given(n=st.integers(0, 6), dim=st.integers(1, 5), small=st.integers(1, 4), relations=st.integers(1, 4), data=st.data())
def test_equals_the_bilinear_form_pair_by_pair(
    n: int, dim: int, small: int, relations: int, data: st.DataObject
) -> None:
    first = torch.tensor(data.draw(st.lists(st.integers(0, 5000), min_size=n, max_size=n)), dtype=torch.long)
    buckets = torch.from_numpy(distance_buckets(first.numpy()))
    torch.manual_seed(data.draw(st.integers(0, 1000)))
    model = PairBilinear(dim, small, relations, bias=-1.0).double()
    heads, tails = torch.randn(2, n, dim, dtype=torch.double)
    scores = model(heads, tails, buckets)
    assert scores.shape == (n, n, relations)

    plain = torch.nn.Bilinear(dim + small, dim + small, relations).double()
    with torch.no_grad():
        weight = plain.weight.view(relations, dim + small, dim + small)
        weight[:, :dim, :dim] = model.entity_entity.view(dim, relations, dim).transpose(0, 1)
        weight[:, :dim, dim:] = model.entity_distance.view(dim, relations, small).transpose(0, 1)
        # This block is kept with the tail's side first.
        weight[:, dim:, :dim] = model.distance_entity.view(dim, relations, small).permute(1, 2, 0)
        weight[:, dim:, dim:] = model.distance_distance.view(small, relations, small).transpose(0, 1)
        plain.bias.copy_(model.bias)
        for h in range(n):
            for t in range(n):
                head = torch.cat([heads[h], model.distance.weight[buckets[h, t]]])
                tail = torch.cat([tails[t], model.distance.weight[buckets[t, h]]])
                torch.testing.assert_close(scores[h, t], plain(head, tail))


def test_gradients_are_those_of_the_formula() -> None:
    torch.manual_seed(0)
    model = PairBilinear(3, 2, 2, bias=0.0).double()
    buckets = torch.from_numpy(distance_buckets(torch.tensor([0, 3, 9]).numpy()))
    inputs = torch.randn(3, 3, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: model(x, x, buckets), (inputs,))


def test_buckets_are_signed_powers_of_two() -> None:
    buckets = distance_buckets(np.array([0, 0, 1, 3, 4, 512, 100_000]))
    middle = BUCKETS // 2
    assert (buckets[0] - middle).tolist() == [0, 0, -1, -2, -3, -10, -12]
    assert (buckets + buckets.T == BUCKETS - 1).all()
    assert buckets.min() >= 0
    assert buckets.max() < BUCKETS
