"""Documents laid out flat for grounding: the candidates of the query types, and the atoms' probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from logire.corpus.document import BoolArray, FloatArray, IntArray
from logire.corpus.dump import ScoredDocument
from logire.rules.kernels import kernel
from logire.rules.queries import QueryTypes


def sigmoid(logits: FloatArray) -> FloatArray:
    """The backbone's probabilities phi(e, r, e') of its logits, float32."""
    with np.errstate(over="ignore"):  # exp(-logit) = infinity gives the 0 that it should
        return np.asarray(1.0 / (1.0 + np.exp(-logits.astype(np.float32, copy=False))), dtype=np.float32)


@dataclass(frozen=True)
class Instances:
    """All candidate pairs of all query types in one split, query type by query type, then document by document.

    A candidate is a pair of two different entities. The authors' code trains on pairs of an entity with itself too
    (``self_pairs``). The atoms between an entity and itself then have the dump's logits there,
    :data:`~logire.corpus.dump.NEVER` here.

    Attributes:
        start: (Q + 1,) first row of each query type.
        document_start: (Q, D + 1) first row of each document inside its query type's rows.
        document, head, tail: (rows,) where the candidate is; head and tail in the document's own order.
        labels: (rows,) whether it is labelled.
        logits: (rows,) the backbone's logit for it.
        gold: number of labelled facts in the split, those of no query type included.
        self_pairs: whether pairs of an entity with itself are among them.
    """

    start: IntArray
    document_start: IntArray
    document: npt.NDArray[np.int32]
    head: npt.NDArray[np.int32]
    tail: npt.NDArray[np.int32]
    labels: BoolArray
    logits: npt.NDArray[np.float32]
    gold: int
    self_pairs: bool = False

    @classmethod
    def of(cls, documents: Sequence[ScoredDocument], queries: QueryTypes, *, self_pairs: bool = False) -> Instances:
        """Enumerate the instances; order inside a document: heads by number, then tails likewise."""
        types = queries.index.shape[1]
        _, head_type, tail_type = queries.triples.T
        entities = np.array([np.bincount(d.types, minlength=types) for d in documents], dtype=np.int64)
        entities = entities.reshape(-1, types).T
        itself = (head_type == tail_type) & (not self_pairs)
        pairs = entities[head_type] * (entities[tail_type] - itself[:, None])
        document_start = np.concatenate([np.zeros((len(queries), 1), dtype=np.int64), pairs.cumsum(axis=1)], axis=1)
        start = np.concatenate([[0], document_start[:, -1].cumsum()])
        rows = int(start[-1])
        found = cls(
            start=start,
            document_start=document_start,
            document=np.empty(rows, np.int32),
            head=np.empty(rows, np.int32),
            tail=np.empty(rows, np.int32),
            labels=np.empty(rows, np.bool_),
            logits=np.empty(rows, np.float32),
            gold=int(sum(d.labels.sum() for d in documents)),
            self_pairs=self_pairs,
        )
        for d, document in enumerate(documents):
            order, type_start = by_type(document.types, types)
            _enumerate(
                d,
                order,
                type_start,
                queries.triples,
                start[:-1] + document_start[:, d],
                self_pairs,
                np.ascontiguousarray(document.labels),
                np.ascontiguousarray(document.logits, dtype=np.float32),
                found.document,
                found.head,
                found.tail,
                found.labels,
                found.logits,
            )
        return found

    def __len__(self) -> int:
        return int(self.start[-1])


@dataclass(frozen=True)
class AtomScores:
    """The backbone's probabilities of a split, laid out for grounding; made once, for the backbone is frozen.

    Attributes:
        values: flat; document d holds (R, N, N) float32 from ``start[d]``, entities sorted by type.
        start: (D + 1,)
        sizes: (D,) number of entities.
        type_start: (D, T + 1) first entity of each type in the sorted order.
        order: for each document the entities in sorted order.
    """

    values: npt.NDArray[np.float32]
    start: IntArray
    sizes: IntArray
    type_start: IntArray
    order: tuple[IntArray, ...]

    @classmethod
    def of(cls, documents: Sequence[ScoredDocument], queries: QueryTypes) -> AtomScores:
        relations, types, _ = queries.index.shape
        sizes = np.array([len(d.types) for d in documents], dtype=np.int64)
        start = np.concatenate([[0], np.cumsum(relations * sizes**2)]).astype(np.int64)
        values = np.empty(start[-1], dtype=np.float32)
        type_start = np.zeros((len(documents), types + 1), dtype=np.int64)
        order = []
        for d, document in enumerate(documents):
            sorted_entities, type_start[d] = by_type(document.types, types)
            _arrange(sigmoid(document.logits), sorted_entities, values[start[d] : start[d + 1]])
            order.append(sorted_entities)
        return cls(values, start, sizes, type_start, tuple(order))


def by_type(of_entity: IntArray, types: int) -> tuple[IntArray, IntArray]:
    """(N,) a document's entities by type, then number; (T + 1,) the first of each type in this order."""
    start = np.concatenate([[0], np.bincount(of_entity, minlength=types).cumsum()]).astype(np.int64)
    return np.argsort(of_entity, kind="stable"), start


@kernel()
def _enumerate(  # type: ignore[no-untyped-def]
    number, order, type_start, triples, place, self_pairs, labels, logits, document, head, tail, label, logit
):
    """Write the instances of one document, those of query type q from row ``place[q]`` on."""
    for q in range(len(triples)):
        relation, head_type, tail_type = triples[q]
        row = place[q]
        for h in order[type_start[head_type] : type_start[head_type + 1]]:
            for t in order[type_start[tail_type] : type_start[tail_type + 1]]:
                if h != t or self_pairs:
                    document[row] = number
                    head[row] = h
                    tail[row] = t
                    label[row] = labels[h, t, relation]
                    logit[row] = logits[h, t, relation]
                    row += 1


@kernel()
def _arrange(probabilities, order, values):  # type: ignore[no-untyped-def]
    """``values``: (R, N, N) flat, of (N, N, R) probabilities with the entities in this order."""
    entities, _, relations = probabilities.shape
    for i in range(entities):
        for j in range(entities):
            row = probabilities[order[i], order[j]]
            for r in range(relations):
                values[(r * entities + i) * entities + j] = row[r]
