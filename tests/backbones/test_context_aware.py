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
    entities, buckets = torch.randn(3, 16), torch.randint(0, 25, (3, 3))
    scores = model.scores(entities, buckets)
    candidates = off_diagonal(3, torch.device("cpu"))
    direct = model.pair(entities, entities, buckets)
    pairs: Tensor = torch.tanh(model.vectors(entities, entities, buckets))[candidates]
    for i, (h, t) in enumerate(candidates.nonzero().tolist()):
        weights = torch.stack([(pairs[i] * model.attention_scale) @ other for other in pairs]).softmax(0)
        expected = direct[h, t] + model.output(torch.cat([pairs[i], weights @ pairs]))
        torch.testing.assert_close(scores[h, t], expected)
