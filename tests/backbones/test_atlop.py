"""ATLOP's head, against loops written from the paper."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from logire.backbones.base import Backbone
from logire.backbones.transformers.atlop.model import adaptive_threshold_loss, localized_context, logsumexp_by
from logire.backbones.transformers.windows import Reading

from .made_up import document

Build = Callable[..., Backbone[Any]]


def test_adaptive_threshold_loss_by_hand() -> None:
    scores = torch.tensor([[0.5, 2.0, -1.0, 0.0], [0.0, 1.0, 1.0, 1.0]])
    target = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    e = [[math.exp(x) for x in row] for row in scores.tolist()]
    above = e[0][0] + e[0][1] + e[0][3]
    first = -math.log(e[0][1] / above) - math.log(e[0][3] / above) - math.log(e[0][0] / (e[0][0] + e[0][2]))
    second = -math.log(e[1][0] / sum(e[1]))
    torch.testing.assert_close(adaptive_threshold_loss(scores, target), torch.tensor([first, second]))


def test_logsumexp_over_each_entity() -> None:
    values = torch.randn(4, 3)
    pooled = logsumexp_by(values, torch.tensor([1, 0, 1, 1]), 2)
    torch.testing.assert_close(pooled[0], values[1])
    torch.testing.assert_close(pooled[1], values[[0, 2, 3]].exp().sum(0).log())


@pytest.mark.parametrize("mention", ["first", "mean"])
@pytest.mark.parametrize("types", [0, 5])
def test_atlop_scores_pair_by_pair(mention: str, types: int, build: Build) -> None:
    model = build("atlop", mention=mention, type_dim=types).eval()
    encoded = model.encode(document("a", seed=4, entities=3))
    length, heads = encoded.length, 2
    everything = torch.rand(heads, length, length).softmax(-1)
    places = model.places(encoded)
    reading = Reading(torch.randn(length, 16), everything[:, places.rows], torch.randn(16))
    scores = model.scores(reading, places, encoded)
    weight = model.output.weight.view(-1, 2, 8, 8)
    ends = [start + 1 if mention == "first" else end for start, end in encoded.spans.tolist()]
    spans = [slice(start, end) for (start, _), end in zip(encoded.spans.tolist(), ends, strict=True)]
    states = torch.stack([reading.states[span].mean(0) for span in spans])
    attention = torch.stack([everything[:, span].mean(1) for span in spans], dim=1)
    for h in range(3):
        for t in range(3):
            if h == t:
                assert (scores[h, t] == -torch.inf).all()
                continue
            vectors = []
            own = [encoded.owner == e for e in (h, t)]
            both = (attention[:, own[0]].mean(1) * attention[:, own[1]].mean(1)).mean(0)
            context = (both / (both.sum() + 1e-5)) @ reading.states
            for e, mine, side in zip((h, t), own, ("head", "tail"), strict=True):
                entity = torch.cat([states[mine].exp().sum(0).log(), model.type_embedding.weight[1 + encoded.kinds[e]]])
                linear = getattr(model, f"{side}_entity")(entity) + getattr(model, f"{side}_context")(context)
                vectors.append(torch.tanh(linear).view(2, 8))
            expected = torch.einsum("ki,rkij,kj->r", vectors[0], weight, vectors[1]) + model.output.bias
            torch.testing.assert_close(scores[h, t], expected)


def test_entities_that_share_no_window_have_the_context_of_either() -> None:
    attention = torch.tensor([[[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.4, 0.6], [0.0, 1.0, 0.0, 0.0]]])
    states = torch.diag(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    found = localized_context(attention, states, torch.tensor([0, 0]), torch.tensor([1, 2]))
    torch.testing.assert_close(found[0], torch.tensor([0.25, 0.5, 0.6, 1.2]), rtol=1e-4, atol=0)
    torch.testing.assert_close(found[1], torch.tensor([0.0, 2.0, 0.0, 0.0]), rtol=1e-4, atol=0)


def test_atlop_logits_are_above_the_threshold_class(build: Build) -> None:
    scores = torch.randn(2, 2, 4)
    logits = build("atlop").logits(scores)
    torch.testing.assert_close(logits[0, 1], scores[0, 1, 1:] - scores[0, 1, 0])


@pytest.mark.parametrize("markers", [True, False])
def test_atlop_reads_mentions_at_markers_or_at_their_first_subword(markers: bool, build: Build) -> None:
    model = build("atlop", markers=markers)
    encoded = model.encode(document("a", seed=1))
    star = model.tokenizer.convert_tokens_to_ids("*")
    read_at = encoded.pieces[encoded.spans[:, 0]]
    assert set((read_at == star).tolist()) == {markers}
    assert (star in encoded.pieces) == markers
    model.loss(model([encoded]), [encoded]).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
