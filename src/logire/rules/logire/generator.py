"""The rule generator p_theta: a small encoder-decoder transformer over atoms (paper, section 3.2).

Source: [head type, relation, tail type]; target: the body's atoms, then EOS. The body is never empty and at most
``max_length`` long, so that AutoReg(. | q) is a normalised distribution over bodies: EOS has no probability at the
first position, and is certain after the last.

All computing is done on forests of prefixes: bodies that share a prefix share its computation, so that exact
expectations, sampling for all query types and probabilities are one call each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from logire.corpus.document import IntArray, Schema
from logire.ground.runtime import derive_seed, seed_torch
from logire.rules.logire.attention import attend
from logire.rules.logire.forest import THREE, Forest
from logire.rules.logire.settings import LogiRESettings
from logire.rules.queries import Body, QueryTypes, RuleSet


class PrefixDecoderLayer(nn.Module):
    """A pre-norm transformer decoder layer over a forest: a prefix attends to its own prefixes and the query."""

    def __init__(self, hidden: int, heads: int, feedforward: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(3))
        self.self_query, self.self_key_value = nn.Linear(hidden, hidden), nn.Linear(hidden, 2 * hidden)
        self.cross_query, self.cross_key_value = nn.Linear(hidden, hidden), nn.Linear(hidden, 2 * hidden)
        self.self_out, self.cross_out = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)
        self.feedforward = nn.Sequential(nn.Linear(hidden, feedforward), nn.ReLU(), nn.Linear(feedforward, hidden))

    def forward(
        self, x: Tensor, memory: Tensor, source: Tensor, ancestors: Tensor, word: Tensor | None = None
    ) -> Tensor:
        """The states of all nodes after this layer.

        Args:
            x: (nodes, H), or with ``word`` (words, H) the states of distinct words.
            memory: (3 * trees, H) of the query types. source: (nodes, 3) the rows of memory that a node attends to.
            ancestors: (nodes, L) the rows of x that it attends to.
            word: (nodes,) the row of x that is its own; by default x has a row for each node.

        Returns:
            (nodes, H)
        """
        normed = self.norms[0](x)
        rows = torch.arange(len(ancestors), device=x.device)
        own = rows if word is None else word
        found = attend(self.self_query(normed), self.self_key_value(normed), own, ancestors, self.heads)
        x = (x if word is None else nn.functional.embedding(word, x)) + self.self_out(found)
        asked = self.cross_query(self.norms[1](x))
        x = x + self.cross_out(attend(asked, self.cross_key_value(memory), rows, source, self.heads))
        return x + self.feedforward(self.norms[2](x))  # type: ignore[no-any-return]


class RuleGenerator(nn.Module):
    """AutoReg_theta(rule | q).

    Args:
        relations, types: R and the number of entity types.
        triples: (Q, 3) the query types (relation, head type, tail type).
    """

    def __init__(self, relations: int, types: int, triples: IntArray, settings: LogiRESettings) -> None:
        super().__init__()
        hidden = settings.hidden
        self.max_length = settings.max_length
        self.end, self.begin = 2 * relations, 2 * relations + 1
        self.positions = settings.positions
        source = triples[:, [1, 0, 2]] + np.array([2 * relations + 2, 0, 2 * relations + 2])
        self.register_buffer("source", torch.from_numpy(source), persistent=False)
        self.embedding = nn.Embedding(2 * relations + 2 + types, hidden)
        self.position = nn.Embedding(THREE + settings.max_length, hidden)
        layer = nn.TransformerEncoderLayer(
            hidden, settings.heads, settings.feedforward, dropout=0.0, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(
            layer, settings.layers, norm=nn.LayerNorm(hidden), enable_nested_tensor=False
        )
        self.decoder = nn.ModuleList(
            PrefixDecoderLayer(hidden, settings.heads, settings.feedforward) for _ in range(settings.layers)
        )
        self.norm = nn.LayerNorm(hidden)
        self.out = nn.Linear(hidden, 2 * relations + 1)
        nn.init.normal_(self.embedding.weight, std=hidden**-0.5)
        nn.init.normal_(self.position.weight, std=hidden**-0.5)

    @property
    def device(self) -> torch.device:
        return self.out.weight.device

    def forward(self, forest: Forest) -> Tensor:
        """(nodes, 2R + 1) log-probabilities of the next atom, or EOS (last column), after each prefix."""
        forest = forest.to(self.device)
        source: Tensor = self.source[forest.queries]  # type: ignore[index]
        memory = self.embedding(source)
        words = self.embedding(forest.token)
        if self.positions:
            memory = memory + self.position.weight[:THREE]
            words = words + self.position(forest.place + THREE)
        memory = self.encoder(memory).flatten(0, 1)
        # Before the first layer a prefix is its last atom and its length: few distinct words for many prefixes.
        first, *others = self.decoder
        x = first(words, memory, forest.source, forest.word_ancestors, forest.word)
        for layer in others:
            x = layer(x, memory, forest.source, forest.ancestors)
        logits = self.out(self.norm(x))
        never_empty = torch.zeros_like(logits, dtype=torch.bool)
        never_empty[:, self.end] = forest.depth == 0
        result: Tensor = logits.masked_fill(never_empty, -torch.inf).log_softmax(-1)
        return result

    @torch.no_grad()
    def log_prob(self, bodies: Sequence[Iterable[Body]], queries: QueryTypes) -> list[dict[Body, float]]:
        """For each query type: body -> log AutoReg(body | q); over all bodies of a query type they sum to 1."""
        groups = [(q, sorted(group)) for q, group in enumerate(bodies)]
        forest = Forest.of(groups, self.begin, self.max_length)
        log_probs = self(forest).double().cpu().numpy()
        result = []
        for q, group in groups:
            values = {}
            for body in group:
                path = [forest.number[q, body[:k]] for k in range(len(body))]
                value = sum(float(log_probs[node, atom]) for node, atom in zip(path, body, strict=True))
                if len(body) < self.max_length:
                    value += float(log_probs[forest.number[q, body], self.end])
                values[body] = value
            result.append(values)
        return result

    @torch.no_grad()
    def sample(self, count: int, queries: QueryTypes, generator: np.random.Generator) -> list[dict[Body, int]]:
        """Draw ``count`` rules for every query type: body -> how often it was drawn (the multinomial of z).

        Prefixes that were drawn together are extended together: one pass over the forest a position.
        """
        drawn: list[dict[Body, int]] = [{} for _ in range(len(queries))]
        active: dict[tuple[int, Body], int] = {(q, ()): count for q in range(len(queries))}
        for length in range(1, self.max_length + 1):
            grouped: list[list[Body]] = [[] for _ in range(len(queries))]
            for q, prefix in active:
                grouped[q].append(prefix)
            forest = Forest.of(((q, g) for q, g in enumerate(grouped) if g), self.begin, self.max_length)
            probabilities = self(forest).double().exp().cpu().numpy()
            extended: dict[tuple[int, Body], int] = {}
            for (q, prefix), copies in sorted(active.items()):
                row = probabilities[forest.number[q, prefix]]
                outcome = generator.multinomial(copies, row / row.sum())
                for atom in np.flatnonzero(outcome):
                    times = int(outcome[atom])
                    if atom == self.end:
                        drawn[q][prefix] = times
                    elif length == self.max_length:
                        drawn[q][(*prefix, int(atom))] = times
                    else:
                        extended[q, (*prefix, int(atom))] = times
            active = extended
            if not active:
                break
        return drawn


def new_generator(
    schema: Schema, queries: QueryTypes, settings: LogiRESettings, seed: int, device: torch.device
) -> RuleGenerator:
    """A generator before it has learnt anything."""
    seed_torch(seed, "generator")
    return RuleGenerator(len(schema.relations), len(schema.types), queries.triples, settings).to(device)


def draw_rules(generator: RuleGenerator, queries: QueryTypes, settings: LogiRESettings, seed: int) -> RuleSet:
    """z: N rules drawn for every query type, with their log priors; the identity rule kept as the settings say."""
    counts = generator.sample(settings.rules_per_query, queries, np.random.default_rng(derive_seed(seed, "rules")))
    if settings.identity_rule == "always":
        for q, (relation, _, _) in enumerate(queries.triples):
            counts[q].setdefault((int(relation),), 0)
    return RuleSet.of(counts, generator.log_prob(counts, queries))
