"""The work of grounding: the prefixes of all rule bodies, and max-products of a few rows for each (numba kernels).

One max-product of a few rows by (N, N) for each distinct prefix of all rule bodies, document by document, no padding.

Cost of a document: sum over prefixes of (heads that need it) * N * (columns that are needed), less what is pruned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from logire.corpus.document import IntArray
from logire.rules.kernels import kernel
from logire.rules.queries import QueryTypes, RuleSet

NEGLIGIBLE = 1e-7
"""Paths that score less count as 0; what is left out is smaller than this."""
_KEPT = "_trie"
"""The attribute of rules that holds their query types and prefixes, once they were made."""


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
        """The prefixes of these rules; the rules keep them, as a fitted model grounds its own again and again."""
        kept: tuple[QueryTypes, Trie] | None = rules.__dict__.get(_KEPT)
        if kept is not None and kept[0] is queries:
            return kept[1]
        made = cls._made(rules, queries)
        object.__setattr__(rules, _KEPT, (queries, made))
        return made

    @classmethod
    def _made(cls, rules: RuleSet, queries: QueryTypes) -> Trie:
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


def max_product(
    trie: Trie,
    rules: RuleSet,
    queries: QueryTypes,
    *,
    values: npt.NDArray[np.float32],
    score_start: IntArray,
    sizes: IntArray,
    type_start: IntArray,
    feature_start: IntArray,
    document_start: IntArray,
    self_pairs: bool,
    features: npt.NDArray[np.float32],
) -> None:
    """Write the features of all rules on all documents to ``features``.

    Args:
        trie: of these rules.
        values, score_start, sizes, type_start: the atoms' probabilities, as :class:`logire.rules.layout.AtomScores`
            holds them.
        feature_start, features: as :class:`logire.rules.grounding.Grounded` holds them; zeros at first.
        document_start: (Q, D + 1) first row of each document inside its query type's rows.
        self_pairs: whether pairs of an entity with itself have rows.
    """
    query_of_rule = rules.query_of_rule
    _ground(
        values,
        score_start,
        sizes,
        type_start,
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
        np.diff(rules.start),
        feature_start,
        document_start,
        int(trie.depth.max(initial=1)),
        self_pairs,
        features,
    )


@kernel()
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


@kernel()
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


@kernel()
def _any_path(product, first_row, last_row):  # type: ignore[no-untyped-def]
    """Whether any entry of the rows first_row..last_row is above 0."""
    for i in range(first_row, last_row):
        for j in range(product.shape[1]):
            if product[i, j] > 0.0:
                return True
    return False


@kernel()
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
    self_pairs,
    features,
):
    types = head_types.shape[1]
    for d in range(len(sizes)):
        n = sizes[d]
        if n == 0:
            continue
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
        # Whether heads of a type have any path so far: where they have none, longer bodies and their rules are passed
        # over. Zeros are not written: features that nobody touched take no memory.
        alive = np.zeros((deepest, types), dtype=np.bool_)
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
                if level > 0 and not alive[level - 1, head_type]:
                    alive[level, head_type] = False
                    continue
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
                if every_tail[node, head_type]:
                    alive[level, head_type] = _any_path(out, first_row, last_row)
                else:
                    alive[level, head_type] = True
            for position in range(end_start[node], end_start[node + 1]):
                rule = end_rule[position]
                q = query_of_rule[rule]
                head_type, tail_type = triples[q, 1], triples[q, 2]
                if not alive[level, head_type]:
                    continue
                first_row, last_row = type_start[d, head_type], type_start[d, head_type + 1]
                first, last = type_start[d, tail_type], type_start[d, tail_type + 1]
                width = rule_counts[q]
                cell = feature_start[q] + document_start[q, d] * width + column_of_rule[rule]
                for i in range(first_row, last_row):
                    for j in range(first, last):
                        if i != j or self_pairs:
                            if out[i, j] > 0.0:
                                features[cell] = out[i, j]
                            cell += width
