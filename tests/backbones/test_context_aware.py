"""Context-Aware's attention, against a loop over the pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from logire.backbones.base import Backbone, off_diagonal

Build = Callable[..., Backbone[Any]]


def test_context_aware_attends_to_every_pair(build: Build) -> None:
    model = build("context_aware").eval()
    sizes = (3, 4)
    entities, buckets = torch.randn(sum(sizes), 16), [torch.randint(0, 25, (n, n)) for n in sizes]
    found = model.scores(entities, buckets)
    for n, own, near, scores in zip(sizes, entities.split(sizes), buckets, found, strict=True):
        candidates = off_diagonal(n, torch.device("cpu"))
        direct = model.pair(own, own, [near])[0]
        pairs: Tensor = torch.tanh(model.vectors(own, own, [near])[0])[candidates]
        for i, (h, t) in enumerate(candidates.nonzero().tolist()):
            weights = torch.stack([(pairs[i] * model.attention_scale) @ other for other in pairs]).softmax(0)
            expected = direct[h, t] + model.output(torch.cat([pairs[i], weights @ pairs]))
            torch.testing.assert_close(scores[h, t], expected)
