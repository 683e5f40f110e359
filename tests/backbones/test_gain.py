"""GAIN's graphs and its attention to paths, against loops written from the paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from logire.backbones.base import Backbone, off_diagonal
from logire.backbones.transformers.gain.model import (
    DOCUMENT,
    SAME_ENTITY,
    SAME_SENTENCE,
    attend_to_paths,
    entity_graph,
    mention_graph,
)
from logire.backbones.transformers.pieces import PieceDocument

from .made_up import document

Build = Callable[..., Backbone[Any]]


def piece_document(owner: list[int], places: list[list[int]]) -> PieceDocument:
    """Mentions of one subword each at the given (sentence, word); no types, no facts."""
    n = max(owner) + 1
    spans = torch.tensor([[i, i + 1] for i in range(len(owner))])
    empty = torch.zeros(0, 3, dtype=torch.long)
    zeros = torch.zeros(n, dtype=torch.long)
    pieces = torch.zeros(len(owner), dtype=torch.long)
    return PieceDocument("d", pieces, spans, torch.tensor(owner), torch.tensor(places), zeros, zeros, empty)


def test_mention_graph_by_hand() -> None:
    made = piece_document([0, 0, 1, 2], [[0, 1], [1, 9], [0, 5], [0, 90]])
    index, kinds = mention_graph(made, reach=20)
    found = {(int(a), int(b)): int(k) for a, b, k in zip(*index, kinds, strict=True)}
    document_edges = {(0, m): DOCUMENT for m in range(1, 5)}
    one_way = document_edges | {(1, 2): SAME_ENTITY, (1, 3): SAME_SENTENCE}
    assert found == one_way | {(b, a): kind for (a, b), kind in one_way.items()}
    assert entity_graph(made, index, kinds).nonzero().tolist() == [[0, 1], [1, 0]]


def test_paths_are_weighed_as_in_the_paper() -> None:
    torch.manual_seed(0)
    n, g = 5, 3
    edges, queries = torch.randn(n, n, g), torch.randn(n, n, 4 * g)
    connected = torch.rand(n, n) < 0.6
    connected = (connected | connected.T) & off_diagonal(n, torch.device("cpu"))
    connected[4] = connected[:, 4] = False
    found = attend_to_paths(edges, queries, connected)
    for h in range(n):
        for t in range(n):
            on_path = [o for o in range(n) if connected[h, o] and connected[o, t]]
            if not on_path:
                assert (found[h, t] == 0).all()
                continue
            paths = torch.stack([torch.cat([edges[h, o], edges[o, t], edges[t, o], edges[o, h]]) for o in on_path])
            expected = (paths @ queries[h, t]).softmax(0) @ paths
            torch.testing.assert_close(found[h, t], expected)


def test_the_first_layer_multiplies_each_part_once(build: Build) -> None:
    model = build("gain").eval()
    encoded = [model.encode(document(name, seed=seed, entities=4)) for name, seed in (("a", 1), ("b", 2))]
    readings = model.encoder([d.pieces for d in encoded])
    documents = [model.pairs(r.states, d) for r, d in zip(readings, encoded, strict=True)]
    found, expected = model.scores(documents), []
    for pairs in documents:
        h, t = pairs.chosen.nonzero().unbind(1)
        head, tail = pairs.entities[h], pairs.entities[t]
        whole = pairs.whole.expand(len(h), -1)
        plain = torch.cat([head, tail, (head - tail).abs(), head * tail, whole, pairs.paths], dim=-1)
        expected.append(model.classifier(plain))
    for scores, plain, pairs in zip(found, expected, documents, strict=True):
        torch.testing.assert_close(scores[pairs.chosen], plain)
    gradients = [
        torch.autograd.grad(sum((s**2).sum() for s in each), model.classifier[0].weight, retain_graph=True)[0]
        for each in ([s[s != -torch.inf] for s in found], expected)
    ]
    torch.testing.assert_close(*gradients)
