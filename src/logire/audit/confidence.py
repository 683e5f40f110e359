"""What rules alone say of a fact: the confidence of the best mined rule whose body the document's labels hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from logire.corpus.document import BoolArray, FloatArray
from logire.corpus.dump import ScoredDocument
from logire.rules.queries import Body, QueryTypes
from logire.rules.trusted import Mined

LENGTH, LEAST = 2, 10
"""The longest body, and the labelled pairs that a rule must join."""
DOUBT = 5
"""Joined pairs without the label that are added to each rule's, so that rare rules are trusted less (as in AnyBURL)."""


@dataclass(frozen=True)
class RuleConfidence:
    """Mined rules with their confidence: labelled pairs that the body joins / (all pairs that it joins + 5).

    Attributes:
        queries: the query types of the documents that the rules were mined on.
        rules: body -> relation's number -> confidence.
    """

    queries: QueryTypes
    rules: Mapping[Body, Mapping[int, float]]

    @classmethod
    def of(cls, train: Sequence[ScoredDocument], queries: QueryTypes, *, least: int = LEAST) -> Self:
        """Mine the labels of documents."""
        mined = Mined.of(train, queries, length=LENGTH, least=least)
        heads = queries.triples[mined.rules.query_of_rule, 0].tolist()
        counts: dict[Body, dict[int, list[int]]] = {}
        for head, body, right, joined in zip(
            heads, mined.rules.bodies, mined.support.tolist(), mined.joined.tolist(), strict=True
        ):
            found = counts.setdefault(body, {}).setdefault(head, [0, 0])
            found[0] += right
            found[1] += joined
        rules = {
            body: {head: right / (joined + DOUBT) for head, (right, joined) in of_body.items()}
            for body, of_body in counts.items()
        }
        return cls(queries, rules)

    def values(self, document: ScoredDocument) -> FloatArray:
        """(N, N, R) the confidences; 0 where no rule speaks, or the labels know no such types of the relation."""
        atoms = _atoms(document)
        itself = np.arange(len(atoms))
        there = set(np.flatnonzero(atoms.any(axis=(0, 1))).tolist())
        found = np.zeros(document.labels.shape, dtype=np.float32)
        for body, heads in self.rules.items():
            if not there.issuperset(body):
                continue
            joined = _joined(atoms, body)
            for head, confidence in heads.items():
                of_head = found[:, :, head]
                np.maximum(of_head, np.float32(confidence), out=of_head, where=joined)
        seen = self.queries.index[:, document.types[:, None], document.types] >= 0
        found[~seen.transpose(1, 2, 0)] = 0.0
        found[itself, itself] = 0.0
        return found

    def best(
        self, document: ScoredDocument, head: int, tail: int, relation: int
    ) -> tuple[Body, tuple[int, ...], float] | None:
        """The rule behind a candidate's value, the first of equals: its body, a path's entities, its confidence."""
        if self.queries.index[relation, document.types[head], document.types[tail]] < 0:
            return None
        atoms = _atoms(document)
        best = None
        for body, heads in sorted(self.rules.items()):
            if relation not in heads or (best is not None and heads[relation] <= best[2]):
                continue
            if len(body) == 1:
                path: tuple[int, ...] | None = (head, tail) if atoms[head, tail, body[0]] else None
            else:
                between = np.flatnonzero(atoms[head, :, body[0]] & atoms[:, tail, body[1]])
                path = (head, int(between[0]), tail) if len(between) else None
            if path is not None:
                best = body, path, heads[relation]
        return best


def _atoms(document: ScoredDocument) -> BoolArray:
    """(N, N, 2R) the labels and their inverses between different entities."""
    labels = document.labels.copy()
    itself = np.arange(len(labels))
    labels[itself, itself] = False
    return np.concatenate([labels, labels.transpose(1, 0, 2)], axis=2)


def _joined(atoms: BoolArray, body: Body) -> BoolArray:
    """(N, N) whether a path of the body joins two entities."""
    reached: BoolArray = atoms[:, :, body[0]]
    for atom in body[1:]:
        reached = reached @ atoms[:, :, atom]
    return reached
