"""GAIN's model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, linear, pad
from torch_geometric.nn import RGCNConv

from logire.backbones.base import RARE, labels, off_diagonal
from logire.backbones.features import COREFERENCE_IDS
from logire.backbones.transformers.base import TransformerBackbone
from logire.backbones.transformers.draw import draw, drawn, scatter_drawn
from logire.backbones.transformers.gain import GAINSettings
from logire.backbones.transformers.pieces import PieceDocument
from logire.backbones.transformers.windows import Reading

SAME_ENTITY, SAME_SENTENCE, DOCUMENT = range(3)


class Pairs(NamedTuple):
    """The pairs of a document that are classified, P of them.

    Attributes:
        chosen: (N, N) bool: which they are.
        entities: (N, node) entities after the graph of mentions.
        whole: (node,) the document node.
        paths: (P, 4 g) what each pair attends to on its paths, after `path_mapping` if there is one.
    """

    chosen: Tensor
    entities: Tensor
    whole: Tensor
    paths: Tensor


class GAIN(TransformerBackbone):
    """Mentions and a document node go through R-GCN layers; an entity is the mean of its mentions.

    Connected entities make edges, edges make two-hop paths, and a pair attends to the paths between its ends.
    """

    settings: GAINSettings

    def make_head(self) -> None:
        s, d = self.settings, self.encoder.dim
        self.type_embedding = nn.Embedding(len(self.schema.types) + 1, s.type_dim, padding_idx=0)
        self.entity_embedding = nn.Embedding(COREFERENCE_IDS + 1, s.entity_dim, padding_idx=0)
        start = d + s.type_dim + s.entity_dim
        self.graph_dim = g = start if s.graph_dim is None else s.graph_dim
        sizes = [start] + [g] * s.layers
        self.convolutions = nn.ModuleList(RGCNConv(a, b, num_relations=3) for a, b in pairwise(sizes))
        node = sum(sizes)
        end = g if s.edges == "last" else node
        self.edge_from, self.edge_to = nn.Linear(end, g), nn.Linear(end, g, bias=False)
        self.query_head = nn.Linear(node, 4 * g, bias=False)
        self.query_tail = nn.Linear(node, 4 * g, bias=False)
        self.dropout, self.edge_dropout = nn.Dropout(s.dropout), nn.Dropout(s.edge_dropout)
        output = nn.Linear(2 * node, len(self.schema.relations))
        nn.init.constant_(output.bias, RARE)
        self.classifier = nn.Sequential(
            nn.Linear(5 * node + 4 * g, 2 * node),
            nn.ReLU(),
            nn.Dropout(s.dropout),
            output,
        )
        # Made last, so that all other weights are drawn as they are without it.
        mapping = [nn.Linear(4 * g, 4 * g), nn.ReLU(), nn.Dropout(s.dropout)] if s.path_mapping else []
        self.path_mapping = nn.Sequential(*mapping)

    def forward(self, documents: Sequence[PieceDocument]) -> list[Tensor]:
        readings = self.encoder([d.pieces.to(self.device) for d in documents])
        return self.scores([self.pairs(r, d) for r, d in zip(readings, documents, strict=True)])

    def pairs(self, reading: Reading, document: PieceDocument) -> Pairs:
        """The pairs of one document to classify, from what the encoder read; in training those that are drawn."""
        n, device = document.entities, reading.states.device
        owner = document.owner.to(device)
        nodes = self.nodes(reading, document)
        index, kinds = mention_graph(document, self.settings.reach)
        layers = [nodes]
        for convolution in self.convolutions:
            nodes = self.dropout(torch.relu(convolution(nodes, index.to(device), kinds.to(device))))
            layers.append(nodes)
        everything = torch.cat(layers, dim=-1)
        whole, mentions = everything[0], everything[1:]
        counts = torch.bincount(owner, minlength=n).clamp(min=1)
        entities = mentions.new_zeros(n, mentions.shape[-1]).index_add(0, owner, mentions) / counts[:, None]
        connected = entity_graph(document, index, kinds).to(device)
        edges = self.edges(entities)
        queries = self.query_head(entities)[:, None] + self.query_tail(entities)[None, :]
        paths = attend_to_paths(edges, queries, connected)
        chosen = draw(document, self.settings).to(device) if self.training else off_diagonal(n, device)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.encoder.bf16):
            mapped = self.path_mapping(paths[chosen]).float()
        return Pairs(chosen, entities, whole, mapped)

    def edges(self, entities: Tensor) -> Tensor:
        """(N, N, g) the edge from each entity to each other one; ``entities`` (N, node)."""
        ends = entities[:, -self.graph_dim :] if self.settings.edges == "last" else entities
        edges: Tensor = self.edge_dropout(torch.relu(self.edge_from(ends)[:, None] + self.edge_to(ends)[None, :]))
        return edges

    def scores(self, documents: Sequence[Pairs]) -> list[Tensor]:
        """(N, N, R) scores of each document's pairs; those that are not classified are -inf."""
        sizes = [len(pairs.paths) for pairs in documents]
        head, tail, where, first = [], [], [], 0
        for number, pairs in enumerate(documents):
            h, t = pairs.chosen.nonzero().unbind(1)
            head.append(first + h)
            tail.append(first + t)
            where.append(torch.full_like(h, number))
            first += len(pairs.entities)
        found = self.classify(
            torch.cat([pairs.entities for pairs in documents]),
            torch.stack([pairs.whole for pairs in documents]),
            torch.cat([pairs.paths for pairs in documents]),
            *(torch.cat(numbers) for numbers in (head, tail, where)),
        )
        scored = zip(torch.split(found, sizes), documents, strict=True)
        return [scatter_drawn(scores, pairs.chosen) for scores, pairs in scored]

    def classify(
        self, entities: Tensor, wholes: Tensor, paths: Tensor, head: Tensor, tail: Tensor, where: Tensor
    ) -> Tensor:
        """(P, R) scores of pairs, each of the entities ``head`` and ``tail`` of the document ``where``, all (P,).

        The first layer takes [h ; t ; |h - t| ; h * t ; document ; paths]. What depends on one entity or on the
        document alone is multiplied once for each of these, not once for each pair: half of all multiplications.
        """
        node = entities.shape[-1]
        layers: Any = self.classifier
        first = layers[0]
        parts = first.weight.split([node, node, 2 * node, node, paths.shape[-1]], dim=1)
        h, t = entities[head], entities[tail]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.encoder.bf16):
            hidden = linear(torch.cat([(h - t).abs(), h * t], dim=-1), parts[2]).float()
            hidden += linear(paths, parts[4], first.bias)
            for vectors, part, rows in ((entities, 0, head), (entities, 1, tail), (wholes, 3, where)):
                hidden += linear(vectors, parts[part])[rows]
        for layer in layers[1:]:  # in single precision, so that few scores are equal
            hidden = layer(hidden)
        return hidden

    def nodes(self, reading: Reading, document: PieceDocument) -> Tensor:
        """(1 + M, d + type_dim + entity_dim) nodes: the document and its mentions; a mention is its subwords' mean."""
        states = reading.states
        kinds, numbers = torch.zeros(2, document.length, dtype=torch.long)
        pooling = torch.zeros(1 + len(document.spans), document.length)
        pooling[0] = 1.0 / max(document.length, 1)
        owners = document.owner.tolist()
        for mention, ((start, end), owner) in enumerate(zip(document.spans.tolist(), owners, strict=True), start=1):
            kinds[start:end] = 1 + document.kinds[owner]
            numbers[start:end] = 1 + document.order[owner] % COREFERENCE_IDS
            pooling[mention, start:end] = 1.0 / (end - start)
        embedded = [self.type_embedding(kinds.to(states.device)), self.entity_embedding(numbers.to(states.device))]
        nodes = pooling.to(states.device) @ torch.cat([states, *embedded], dim=-1)
        if self.settings.document_node == "mean":
            return nodes
        whole = pad(reading.pooled, (0, nodes.shape[-1] - len(reading.pooled)))
        return torch.cat([whole[None], nodes[1:]])

    def loss(self, scores: Sequence[Tensor], documents: Sequence[PieceDocument]) -> Tensor:
        """Binary cross-entropy, averaged over the batch's pairs that have scores."""
        losses = []
        for score, document in zip(scores, documents, strict=True):
            chosen = drawn(score)
            target = labels(document, score.shape[-1], score.device)
            losses.append(binary_cross_entropy_with_logits(score[chosen], target[chosen], reduction="none").sum(-1))
        every = torch.cat(losses)
        return every.sum() / max(len(every), 1)


def mention_graph(document: PieceDocument, reach: int | None) -> tuple[Tensor, Tensor]:
    """Edges (2, K) and their kinds (K,) between node 0, the document, and nodes 1 to M, its mentions.

    Edges run both ways between mentions of one entity; mentions of different entities in one sentence, at most
    ``reach`` words apart (None: any number); and the document and every mention.
    """
    m = len(document.owner)
    same_entity = document.owner[:, None] == document.owner[None, :]
    sentence, word = document.places.unbind(1)
    near = sentence[:, None] == sentence[None, :]
    if reach is not None:
        near &= (word[:, None] - word[None, :]).abs() <= reach
    kinds = torch.full((1 + m, 1 + m), -1)
    kinds[1:, 1:] = torch.where(same_entity, SAME_ENTITY, torch.where(near, SAME_SENTENCE, -1))
    kinds[0, 1:] = kinds[1:, 0] = DOCUMENT
    kinds.fill_diagonal_(-1)
    index = (kinds >= 0).nonzero().T
    return index, kinds[index[0], index[1]]


def entity_graph(document: PieceDocument, index: Tensor, kinds: Tensor) -> Tensor:
    """(N, N) bool: entities with two mentions that share a sentence in the mention graph."""
    connected = torch.zeros(document.entities, document.entities, dtype=torch.bool)
    a, b = index[:, kinds == SAME_SENTENCE] - 1
    connected[document.owner[a], document.owner[b]] = True
    return connected


def attend_to_paths(edges: Tensor, queries: Tensor, connected: Tensor) -> Tensor:
    """What each pair attends to on its two-hop paths (section 3.4), without a vector in memory for each path.

    The path h -> o -> t is [e_ho ; e_ot ; e_to ; e_oh]; the pair's query weighs the paths over all o connected to both.

    Args:
        edges: (N, N, g) edge vectors.
        queries: (N, N, 4 g).
        connected: (N, N) bool.

    Returns:
        (N, N, 4 g), zero where there is no path.
    """
    parts = ("hod", "otd", "tod", "ohd")
    asked = zip(queries.chunk(4, dim=-1), parts, strict=True)
    weights = sum((torch.einsum(f"htd,{part}->hto", query, edges) for query, part in asked), torch.zeros(()))
    # o must be connected to both ends. No entity is connected to itself, so o is neither end.
    on_path = connected[:, None, :] & connected[None, :, :]
    attention = weights.masked_fill(~on_path, -1e30).softmax(-1) * on_path
    return torch.cat([torch.einsum(f"hto,{part}->htd", attention, edges) for part in parts], dim=-1)
