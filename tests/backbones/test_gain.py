"""GAIN's graphs and its attention to paths, against loops written from the paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from logire.backbones.base import Backbone, off_diagonal
from logire.backbones.features import COREFERENCE_IDS
from logire.backbones.transformers.gain.model import (
    DOCUMENT,
    SAME_ENTITY,
    SAME_SENTENCE,
    attend_to_paths,
    entity_graph,
    mention_graph,
)
from logire.backbones.transformers.pieces import PieceDocument
from logire.backbones.transformers.windows import cut

from .made_up import SCHEMA, document

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


def test_without_a_limit_all_mentions_of_a_sentence_are_connected() -> None:
    owner, places = [0, 0, 1, 2, 2], [[0, 1], [1, 9], [0, 5], [0, 900], [1, 99]]
    made = piece_document(owner, places)
    index, kinds = mention_graph(made, reach=None)
    found = {(int(a), int(b)): int(k) for a, b, k in zip(*index, kinds, strict=True)}
    expected = {(0, m): DOCUMENT for m in range(1, 6)} | {(m, 0): DOCUMENT for m in range(1, 6)}
    for a in range(5):
        for b in range(5):
            if a != b and owner[a] == owner[b]:
                expected[a + 1, b + 1] = SAME_ENTITY
            elif a != b and places[a][0] == places[b][0]:
                expected[a + 1, b + 1] = SAME_SENTENCE
    assert found == expected
    assert entity_graph(made, index, kinds).nonzero().tolist() == [[0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1]]


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
    documents = [model.pairs(r, d) for r, d in zip(readings, encoded, strict=True)]
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


def test_the_default_weights_have_their_names_and_shapes(build: Build) -> None:
    model = build("gain", graph_dim=8, type_dim=5, entity_dim=4)
    start = 16 + 5 + 4
    node = start + 8 + 8
    head = {key: tuple(value.shape) for key, value in model.state_dict().items() if not key.startswith("encoder.")}
    assert head == {
        "type_embedding.weight": (1 + len(SCHEMA.types), 5),
        "entity_embedding.weight": (1 + COREFERENCE_IDS, 4),
        "convolutions.0.weight": (3, start, 8),
        "convolutions.0.root": (start, 8),
        "convolutions.0.bias": (8,),
        "convolutions.1.weight": (3, 8, 8),
        "convolutions.1.root": (8, 8),
        "convolutions.1.bias": (8,),
        "edge_from.weight": (8, node),
        "edge_from.bias": (8,),
        "edge_to.weight": (8, node),
        "query_head.weight": (32, node),
        "query_tail.weight": (32, node),
        "classifier.0.weight": (2 * node, 5 * node + 32),
        "classifier.0.bias": (2 * node,),
        "classifier.3.weight": (len(SCHEMA.relations), 2 * node),
        "classifier.3.bias": (len(SCHEMA.relations),),
    }


def test_published_widths(build: Build) -> None:
    start = 16 + 5 + 4
    state = build("gain", graph_dim=None, type_dim=5, entity_dim=4, edges="last", path_mapping=True).state_dict()
    assert state["convolutions.0.weight"].shape == state["convolutions.1.weight"].shape == (3, start, start)
    assert state["edge_from.weight"].shape == state["edge_to.weight"].shape == (start, start)
    assert state["path_mapping.0.weight"].shape == (4 * start, 4 * start)
    assert state["classifier.0.weight"].shape == (6 * start, 15 * start + 4 * start)


def test_the_mapping_of_paths_is_drawn_after_all_other_weights(build: Build) -> None:
    plain, mapped = (build("gain", path_mapping=on).state_dict() for on in (False, True))
    assert mapped.keys() - plain.keys() == {"path_mapping.0.weight", "path_mapping.0.bias"}
    for key, value in plain.items():
        assert torch.equal(value, mapped[key]), key


@pytest.mark.parametrize("start", ["mean", "cls"])
def test_where_the_document_node_starts(start: str, build: Build) -> None:
    model = build("gain", document_node=start, type_dim=5).eval()
    encoded = model.encode(document("a", seed=1, length=60))
    (reading,) = model.encoder([encoded.pieces])
    nodes = model.nodes(reading, encoded)
    vectors = []
    for place in range(encoded.length):
        kind = number = 0
        for (begin, end), owner in zip(encoded.spans.tolist(), encoded.owner.tolist(), strict=True):
            if begin <= place < end:
                kind, number = 1 + int(encoded.kinds[owner]), 1 + int(encoded.order[owner])
        embedded = [model.type_embedding.weight[kind], model.entity_embedding.weight[number]]
        vectors.append(torch.cat([reading.states[place], *embedded]))
    for node, (begin, end) in zip(nodes[1:], encoded.spans.tolist(), strict=True):
        torch.testing.assert_close(node, torch.stack(vectors[begin:end]).mean(0))
    if start == "mean":
        torch.testing.assert_close(nodes[0], torch.stack(vectors).mean(0))
        return
    _, first_end = cut(encoded.length, 30, 8)[0]
    assert first_end < encoded.length
    special = [model.tokenizer.cls_token_id], [model.tokenizer.sep_token_id]
    window = torch.tensor([special[0] + encoded.pieces[:first_end].tolist() + special[1]])
    pooled = model.encoder.encoder(input_ids=window).pooler_output[0]
    torch.testing.assert_close(nodes[0], torch.cat([pooled, torch.zeros(5 + 4)]))


PUBLISHED = {
    "reach": None,
    "document_node": "cls",
    "edges": "last",
    "path_mapping": True,
    "graph_dim": None,
    "edge_dropout": 0.2,
}


@pytest.mark.parametrize("settings", [{}, {"edges": "last"}, {"path_mapping": True}, {"graph_dim": None}, PUBLISHED])
def test_paths_of_a_document(settings: dict[str, Any], build: Build) -> None:
    model = build("gain", **({"reach": 6} | settings)).eval()
    encoded = model.encode(document("a", seed=2, entities=5))
    (reading,) = model.encoder([encoded.pieces])
    found = model.pairs(reading, encoded)
    index, kinds = mention_graph(encoded, model.settings.reach)
    layers = [model.nodes(reading, encoded)]
    for convolution in model.convolutions:
        layers.append(torch.relu(convolution(layers[-1], index, kinds)))
    everything = torch.cat(layers, dim=1)[1:]
    entities, last = ([nodes[encoded.owner == e].mean(0) for e in range(5)] for nodes in (everything, layers[-1][1:]))
    torch.testing.assert_close(found.entities, torch.stack(entities))
    torch.testing.assert_close(found.whole, torch.cat(layers, dim=1)[0])
    ends = last if settings.get("edges") == "last" else entities
    connected = entity_graph(encoded, index, kinds)

    def edge(a: int, b: int) -> torch.Tensor:
        return torch.relu(model.edge_from(ends[a]) + model.edge_to(ends[b]))

    without = 0
    for (h, t), path in zip(found.chosen.nonzero().tolist(), found.paths, strict=True):
        on_path = [o for o in range(5) if connected[h, o] and connected[o, t]]
        expected = torch.zeros(4 * model.graph_dim)
        without += not on_path
        if on_path:
            paths = torch.stack([torch.cat([edge(h, o), edge(o, t), edge(t, o), edge(o, h)]) for o in on_path])
            query = model.query_head(entities[h]) + model.query_tail(entities[t])
            expected = (paths @ query).softmax(0) @ paths
        if settings.get("path_mapping"):
            weight, bias = model.path_mapping[0].weight, model.path_mapping[0].bias
            expected = (weight @ expected + bias).clamp(min=0)
        torch.testing.assert_close(path, expected)
    assert without < 20
    assert (without > 0) == (model.settings.reach is not None)


@pytest.mark.parametrize("share", [0.0, 0.75])
def test_dropout_of_edges(share: float, build: Build) -> None:
    model = build("gain", edge_dropout=share).train()
    entities = torch.randn(6, model.edge_from.in_features)
    plain = torch.relu(model.edge_from(entities)[:, None] + model.edge_to(entities)[None, :])
    torch.manual_seed(1)
    edges = model.edges(entities)
    dropped = (edges == 0) & (plain > 0)
    torch.testing.assert_close(edges, torch.where(dropped, 0.0, plain / (1 - share)))
    assert abs(float(dropped.sum() / (plain > 0).sum()) - share) < 0.15
    torch.testing.assert_close(model.eval().edges(entities), plain)


def test_what_the_published_settings_add_learns(build: Build) -> None:
    pooler, mapping = (
        {f"{name}.{part}" for part in ("weight", "bias")} for name in ("encoder.encoder.pooler.dense", "path_mapping.0")
    )
    for settings, added, idle in (({}, set(), pooler), (PUBLISHED, pooler | mapping, set())):
        model = build("gain", **settings).train()
        encoded = [model.encode(document("a", seed=2, entities=5))]
        model.loss(model(encoded), encoded).backward()
        gradients = {key: p.grad for key, p in model.named_parameters()}
        assert {key for key, gradient in gradients.items() if gradient is None} == idle
        for key in {"edge_from.weight", "edge_to.weight"} | added:
            assert gradients[key].abs().sum() > 0, key
