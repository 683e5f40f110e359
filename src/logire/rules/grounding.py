"""Grounding: phi(rule; h, t), the max-product over all grounding paths of a rule body (paper, section 3.2).

    phi(rule; h, t) = max over h = e_0, ..., e_l = t of  prod_i phi(e_{i-1}, r_i, e_i)

with phi(e, r, e') = sigmoid(logit[e, e', r]), for an inverse atom sigmoid(logit[e', e, r]), for ``any`` 1 where
e and e' differ, else 0; the entities between are any of the document's. One max-product of a few rows by (N, N) for
each distinct prefix of all rule bodies, document by document, no padding.

Cost of a document: sum over prefixes of (heads that need it) * N * (columns that are needed), less what is pruned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np
import numpy.typing as npt
from scipy.special import expit

from logire.corpus.document import FloatArray, IntArray
from logire.corpus.dump import ScoredDocument
from logire.rules.queries import Instances, QueryTypes
from logire.rules.ruleset import RuleSet, Trie

NEGLIGIBLE = 1e-7
"""Paths that score less count as 0; what is left out is smaller than this."""


def sigmoid(logits: FloatArray) -> FloatArray:
    """The backbone's probabilities phi(e, r, e') of its logits, float32."""
    return np.asarray(expit(logits.astype(np.float32, copy=False)), dtype=np.float32)


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

    def document(self, d: int) -> npt.NDArray[np.float32]:
        """(R, N, N) probabilities of document d, entities in sorted order."""
        n = int(self.sizes[d])
        return self.values[self.start[d] : self.start[d + 1]].reshape(-1, n, n)


@dataclass(frozen=True)
class Features:
    """phi(rule; h, t) of every instance and every rule of its query type.

    Attributes:
        values: flat float32; query type q is a (rows, rules) matrix from ``start[q]``. May be memory-mapped.
        start: (Q + 1,)
        rules: (Q,) number of rules of each query type.
    """

    values: npt.NDArray[np.float32]
    start: IntArray
    rules: IntArray

    def query(self, q: int) -> npt.NDArray[np.float32]:
        """(rows, rules) features of query type q."""
        return self.values[self.start[q] : self.start[q + 1]].reshape(-1, max(int(self.rules[q]), 1))


def ground(
    scores: AtomScores,
    instances: Instances,
    rules: RuleSet,
    queries: QueryTypes,
    *,
    storage: Path | None = None,
) -> Features:
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
    trie = Trie.of(rules, queries)
    query_of_rule = rules.query_of_rule
    _ground(
        scores.values,
        scores.start,
        scores.sizes,
        scores.type_start,
        trie.atom,
        trie.depth,
        trie.head_types,
        trie.every_tail,
        trie.tail_types,
        trie.end_start,
        trie.end_rule,
        query_of_rule,
        np.arange(len(rules)) - rules.start[query_of_rule],
        queries.triples,
        counts,
        start,
        instances.document_start,
        int(trie.depth.max(initial=1)),
        values,
    )
    return Features(values[: start[-1]], start, counts)


@numba.njit(cache=True)
def _max_product(left, right, row_bound, first_row, last_row, first, last, out):  # type: ignore[no-untyped-def]
    """out[i, j] = max_k left[i, k] * right[k, j] for rows first_row..last_row and columns first..last.

    ``row_bound[k]`` is the largest entry of right's row k: a product that can't reach NEGLIGIBLE is passed over.
    """
    n = right.shape[0]
    for i in range(first_row, last_row):
        row = out[i, first:last]
        row[:] = 0.0
        for k in range(n):
            value = left[i, k]
            if value * row_bound[k] >= NEGLIGIBLE:
                other = right[k, first:last]
                for j in range(last - first):
                    product = value * other[j]
                    row[j] = product if product > row[j] else row[j]


@numba.njit(cache=True)
def _max_other(left, first_row, last_row, out):  # type: ignore[no-untyped-def]
    """out[i, j] = max over k != j of left[i, k] for rows first_row..last_row: the product by ``any``, N^2 not N^3."""
    for i in range(first_row, last_row):
        at, top, second = 0, left[i, 0], np.float32(0.0)
        for k in range(1, left.shape[1]):
            value = left[i, k]
            if value > top:
                at, top, second = k, value, top
            elif value > second:
                second = value
        out[i, :] = top
        out[i, at] = second


@numba.njit(cache=True)
def _ground(  # type: ignore[no-untyped-def]
    values,
    score_start,
    sizes,
    type_start,
    atom,
    depth,
    head_types,
    every_tail,
    tail_types,
    end_start,
    end_rule,
    query_of_rule,
    column_of_rule,
    triples,
    rule_counts,
    feature_start,
    document_start,
    deepest,
    features,
):
    types = head_types.shape[1]
    for d in range(len(sizes)):
        n = sizes[d]
        relations = (score_start[d + 1] - score_start[d]) // (n * n)
        forward = values[score_start[d] : score_start[d + 1]].reshape((relations, n, n))
        anything = 2 * relations
        atoms = np.ones((anything + 1, n, n), dtype=np.float32)
        bounds = np.zeros((anything + 1, n), dtype=np.float32)
        bounds[anything] = 1.0
        for i in range(n):
            atoms[anything, i, i] = 0.0
        for r in range(relations):
            for i in range(n):
                for j in range(n):
                    p = forward[r, i, j]
                    atoms[r, i, j] = p
                    atoms[r + relations, j, i] = p
                    bounds[r, i] = max(bounds[r, i], p)
                    bounds[r + relations, j] = max(bounds[r + relations, j], p)
        products = np.empty((deepest, n, n), dtype=np.float32)
        turned = np.empty((n, n), dtype=np.float32)
        first_atom = anything
        for node in range(len(atom)):
            level = depth[node] - 1
            a = atom[node]
            out = products[level]
            if level == 0:
                first_atom = a
            from_any = level == 1 and first_atom == anything and a != anything
            if from_any:
                _max_other(atoms[a + relations if a < relations else a - relations], 0, n, turned)
            for head_type in range(types):
                if not head_types[node, head_type]:
                    continue
                first_row, last_row = type_start[d, head_type], type_start[d, head_type + 1]
                if level == 0:
                    out[first_row:last_row] = atoms[a, first_row:last_row]
                elif from_any:
                    out[first_row:last_row] = turned.T[first_row:last_row]
                elif a == anything:
                    _max_other(products[level - 1], first_row, last_row, out)
                elif every_tail[node, head_type]:
                    _max_product(products[level - 1], atoms[a], bounds[a], first_row, last_row, 0, n, out)
                else:
                    for tail_type in range(types):
                        if tail_types[node, head_type, tail_type]:
                            first, last = type_start[d, tail_type], type_start[d, tail_type + 1]
                            if first < last:
                                _max_product(
                                    products[level - 1], atoms[a], bounds[a], first_row, last_row, first, last, out
                                )
            for position in range(end_start[node], end_start[node + 1]):
                rule = end_rule[position]
                q = query_of_rule[rule]
                head_type, tail_type = triples[q, 1], triples[q, 2]
                first_row, last_row = type_start[d, head_type], type_start[d, head_type + 1]
                first, last = type_start[d, tail_type], type_start[d, tail_type + 1]
                width = rule_counts[q]
                cell = feature_start[q] + document_start[q, d] * width + column_of_rule[rule]
                for i in range(first_row, last_row):
                    for j in range(first, last):
                        if i != j:
                            features[cell] = out[i, j]
                            cell += width
