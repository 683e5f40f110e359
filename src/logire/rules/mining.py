"""Rule mining: the prior knowledge the generator starts from (after RNNLogic, Qu et al. 2021).

For every labelled training fact (h, r, t), the label paths h -> ... -> t of length 1 to ``max_length`` over
relations and inverse relations, visiting no entity twice; each distinct atom sequence counts once a fact, and the
counts of a query type are normalised to 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from logire.corpus.document import BoolArray
from logire.rules.queries import Body, QueryTypes

if TYPE_CHECKING:
    from logire.corpus.dump import ScoredDocument  # it imports torch, which settings and help do without

RuleTable = list[dict[Body, float]]
"""For each query type: rule body -> weight; the weights of a query type sum to 1."""


def mine(documents: Sequence[ScoredDocument], queries: QueryTypes, max_length: int) -> RuleTable:
    """Mine the rule table; every query type has at least its identity rule r <- r."""
    return normalised(count_paths(documents, queries, max_length))


def count_paths(documents: Sequence[ScoredDocument], queries: QueryTypes, max_length: int) -> list[Counter[Body]]:
    """For each query type: rule body -> number of facts that a path of this body joins (its support)."""
    counts: list[Counter[Body]] = [Counter() for _ in range(len(queries))]
    for document in documents:
        paths = label_paths(document.labels, max_length)
        for h, t, r in np.argwhere(document.labels):
            if h != t:
                q = queries.index[r, document.types[h], document.types[t]]
                if q >= 0:
                    counts[q].update(paths[int(h), int(t)])
    return counts


def normalised(counts: Sequence[Counter[Body]]) -> RuleTable:
    """Counts to weights that sum to 1 a query type, bodies in sorted order."""
    return [
        {body: count / total for body, count in sorted(counter.items())}
        for counter, total in ((counter, sum(counter.values())) for counter in counts)
    ]


def label_paths(labels: BoolArray, max_length: int) -> dict[tuple[int, int], set[Body]]:
    """(h, t) -> the distinct atom sequences of the simple paths from h to t.

    Only pairs that carry a label themselves are kept.

    Args:
        labels: (N, N, R).
    """
    n, _, r = labels.shape
    neighbours: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    wanted = set()
    for h, t, relation in np.argwhere(labels):
        if h != t:
            neighbours[h].append((int(relation), int(t)))
            neighbours[t].append((int(relation) + r, int(h)))
            wanted.add((int(h), int(t)))
    found: dict[tuple[int, int], set[Body]] = {pair: set() for pair in wanted}
    heads = {h for h, _ in wanted}

    def walk(start: int, entity: int, body: Body, visited: tuple[int, ...]) -> None:
        for atom, following in neighbours[entity]:
            if following in visited:
                continue
            longer = (*body, atom)
            if (start, following) in found:
                found[start, following].add(longer)
            if len(longer) < max_length:
                walk(start, following, longer, (*visited, following))

    for head in sorted(heads):
        walk(head, head, (), (head,))
    return found
