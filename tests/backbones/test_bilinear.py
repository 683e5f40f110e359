"""The factored pair classifier against the plain one, pair by pair."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from logire.backbones.words.bilinear import PairBilinear
from logire.backbones.words.tensors import BUCKETS, distance_buckets


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 5), min_size=1, max_size=3),
    dim=st.integers(1, 5),
    small=st.integers(1, 4),
    relations=st.integers(1, 4),
    data=st.data(),
)
def test_equals_the_bilinear_form_pair_by_pair(
    sizes: list[int], dim: int, small: int, relations: int, data: st.DataObject
) -> None:
    buckets = []
    for n in sizes:
        first = data.draw(st.lists(st.integers(0, 5000), min_size=n, max_size=n))
        buckets.append(torch.from_numpy(distance_buckets(np.array(first, dtype=np.int64))))
    torch.manual_seed(data.draw(st.integers(0, 1000)))
    model = PairBilinear(dim, small, relations, bias=-1.0).double()
    heads, tails = torch.randn(2, sum(sizes), dim, dtype=torch.double)
    scores = model(heads, tails, buckets)
    assert [score.shape for score in scores] == [(n, n, relations) for n in sizes]

    plain = as_plain(model, dim, small)
    for own, their, near, score in zip(heads.split(sizes), tails.split(sizes), buckets, scores, strict=True):
        for h, t in itertools.product(range(len(own)), repeat=2):
            torch.testing.assert_close(score[h, t], pair_by_pair(model, plain, own[h], their[t], near, h, t))


def as_plain(model: PairBilinear, dim: int, small: int) -> torch.nn.Bilinear:
    """The same weights as torch keeps those of a bilinear form, over [entity ; distance]."""
    relations = model.relations
    plain = torch.nn.Bilinear(dim + small, dim + small, relations).double()
    with torch.no_grad():
        weight = plain.weight.view(relations, dim + small, dim + small)
        weight[:, :dim, :dim] = model.entity_entity.view(dim, relations, dim).transpose(0, 1)
        weight[:, :dim, dim:] = model.entity_distance.view(dim, relations, small).transpose(0, 1)
        # This block is kept with the tail's side first.
        weight[:, dim:, :dim] = model.distance_entity.view(dim, relations, small).permute(1, 2, 0)
        weight[:, dim:, dim:] = model.distance_distance.view(small, relations, small).transpose(0, 1)
        plain.bias.copy_(model.bias)
    return plain


def pair_by_pair(
    model: PairBilinear, plain: torch.nn.Bilinear, head: Tensor, tail: Tensor, buckets: Tensor, h: int, t: int
) -> Tensor:
    """(R,) scores of one pair."""
    distance = model.distance.weight
    left = torch.cat([head, distance[buckets[h, t]]])
    return plain(left, torch.cat([tail, distance[buckets[t, h]]]))  # type: ignore[no-any-return]


def test_gradients_are_those_of_the_formula() -> None:
    torch.manual_seed(0)
    model = PairBilinear(3, 2, 2, bias=0.0).double()
    buckets = [torch.from_numpy(distance_buckets(np.array(first))) for first in ([0, 3, 9], [5], [7, 1])]
    inputs = torch.randn(6, 3, dtype=torch.double, requires_grad=True)
    weights = [p.detach().clone().requires_grad_() for p in model.parameters()]
    names = [name for name, _ in model.named_parameters()]

    def scores(entities: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
        values = dict(zip(names, weights, strict=True))
        return tuple(torch.func.functional_call(model, values, (entities, entities, buckets)))

    assert torch.autograd.gradcheck(scores, (inputs, *weights))


def test_buckets_are_signed_powers_of_two() -> None:
    buckets = distance_buckets(np.array([0, 0, 1, 3, 4, 512, 100_000]))
    middle = BUCKETS // 2
    assert (buckets[0] - middle).tolist() == [0, 0, -1, -2, -3, -10, -12]
    assert (buckets + buckets.T == BUCKETS - 1).all()
    assert buckets.min() >= 0
    assert buckets.max() < BUCKETS
