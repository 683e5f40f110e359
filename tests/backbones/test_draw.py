"""The pairs drawn in training: how many, and that leaving the others out changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from logire.backbones.base import Backbone, labels
from logire.backbones.registry import backbones
from logire.backbones.transformers.draw import draw, drawn

from .made_up import document

Build = Callable[..., Backbone[Any]]
PRETRAINED = [spec.name for spec in backbones() if spec.family == "pretrained"]


@pytest.mark.parametrize(("facts", "expected"), [(0, 4), (1, 4), (4, 8), (9, 11)])
def test_negatives_are_drawn(facts: int, expected: int, build: Build) -> None:
    model = build("gain", negatives=2, min_negatives=4)
    encoded = model.encode(document("a", seed=1, entities=5, facts=facts))
    chosen = draw(encoded, model.settings)
    labelled = labels(encoded, 3, torch.device("cpu")).any(-1)
    assert chosen[labelled].all()
    assert not chosen.diagonal().any()
    # Of the 20 candidates.
    assert int((chosen & ~labelled).sum()) == expected
    assert draw(encoded, build("gain", negatives=0, min_negatives=0).settings).sum() == 20


def test_others_are_drawn_each_time(build: Build) -> None:
    model = build("atlop", negatives=1, min_negatives=0)
    encoded = model.encode(document("a", seed=1, entities=6, facts=3))
    torch.manual_seed(1)
    drawn = [draw(encoded, model.settings) for _ in range(8)]
    assert len({tuple(each.flatten().tolist()) for each in drawn}) > 1
    torch.manual_seed(1)
    assert torch.equal(drawn[0], draw(encoded, model.settings))


@pytest.mark.parametrize("name", PRETRAINED)
def test_scores_and_gradients_are_those_of_all_pairs_scored(
    name: str, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = [build(name).encode(document(t, seed=s, entities=5, facts=2)) for t, s in (("a", 1), ("b", 2))]
    found = []
    for all_pairs in (False, True):
        model = build(name, negatives=1, min_negatives=2).train()
        for part in model.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
        if all_pairs:
            chosen = [drawn(scores) for scores in found[0][0]]
            assert all(0 < int(pairs.sum()) < 20 for pairs in chosen)
            module = type(model).__module__
            monkeypatch.setattr(f"{module}.draw", lambda d, _: ~torch.eye(d.entities, dtype=torch.bool))
            scores = model(encoded)
            scores = [s.masked_fill(~c[:, :, None], -torch.inf) for s, c in zip(scores, chosen, strict=True)]
        else:
            torch.manual_seed(3)
            scores = model(encoded)
        model.loss(scores, encoded).backward()
        found.append((scores, {key: p.grad for key, p in model.named_parameters() if p.grad is not None}))
    (few, few_gradients), (many, many_gradients) = found
    for one, two in zip(few, many, strict=True):
        torch.testing.assert_close(one, two)
    assert few_gradients.keys() == many_gradients.keys()
    for key, gradient in few_gradients.items():
        torch.testing.assert_close(gradient, many_gradients[key])


@pytest.mark.parametrize("name", PRETRAINED)
def test_scores_that_are_not_numbers_reach_the_loss(name: str, build: Build) -> None:
    model = build(name).train()
    with torch.no_grad():
        list(model.parameters())[-1].fill_(torch.nan)
    encoded = [model.encode(document("a", seed=1, entities=5, facts=2))]
    assert model.loss(model(encoded), encoded).isnan()
