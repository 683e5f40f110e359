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

from logire.corpus.document import BoolArray, FloatArray, IntArray
from logire.corpus.dump import ScoredDocument
from logire.ground.thresholds import Threshold, best_threshold
from logire.rules.layout import AtomScores, Instances
from logire.rules.maxproduct import Trie, max_product
from logire.rules.queries import QueryTypes, RuleSet

REACH = 30
"""Predictions for each labelled fact that a threshold is first looked for among."""


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
    """Documents laid out for the rules of some query types; made once for any number of rule sets.

    Attributes:
        evidence: the same documents with the logits whose sigmoid are the atoms' probabilities.
    """

    documents: Sequence[ScoredDocument]
    queries: QueryTypes
    instances: Instances
    evidence: Sequence[ScoredDocument]

    @classmethod
    def of(
        cls,
        documents: Sequence[ScoredDocument],
        queries: QueryTypes,
        *,
        atoms: Sequence[ScoredDocument] | None = None,
        self_pairs: bool = False,
    ) -> Self:
        """Lay documents out.

        Args:
            atoms: the same documents with the logits whose sigmoid are the atoms' probabilities, where these are not
                the documents' own.
            self_pairs: whether pairs of an entity with itself are instances; in training alone, none is ever predicted.
        """
        return cls(
            documents,
            queries,
            Instances.of(documents, queries, self_pairs=self_pairs),
            documents if atoms is None else atoms,
        )

    @cached_property
    def atoms(self) -> AtomScores:
        """The atoms' probabilities, laid out."""
        return AtomScores.of(self.evidence, self.queries)

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
        single, labels, gold = scores.astype(np.float32), self.instances.labels, self.instances.gold
        if not unseen:
            return best_threshold(single, labels, gold=gold)
        most = REACH * gold
        for more_scores, more_labels in (self._highest_unseen, self._unseen):
            found = best_threshold(
                np.concatenate([single, more_scores]), np.concatenate([labels, more_labels]), gold=gold
            )
            # With those left out too, a lower threshold would give more than `most` predictions: at most this F1.
            if found.f1 * (most + gold) > 2.0 * gold:
                break
        return found

    def ign_f1_logire(self, scores: npt.NDArray[np.float64], *, unseen: bool) -> float:
        """Ign F1 (0 to 1) of the instances' scores (rows,) at the threshold with the best F1.

        It is the LogiRE authors' own, the metric `ign_f1_logire`: precision over all predictions, recall over the
        facts that are not known from training.

        Args:
            unseen: as in :meth:`threshold`.
        """
        theta, _ = self.threshold(scores, unseen=unseen)
        parts = [(scores.astype(np.float32), self.instances.labels, self._known)]
        if unseen:
            parts.append((*self._unseen, self._known_unseen))
        predicted = sum(int((found >= theta).sum()) for found, _, _ in parts)
        correct = sum(int((found[labels] >= theta).sum()) for found, labels, _ in parts)
        new = correct - sum(int((found[known] >= theta).sum()) for found, _, known in parts)
        precision, recall = correct / max(predicted, 1), new / max(self._new_gold, 1)
        return 2.0 * precision * recall / max(precision + recall, 1e-300)

    @cached_property
    def _new_gold(self) -> int:
        """Number of labelled facts that are not known from training, those of no query type included."""
        return self.instances.gold - sum(int((d.labels & d.in_train).sum()) for d in self.documents)

    @cached_property
    def _known(self) -> BoolArray:
        """(rows,) whether an instance is labelled and known from training."""
        instances, known = self.instances, np.zeros(len(self.instances), dtype=np.bool_)
        labelled = np.flatnonzero(instances.labels)
        relation = self.queries.triples[np.searchsorted(instances.start, labelled, side="right") - 1, 0]
        for row, r in zip(labelled, relation, strict=True):
            document = self.documents[instances.document[row]]
            known[row] = document.in_train[instances.head[row], instances.tail[row], r]
        return known

    @cached_property
    def _known_unseen(self) -> BoolArray:
        """The same for the candidates of no query type, document by document."""
        parts = [(d.labels & d.in_train)[unseen(d, self.queries)] for d in self.documents]
        return np.concatenate([*parts, np.zeros(0, np.bool_)])

    @cached_property
    def _unseen(self) -> tuple[FloatArray, BoolArray]:
        """Logits and labels of the candidates of no query type, document by document."""
        masks = [unseen(document, self.queries) for document in self.documents]
        parts = list(zip(self.documents, masks, strict=True))
        return (
            np.concatenate([document.logits[mask] for document, mask in parts] or [np.zeros(0, np.float32)]),
            np.concatenate([document.labels[mask] for document, mask in parts] or [np.zeros(0, np.bool_)]),
        )

    @cached_property
    def _highest_unseen(self) -> tuple[FloatArray, BoolArray]:
        """Those of them that are among the ``REACH * gold`` with the highest logits."""
        logits, labels = self._unseen
        most = REACH * self.instances.gold
        if len(logits) <= most:
            return logits, labels
        kept = np.argpartition(-logits, most)[:most]
        return logits[kept], labels[kept]


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
        self_pairs=instances.self_pairs,
        features=values,
    )
    return Grounded(rules, instances, values[: start[-1]], start, tuple(blocks))
