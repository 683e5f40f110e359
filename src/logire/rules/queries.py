"""The language of rules: query types, rule bodies, the rules of each query type, and what they are fitted to.

A query type q is (relation, head type, tail type); only those that occur in a training fact exist (the hard type
filter).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from logire.corpus.document import BoolArray, IntArray, Schema
from logire.corpus.gold import ANY, INVERSE
from logire.ground.errors import InputError

if TYPE_CHECKING:
    from logire.corpus.dump import ScoredDocument  # settings and help do without it

Body = tuple[int, ...]
"""A rule body: atoms; 0 to R-1 are relations, r + R is the inverse of r, 2R is ``any`` (:func:`any_atom`)."""


class Rule(NamedTuple):
    """``relation(h, t) <- body``, for entities of any type; a body is a path of atoms from h to t."""

    relation: int
    body: Body


LONGEST = 4
"""The most atoms that a body can have: grounding costs as much for each."""


def any_atom(relations: int) -> int:
    """The atom that holds, with probability 1, between any two different entities; it makes a body an open one."""
    return 2 * relations


def atom_name(atom: int, schema: Schema) -> str:
    """``in0`` for a relation, ``~in0`` for its inverse, ``any``."""
    r = len(schema.relations)
    if atom == any_atom(r):
        return ANY
    return schema.relations[atom] if atom < r else f"{INVERSE}{schema.relations[atom - r]}"


def atom_names(body: Body, schema: Schema) -> tuple[str, ...]:
    """The names of a body's atoms."""
    return tuple(atom_name(atom, schema) for atom in body)


def body_name(body: Body, schema: Schema) -> str:
    """The body as a formula: ``~event_in2 ^ event_in0``."""
    return " ^ ".join(atom_names(body, schema))


@dataclass(frozen=True)
class QueryTypes:
    """The query types seen in training.

    Attributes:
        triples: (Q, 3) relation, head type, tail type; sorted.
        index: (R, T, T) number of the query type, -1 where there is none.
    """

    triples: IntArray
    index: IntArray

    @classmethod
    def of(cls, documents: Sequence[ScoredDocument], schema: Schema, *, self_relations: bool = False) -> QueryTypes:
        """The query types of the training documents' facts.

        Args:
            self_relations: whether relations of an entity to itself count.

        Raises:
            InputError: the training split is empty or has no labelled fact.
        """
        found = set()
        for document in documents:
            for h, t, r in np.argwhere(document.labels):
                if h != t or self_relations:
                    found.add((int(r), int(document.types[h]), int(document.types[t])))
        if not found:
            raise InputError(
                f"no labelled fact in the {len(documents)} training documents", remedy="rules are learnt from facts"
            )
        return cls.from_triples(np.array(sorted(found), dtype=np.int64), schema)

    @classmethod
    def from_triples(cls, triples: IntArray, schema: Schema) -> QueryTypes:
        shape = (len(schema.relations), len(schema.types), len(schema.types))
        index = np.full(shape, -1, dtype=np.int64)
        index[tuple(triples.T)] = np.arange(len(triples))
        return cls(triples, index)

    def __len__(self) -> int:
        return len(self.triples)

    def tied(self, counts: Sequence[Mapping[Body, int]]) -> list[dict[Body, int]]:
        """Every query type with the bodies of all query types of its relation, and their summed counts."""
        of_relation: dict[int, Counter[Body]] = {}
        for bodies, (relation, _, _) in zip(counts, self.triples, strict=True):
            of_relation.setdefault(int(relation), Counter()).update(bodies)
        return [dict(of_relation[int(relation)]) for relation, _, _ in self.triples]


@dataclass(frozen=True)
class RuleSet:
    """The distinct rules of every query type, flat: rules ``start[q]`` to ``start[q + 1]`` belong to q.

    Attributes:
        start: (Q + 1,)
        bodies: the rules' bodies; sorted inside a query type.
        counts: (rules,) how often each was drawn; 0 for an identity rule that was kept without being drawn.
        log_prior: (rules,) log AutoReg(rule | q).
        query_of_rule: (rules,) the query type of each rule.
    """

    start: IntArray
    bodies: tuple[Body, ...]
    counts: IntArray
    log_prior: npt.NDArray[np.float64]
    query_of_rule: IntArray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "query_of_rule", np.repeat(np.arange(len(self.start) - 1), np.diff(self.start)))

    @classmethod
    def of(cls, counts: Sequence[Mapping[Body, int]], log_prior: Sequence[Mapping[Body, float]]) -> RuleSet:
        """From body -> count and body -> log prior of each query type."""
        ordered = [sorted(bodies) for bodies in counts]
        return cls(
            start=np.concatenate([[0], np.cumsum([len(bodies) for bodies in ordered])]).astype(np.int64),
            bodies=tuple(body for bodies in ordered for body in bodies),
            counts=np.array([counts[q][b] for q, bodies in enumerate(ordered) for b in bodies], dtype=np.int64),
            log_prior=np.array([log_prior[q][b] for q, bodies in enumerate(ordered) for b in bodies]),
        )

    @classmethod
    def of_counts(cls, counts: Sequence[Mapping[Body, int]]) -> RuleSet:
        """Rules whose priors are the shares of the counts, each count raised by one."""
        priors = []
        for bodies in counts:
            total = sum(bodies.values()) + len(bodies)
            priors.append({body: math.log((count + 1) / total) for body, count in bodies.items()})
        return cls.of(counts, priors)

    def __len__(self) -> int:
        return len(self.bodies)

    def keep(self, chosen: BoolArray) -> RuleSet:
        """The rules that ``chosen`` (rules,) names."""
        sizes = np.bincount(self.query_of_rule[chosen], minlength=len(self.start) - 1)
        return RuleSet(
            start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            bodies=tuple(body for body, stays in zip(self.bodies, chosen, strict=True) if stays),
            counts=self.counts[chosen],
            log_prior=self.log_prior[chosen],
        )

    def query(self, q: int) -> slice:
        """The rules of query type q."""
        return slice(int(self.start[q]), int(self.start[q + 1]))


@dataclass(frozen=True)
class Problem:
    """What a rule model is fitted to; everything that is chosen is chosen on ``dev``."""

    train: Sequence[ScoredDocument]
    dev: Sequence[ScoredDocument]
    schema: Schema
    queries: QueryTypes

    @classmethod
    def of(
        cls,
        train: Sequence[ScoredDocument],
        dev: Sequence[ScoredDocument],
        schema: Schema,
        *,
        self_relations: bool = False,
    ) -> Problem:
        """With the query types of the training documents.

        Args:
            self_relations: whether relations of an entity to itself count among them.

        Raises:
            InputError: a split is empty, or has no labelled fact.
        """
        for name, split in (("training", train), ("development", dev)):
            if not split:
                raise InputError(f"the {name} split is empty", remedy="LogiRE needs labelled train and dev documents")
        if not any(h != t for document in dev for h, t, _ in np.argwhere(document.labels)):
            raise InputError(
                f"no labelled fact in the {len(dev)} development documents", remedy="the threshold is chosen on facts"
            )
        return cls(train, dev, schema, QueryTypes.of(train, schema, self_relations=self_relations))
