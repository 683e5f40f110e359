"""What stands above the encoders of ATLOP, GAIN and Context-Aware, against loops written from the papers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from logire.backbones.atlop import adaptive_threshold_loss, logsumexp_by
from logire.backbones.backbone import Backbone, labels, off_diagonal
from logire.backbones.gain import (
    DOCUMENT,
    SAME_ENTITY,
    SAME_SENTENCE,
    attend_to_paths,
    entity_graph,
    mention_graph,
)
from logire.backbones.pieces import PieceDocument
from logire.backbones.transformer import Reading

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


def test_atlop_scores_pair_by_pair(build: Build) -> None:
    model = build("atlop")
    encoded = model.encode(document("a", seed=4, entities=3))
    m, length, heads = len(encoded.owner), encoded.length, 2
    attention = torch.rand(heads, m, length).softmax(-1)
    reading = Reading(torch.randn(length, 16), attention)
    mentions = encoded.spans[:, 0]
    scores = model.scores(reading, mentions, encoded)
    weight = model.output.weight.view(-1, 2, 8, 8)
    for h in range(3):
        for t in range(3):
            if h == t:
                assert (scores[h, t] == 0).all()
                continue
            vectors = []
            own = [encoded.owner == e for e in (h, t)]
            both = (attention[:, own[0]].mean(1) * attention[:, own[1]].mean(1)).mean(0)
            context = (both / (both.sum() + 1e-5)) @ reading.states
            for mine, side in zip(own, ("head", "tail"), strict=True):
                entity = reading.states[mentions[mine]].exp().sum(0).log()
                linear = getattr(model, f"{side}_entity")(entity) + getattr(model, f"{side}_context")(context)
                vectors.append(torch.tanh(linear).view(2, 8))
            expected = torch.einsum("ki,rkij,kj->r", vectors[0], weight, vectors[1]) + model.output.bias
            torch.testing.assert_close(scores[h, t], expected)


def test_atlop_logits_are_above_the_threshold_class(build: Build) -> None:
    scores = torch.randn(2, 2, 4)
    logits = build("atlop").logits(scores)
    torch.testing.assert_close(logits[0, 1], scores[0, 1, 1:] - scores[0, 1, 0])


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


@pytest.mark.parametrize(("facts", "expected"), [(0, 4), (1, 4), (4, 8), (9, 11)])
def test_negatives_are_drawn(facts: int, expected: int, build: Build) -> None:
    model = build("gain", negatives=2, min_negatives=4)
    encoded = model.encode(document("a", seed=1, entities=5, facts=facts))
    chosen = model.draw(encoded)
    labelled = labels(encoded, 3, torch.device("cpu")).any(-1)
    assert chosen[labelled].all()
    assert not chosen.diagonal().any()
    # Of the 20 candidates.
    assert int((chosen & ~labelled).sum()) == expected
    assert build("gain", negatives=0, min_negatives=0).draw(encoded).sum() == 20


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
