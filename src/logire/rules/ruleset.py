"""The latent rule set z of every query type, and the prefix trie of its distinct bodies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from logire.corpus.document import IntArray
from logire.rules.queries import Body, QueryTypes


@dataclass(frozen=True)
class RuleSet:
    """The distinct rules of every query type, flat: rules ``start[q]`` to ``start[q + 1]`` belong to q.

    Attributes:
        start: (Q + 1,)
        bodies: the rules' bodies; sorted inside a query type.
        counts: (rules,) how often each was drawn; 0 for an identity rule that was kept without being drawn.
        log_prior: (rules,) log AutoReg(rule | q).
    """

    start: IntArray
    bodies: tuple[Body, ...]
    counts: IntArray
    log_prior: npt.NDArray[np.float64]

    @classmethod
    def of(cls, counts: Sequence[dict[Body, int]], log_prior: Sequence[dict[Body, float]]) -> RuleSet:
        """From body -> count and body -> log prior of each query type."""
        ordered = [sorted(bodies) for bodies in counts]
        return cls(
            start=np.concatenate([[0], np.cumsum([len(bodies) for bodies in ordered])]).astype(np.int64),
            bodies=tuple(body for bodies in ordered for body in bodies),
            counts=np.array([counts[q][b] for q, bodies in enumerate(ordered) for b in bodies], dtype=np.int64),
            log_prior=np.array([log_prior[q][b] for q, bodies in enumerate(ordered) for b in bodies]),
        )

    def __len__(self) -> int:
        return len(self.bodies)

    def query(self, q: int) -> slice:
        """The rules of query type q."""
        return slice(int(self.start[q]), int(self.start[q + 1]))

    @property
    def query_of_rule(self) -> IntArray:
        """(rules,) the query type of each rule."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


@dataclass(frozen=True)
class Trie:
    """The distinct bodies' prefixes in depth-first order, with the work that each prefix stands for.

    A prefix is needed only for heads of the types whose rules go through it. Where only rule bodies end in it
    (no longer prefix), only the columns of those rules' tail types are needed.

    Attributes:
        atom, depth: (nodes,) last atom and length of each prefix; a parent stands before its children.
        head_types: (nodes, T) whether heads of this type need the prefix.
        every_tail: (nodes, T) whether, for heads of this type, a longer prefix needs all columns.
        tail_types: (nodes, T, T) whether a rule of (head type, tail type) ends here.
        end_start: (nodes + 1,) first of the rules that end in each node.
        end_rule: (rules,) those rules.
    """

    atom: IntArray
    depth: IntArray
    head_types: npt.NDArray[np.bool_]
    every_tail: npt.NDArray[np.bool_]
    tail_types: npt.NDArray[np.bool_]
    end_start: IntArray
    end_rule: IntArray

    @classmethod
    def of(cls, rules: RuleSet, queries: QueryTypes) -> Trie:
        types = queries.index.shape[1]
        prefixes = sorted({body[:k] for body in rules.bodies for k in range(1, len(body) + 1)})
        number = {prefix: i for i, prefix in enumerate(prefixes)}
        heads = np.zeros((len(prefixes), types), dtype=np.bool_)
        every = np.zeros((len(prefixes), types), dtype=np.bool_)
        tails = np.zeros((len(prefixes), types, types), dtype=np.bool_)
        ends: list[list[int]] = [[] for _ in prefixes]
        for rule, (body, q) in enumerate(zip(rules.bodies, rules.query_of_rule, strict=True)):
            _, head_type, tail_type = queries.triples[q]
            for k in range(1, len(body) + 1):
                node = number[body[:k]]
                heads[node, head_type] = True
                every[node, head_type] |= k < len(body)
            tails[number[body], head_type, tail_type] = True
            ends[number[body]].append(rule)
        return cls(
            atom=np.array([prefix[-1] for prefix in prefixes], dtype=np.int64),
            depth=np.array([len(prefix) for prefix in prefixes], dtype=np.int64),
            head_types=heads,
            every_tail=every,
            tail_types=tails,
            end_start=np.concatenate([[0], np.cumsum([len(e) for e in ends])]).astype(np.int64),
            end_rule=np.array([rule for e in ends for rule in e], dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.atom)
