"""What is computed for mentioned words alone, against the same over all words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from logire.backbones.base import Backbone
from logire.backbones.words.tensors import collate, take
from logire.corpus.document import Document

from .made_up import document

Build = Callable[..., Backbone[Any]]

DOCUMENTS = [
    document("a", seed=1),
    document("longer", seed=2, length=60, entities=6),
    document("no entity", seed=3, length=11, entities=0, facts=0),
    Document("nothing at all", (), (), ()),
]


def after_reading(name: str, model: Any, states: Tensor) -> Tensor:
    """(L, hidden) of all words of one document, from its states (L, S)."""
    if name == "cnn":
        return model.convolutions[-1](states.T[None])[0].T  # type: ignore[no-any-return]
    return torch.relu(model.linear(states))


def entity_vectors(words: Tensor, document: Document) -> Tensor:
    """(N, hidden) by the definition: the mean over mentions of the mean over a mention's words."""
    found = words.new_zeros(len(document.entities), words.shape[1])
    for e, entity in enumerate(document.entities):
        for mention in entity.mentions:
            found[e] += words[slice(*document.span(mention))].mean(0) / len(entity.mentions)
    return found


@pytest.mark.parametrize("name", ["cnn", "lstm", "bilstm", "context_aware"])
def test_scores_and_gradients_are_those_of_all_words(name: str, build: Build) -> None:
    model: Any = build(name).eval()
    encoded = [model.encode(d) for d in DOCUMENTS]
    expected = []
    for item, source in zip(encoded, DOCUMENTS, strict=True):
        batch = collate([item], model.device)
        states = model.read(model.tokens(batch), batch.lengths)[0, : item.length]
        words = after_reading(name, model, states) if item.length else states.new_zeros(0, 16)
        expected += model.scores(entity_vectors(words, source), [item.buckets])
    found = model(encoded)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)

    weights = [torch.randn_like(score) for score in found]
    slow, fast = (gradients(model, scores, weights) for scores in (expected, found))
    assert slow.keys() == fast.keys() == dict(model.named_parameters()).keys()
    for key, gradient in slow.items():
        torch.testing.assert_close(
            fast[key], gradient, rtol=1e-4, atol=1e-4, msg=lambda text, key=key: f"{key}: {text}"
        )


def gradients(model: Any, scores: list[Tensor], weights: list[Tensor]) -> dict[str, Tensor]:
    """Of the weighted sum of the scores, by each parameter that it depends on."""
    model.zero_grad()
    torch.stack([(s * w).sum() for s, w in zip(scores, weights, strict=True)]).sum().backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def test_take_is_gather_by_rows() -> None:
    torch.manual_seed(0)
    states = torch.randn(2, 5, 3, requires_grad=True)
    positions = torch.tensor([[4, 0, 0], [1, 3, 2]])
    index = positions[:, :, None].expand(2, 3, 3)
    assert torch.equal(take(states, positions), states.gather(1, index))
    weight = torch.randn(2, 3, 3)
    (found,) = torch.autograd.grad((take(states, positions) * weight).sum(), states)
    (expected,) = torch.autograd.grad((states.gather(1, index) * weight).sum(), states)
    torch.testing.assert_close(found, expected)
