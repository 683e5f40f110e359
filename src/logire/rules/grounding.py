"""Grounding: phi(rule; h, t), the max-product over all grounding paths of a rule body (paper, section 3.2).

    phi(rule; h, t) = max over h = e_0, ..., e_l = t of  prod_i phi(e_{i-1}, r_i, e_i)

with phi(e, r, e') = sigmoid(logit[e, e', r]), for an inverse atom sigmoid(logit[e', e, r]), for ``any`` 1 where
e and e' differ, else 0; the entities between are any of the document's.

A :class:`Split` lays documents out once: the instances of the query types in them and the atoms' probabilities.
Grounding a rule set on it gives a :class:`Grounded`, which is all that extractors are fitted on and score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from logire.corpus.document import BoolArray, FloatArray, IntArray
from logire.corpus.dump import ScoredDocument
from logire.ground.thresholds import Threshold, best_threshold
from logire.rules.maxproduct import Trie, max_product
from logire.rules.queries import QueryTypes, RuleSet


def sigmoid(logits: FloatArray) -> FloatArray:
    """The backbone's probabilities phi(e, r, e') of its logits, float32."""
    return np.asarray(expit(logits.astype(np.float32, copy=False)), dtype=np.float32)


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
            by_type = np.argsort(document.types, kind="stable")
            type_start[d, 1:] = np.cumsum(np.bincount(document.types, minlength=types))
            probabilities = sigmoid(document.logits[by_type][:, by_type])
            values[start[d] : start[d + 1]] = probabilities.transpose(2, 0, 1).ravel()
            order.append(by_type)
        return cls(values, start, sizes, type_start, tuple(order))


@dataclass(frozen=True)
class Block:
    """The part of a :class:`Grounded` that belongs to one query type.

    Attributes:
        rules: where its rules are in the rule set.
        features: (rows, rules) phi(rule; h, t). labels, logits: (rows,).
    """

    rules: slice
    features: npt.NDArray[np.float32]
    labels: BoolArray
    logits: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Grounded:
    """Rules grounded on the instances of a split: phi(rule; h, t) of every instance and rule of its query type.

    Attributes:
        rules: the rules, by query type.
        instances: the candidates, by query type.
        values: flat float32; query type q is a (rows, rules) matrix from ``start[q]``. May be memory-mapped.
        start: (Q + 1,)
        blocks: the same, query type by query type.
    """

    rules: RuleSet
    instances: Instances
    values: npt.NDArray[np.float32]
    start: IntArray
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Split:
    """Documents laid out for the rules of some query types; made once for any number of rule sets."""

    documents: Sequence[ScoredDocument]
    queries: QueryTypes
    instances: Instances
    atoms: AtomScores

    @classmethod
    def of(
        cls,
        documents: Sequence[ScoredDocument],
        queries: QueryTypes,
        *,
        atoms: Sequence[ScoredDocument] | None = None,
    ) -> Self:
        """Lay documents out.

        Args:
            atoms: the same documents with the logits whose sigmoid are the atoms' probabilities, where these are not
                the documents' own.
        """
        return cls(
            documents,
            queries,
            Instances.of(documents, queries),
            AtomScores.of(documents if atoms is None else atoms, queries),
        )

    def ground(self, rules: RuleSet) -> Grounded:
        """Ground every rule on every instance of its query type."""
        return ground(self.atoms, self.instances, rules, self.queries)

    def rescored(self, scores: npt.NDArray[np.float64]) -> list[ScoredDocument]:
        """The documents with the instances' scores (rows,) in place of their logits; other candidates keep theirs."""
        instances = self.instances
        relation = np.repeat(self.queries.triples[:, 0], np.diff(instances.start))
        order = np.argsort(instances.document, kind="stable")
        bounds = np.searchsorted(instances.document[order], np.arange(len(self.documents) + 1))
        result = []
        for d, document in enumerate(self.documents):
            logits = document.logits.copy()
            rows = order[bounds[d] : bounds[d + 1]]
            logits[instances.head[rows], instances.tail[rows], relation[rows]] = scores[rows]
            result.append(replace(document, logits=logits))
        return result

    def threshold(self, scores: npt.NDArray[np.float64], *, unseen: bool) -> Threshold:
        """The threshold with the best F1 of the instances' scores (rows,).

        Args:
            unseen: whether the candidates of no query type count too, with the backbone's logits.
        """
        # In float32, as predictions are: the threshold is one of these very scores.
        single, labels = scores.astype(np.float32), self.instances.labels
        if unseen:
            more_scores, more_labels = self._unseen
            single, labels = np.concatenate([single, *more_scores]), np.concatenate([labels, *more_labels])
        return best_threshold(single, labels, gold=self.instances.gold)

    @cached_property
    def _unseen(self) -> tuple[list[FloatArray], list[BoolArray]]:
        """Logits and labels of the candidates of no query type, document by document."""
        masks = [unseen(document, self.queries) for document in self.documents]
        return (
            [document.logits[mask] for document, mask in zip(self.documents, masks, strict=True)],
            [document.labels[mask] for document, mask in zip(self.documents, masks, strict=True)],
        )


def unseen(document: ScoredDocument, queries: QueryTypes) -> BoolArray:
    """(N, N, R) the candidates h != t whose (relation, head type, tail type) is not a query type."""
    mask = queries.index[:, document.types[:, None], document.types[None, :]].transpose(1, 2, 0) < 0
    n = len(document.types)
    mask[np.arange(n), np.arange(n)] = False
    return mask


def ground(
    scores: AtomScores,
    instances: Instances,
    rules: RuleSet,
    queries: QueryTypes,
    *,
    storage: Path | None = None,
) -> Grounded:
    """Ground every rule on every instance of its query type.

    Args:
        storage: a file to keep the features in, memory-mapped, instead of in memory.
    """
    counts = np.diff(rules.start)
    start = np.concatenate([[0], np.cumsum(np.diff(instances.start) * counts)]).astype(np.int64)
    size = max(int(start[-1]), 1)
    values: npt.NDArray[np.float32]
    if storage is None:
        values = np.zeros(size, dtype=np.float32)
    else:
        storage.parent.mkdir(parents=True, exist_ok=True)
        values = np.memmap(storage, dtype=np.float32, mode="w+", shape=(size,))
    blocks = []
    for q, width in enumerate(counts.tolist()):
        rows = slice(int(instances.start[q]), int(instances.start[q + 1]))
        part = slice(int(rules.start[q]), int(rules.start[q + 1]))
        features = values[start[q] : start[q + 1]].reshape(-1, max(width, 1))
        blocks.append(Block(part, features, instances.labels[rows], instances.logits[rows]))
    max_product(
        Trie.of(rules, queries),
        rules,
        queries,
        values=scores.values,
        score_start=scores.start,
        sizes=scores.sizes,
        type_start=scores.type_start,
        feature_start=start,
        document_start=instances.document_start,
        features=values,
    )
    return Grounded(rules, instances, values[: start[-1]], start, tuple(blocks))
