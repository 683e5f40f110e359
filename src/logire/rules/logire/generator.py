"""The rule generator p_theta: a small encoder-decoder transformer over atoms (paper, section 3.2).

Source: [head type, relation, tail type]; target: the body's atoms, then EOS. The body is never empty and at most
``max_length`` long, so that AutoReg(. | q) is a normalised distribution over bodies: EOS has no probability at the
first position, and is certain after the last.

With ``past_end``, as in the authors' code, EOS is a symbol like the atoms: ``max_length`` symbols are always drawn, a
body is learnt filled up with EOS, and AutoReg is normalised over all sequences of ``max_length`` symbols. What is drawn
is read without its EOS, wherever it stands: sequences that read the same are one rule, whose counts add up and whose
prior is the sum over those that were drawn; an empty one is dropped. In their code each place of EOS makes a rule with
a weight of its own, although all of them hold for the same pairs, and the empty one holds between each entity and
itself alone.

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
from logire.rules.logire.decoder import PrefixDecoderLayer
from logire.rules.logire.forest import THREE, Forest
from logire.rules.logire.settings import LogiRESettings
from logire.rules.queries import Body, QueryTypes, RuleSet


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
        self.past_end = settings.past_end
        self.dropout = settings.dropout
        source = triples[:, [1, 0, 2]] + np.array([2 * relations + 2, 0, 2 * relations + 2])
        self.register_buffer("source", torch.from_numpy(source), persistent=False)
        self.embedding = nn.Embedding(2 * relations + 2 + types, hidden)
        self.position = nn.Embedding(THREE + settings.max_length, hidden)
        layer = nn.TransformerEncoderLayer(
            hidden,
            settings.heads,
            settings.feedforward,
            dropout=settings.dropout,
            batch_first=True,
            norm_first=settings.norm == "before",
        )
        self.encoder = nn.TransformerEncoder(
            layer, settings.layers, norm=nn.LayerNorm(hidden), enable_nested_tensor=False
        )
        self.decoder = nn.ModuleList(PrefixDecoderLayer(settings) for _ in range(settings.layers))
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
        if not self.past_end:
            never_empty = torch.zeros_like(logits, dtype=torch.bool)
            never_empty[:, self.end] = forest.depth == 0
            logits = logits.masked_fill(never_empty, -torch.inf)
        result: Tensor = logits.log_softmax(-1)
        return result

    def written(self, body: Body) -> Body:
        """A body as :meth:`sample` gives it: with ``past_end`` it is filled up with EOS."""
        return (*body, *[self.end] * (self.max_length - len(body))) if self.past_end else body

    def symbols(self, body: Body) -> Body:
        """All that is written for a body: the EOS behind a shorter one too."""
        written = self.written(body)
        return written if len(written) == self.max_length else (*written, self.end)

    def read(self, written: Body) -> Body:
        """The inverse of :meth:`written`: the atoms, without EOS."""
        return tuple(symbol for symbol in written if symbol != self.end)

    @torch.no_grad()
    def log_prob(self, bodies: Sequence[Iterable[Body]], queries: QueryTypes) -> list[dict[Body, float]]:
        """For each query type: body -> log AutoReg(body | q); over all bodies of a query type they sum to 1.

        With ``past_end``: over all sequences of ``max_length`` symbols; a shorter one counts as filled up with EOS.
        """
        groups = [[(body, self.symbols(body)) for body in sorted(group)] for group in bodies]
        prefixes = ((q, [symbols[:-1] for _, symbols in group]) for q, group in enumerate(groups))
        forest = Forest.of(prefixes, self.begin, self.max_length)
        log_probs = self(forest).double().cpu().numpy()
        result = []
        for q, group in enumerate(groups):
            values = {}
            for body, symbols in group:
                value = 0.0
                for k, symbol in enumerate(symbols):
                    value += float(log_probs[forest.number[q, symbols[:k]], symbol])
                values[body] = value
            result.append(values)
        return result

    @torch.no_grad()
    def sample(self, count: int, queries: QueryTypes, generator: np.random.Generator) -> list[dict[Body, int]]:
        """Draw ``count`` rules for every query type: body -> how often it was drawn (the multinomial of z).

        With ``past_end`` these are sequences of ``max_length`` symbols, EOS among them.

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
                    if atom == self.end and not self.past_end:
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
    """z: N rules drawn for every query type, with their log priors; the identity rule kept as the settings say.

    It is kept, too, for a query type for which nothing but EOS was drawn (``past_end``).
    """
    drawn = generator.sample(settings.rules_per_query, queries, np.random.default_rng(derive_seed(seed, "rules")))
    for q, (relation, _, _) in enumerate(queries.triples):
        if settings.identity_rule == "always" or not any(map(generator.read, drawn[q])):
            drawn[q].setdefault(generator.written((int(relation),)), 0)
    log_prob = generator.log_prob(drawn, queries)
    return RuleSet.of(*_as_read(drawn, log_prob, generator) if settings.past_end else (drawn, log_prob))


def _as_read(
    drawn: Sequence[dict[Body, int]], log_prob: Sequence[dict[Body, float]], generator: RuleGenerator
) -> tuple[list[dict[Body, int]], list[dict[Body, float]]]:
    """Of each query type, body -> count and body -> log prior: sequences that read the same added up, no empty one."""
    counts: list[dict[Body, int]] = []
    log_prior: list[dict[Body, float]] = []
    for sequences, values in zip(drawn, log_prob, strict=True):
        times: dict[Body, int] = {}
        prior: dict[Body, float] = {}
        for sequence, count in sequences.items():
            if body := generator.read(sequence):
                times[body] = times.get(body, 0) + count
                prior[body] = float(np.logaddexp(prior.get(body, -np.inf), values[sequence]))
        counts.append(times)
        log_prior.append(prior)
    return counts, log_prior
