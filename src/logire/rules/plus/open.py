"""Open rules: one atom at the head or at the tail of a query, its other end any other entity of the document.

    r(h, t) <- r1(h, e), e != t    is the body    r1 ^ any
    r(h, t) <- r1(e, t), e != h    is the body    any ^ r1

and so with inverse atoms. The paper's rules are closed: each joins the head to the tail by a path. Open ones say what
kind of entity the head or the tail is in this document (the head of a state is not a sports player); those on r itself
show that another entity already fills the slot (a state has one head). They are grounded as every other body is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from logire.rules.queries import Body, QueryTypes, any_atom

if TYPE_CHECKING:
    from logire.corpus.dump import ScoredDocument  # it imports torch, which settings and help do without


def open_rules(train: Sequence[ScoredDocument], queries: QueryTypes, most: int) -> list[dict[Body, int]]:
    """For each query type: the ``most`` open bodies that hold for the most facts, and the four of its relation.

    Returns:
        Body -> number of facts of the query type that it holds for.
    """
    relations = len(queries.index)
    chosen = []
    for counts, (relation, _, _) in zip(count_open(train, queries), queries.triples, strict=True):
        own = [body for atom in (int(relation), int(relation) + relations) for body in _open(atom, relations)]
        best = sorted(counts, key=lambda body: (-counts[body], body))[:most]
        chosen.append({body: counts[body] for body in (*best, *own)})
    return chosen


def count_open(documents: Sequence[ScoredDocument], queries: QueryTypes) -> list[Counter[Body]]:
    """For each query type: open body -> number of facts that it holds for by the labels, where there is one."""
    relations = len(queries.index)
    bodies = [_open(atom, relations)[end] for end in (0, 1) for atom in range(2 * relations)]
    counts = np.zeros((len(queries), len(bodies)), dtype=np.int64)
    for document in documents:
        head, tail, relation = np.nonzero(document.labels)
        q = queries.index[relation, document.types[head], document.types[tail]]
        kept = (head != tail) & (q >= 0)
        head, tail, q = head[kept], tail[kept], q[kept]
        holds = np.concatenate([document.labels, document.labels.transpose(1, 0, 2)], axis=2).astype(np.int64)
        itself = np.arange(len(holds))
        holds[itself, itself] = 0
        # how many entities but the tail the head is joined to, and but the head the tail
        others = holds.sum(axis=1)[head] - holds[head, tail], holds.sum(axis=0)[tail] - holds[head, tail]
        np.add.at(counts, q, np.concatenate(others, axis=1) > 0)
    return [Counter({bodies[k]: int(row[k]) for k in np.flatnonzero(row)}) for row in counts]


def _open(atom: int, relations: int) -> tuple[Body, Body]:
    """The atom at the head, and at the tail."""
    anything = any_atom(relations)
    return (atom, anything), (anything, atom)
