"""Query types and their instances.

A query type q is (relation, head type, tail type); only those that occur in a training fact exist (the hard type
filter). The instances of q in a split are all candidate pairs (h, t), h != t, of its types, labelled or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from logire.corpus.document import BoolArray, IntArray, Schema
from logire.corpus.dump import ScoredDocument
from logire.ground.errors import InputError

Body = tuple[int, ...]
"""A rule body: atoms; 0 to R-1 are relations, r + R is the inverse of r, 2R is ``any`` (:func:`any_atom`)."""

ANY = "any"
"""The name of the open atom."""


def any_atom(relations: int) -> int:
    """The atom that holds, with probability 1, between any two different entities; it makes a body an open one."""
    return 2 * relations


def atom_name(atom: int, schema: Schema) -> str:
    """``in0`` for a relation, ``~in0`` for its inverse, ``any``."""
    r = len(schema.relations)
    if atom == any_atom(r):
        return ANY
    return schema.relations[atom] if atom < r else f"~{schema.relations[atom - r]}"


def body_name(body: Body, schema: Schema) -> str:
    """The body as a formula: ``~event_in2 ^ event_in0``."""
    return " ^ ".join(atom_name(atom, schema) for atom in body)


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
    def of(cls, documents: Sequence[ScoredDocument], schema: Schema) -> QueryTypes:
        """The query types of the training documents' facts.

        Raises:
            InputError: the training split is empty or has no labelled fact.
        """
        found = set()
        for document in documents:
            for h, t, r in np.argwhere(document.labels):
                if h != t:
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


@dataclass(frozen=True)
class Instances:
    """All candidate pairs of all query types in one split, query type by query type, then document by document.

    Attributes:
        start: (Q + 1,) first row of each query type.
        document_start: (Q, D + 1) first row of each document inside its query type's rows.
        document, head, tail: (rows,) where the candidate is; head and tail in the document's own order.
        labels: (rows,) whether it is labelled.
        logits: (rows,) the backbone's logit for it.
        gold: number of labelled facts in the split, those of no query type included.
    """

    start: IntArray
    document_start: IntArray
    document: npt.NDArray[np.int32]
    head: npt.NDArray[np.int32]
    tail: npt.NDArray[np.int32]
    labels: BoolArray
    logits: npt.NDArray[np.float32]
    gold: int

    @classmethod
    def of(cls, documents: Sequence[ScoredDocument], queries: QueryTypes) -> Instances:
        """Enumerate the instances; order inside a document: heads by (type, number), then tails likewise."""
        types = queries.index.shape[1]
        grouped = [[np.flatnonzero(d.types == kind) for kind in range(types)] for d in documents]
        counts = np.zeros((len(queries), len(documents) + 1), dtype=np.int64)
        parts: list[tuple[npt.NDArray[np.int32], ...]] = []
        labels, logits = [], []
        for q, (r, head_type, tail_type) in enumerate(queries.triples):
            for d, document in enumerate(documents):
                heads, tails = grouped[d][head_type], grouped[d][tail_type]
                h, t = np.repeat(heads, len(tails)), np.tile(tails, len(heads))
                if head_type == tail_type:
                    h, t = h[h != t], t[h != t]
                if len(h):
                    counts[q, d + 1] = len(h)
                    parts.append((np.full(len(h), d, np.int32), h.astype(np.int32), t.astype(np.int32)))
                    labels.append(document.labels[h, t, r])
                    logits.append(document.logits[h, t, r])
        document_start = counts.cumsum(axis=1)
        start = np.concatenate([[0], document_start[:, -1].cumsum()])
        columns = (
            [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else [np.zeros(0, np.int32)] * 3
        )
        return cls(
            start=start,
            document_start=document_start,
            document=columns[0],
            head=columns[1],
            tail=columns[2],
            labels=np.concatenate(labels) if labels else np.zeros(0, np.bool_),
            logits=np.concatenate(logits) if logits else np.zeros(0, np.float32),
            gold=int(sum(d.labels.sum() for d in documents)),
        )

    def __len__(self) -> int:
        return int(self.start[-1])


def rescored(
    documents: Sequence[ScoredDocument], instances: Instances, scores: npt.NDArray[np.float64], queries: QueryTypes
) -> list[ScoredDocument]:
    """The documents with the instances' scores in place of their logits."""
    relation = np.repeat(queries.triples[:, 0], np.diff(instances.start))
    order = np.argsort(instances.document, kind="stable")
    bounds = np.searchsorted(instances.document[order], np.arange(len(documents) + 1))
    result = []
    for d, document in enumerate(documents):
        logits = document.logits.copy()
        rows = order[bounds[d] : bounds[d + 1]]
        logits[instances.head[rows], instances.tail[rows], relation[rows]] = scores[rows]
        result.append(replace(document, logits=logits))
    return result
