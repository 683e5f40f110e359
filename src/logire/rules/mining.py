"""Rule mining: the bodies that hold for labelled training facts, and for how many.

Closed bodies are the prior knowledge that the generator starts from (after RNNLogic, Qu et al. 2021): for every
labelled training fact (h, r, t), the label paths h -> ... -> t of length 1 to ``max_length`` over relations and inverse
relations, visiting no entity twice; each distinct atom sequence counts once a fact, and the counts of a query type are
normalised to 1.

Relations of an entity to itself (h = t) are left out, as the paper's paths have no room for them. The authors' code
has them (``self_relations``): such a fact is one of the query type (r, type, type), and the bodies that join h to
itself are the relations of h to itself and their inverses; a path from h to another entity may have one of these before
its first atom. There a fact that is labelled twice counts twice; our labels are a boolean array, which does not tell.

Open bodies have one atom at the head or at the tail of a query, its other end any other entity of the document:

    r(h, t) <- r1(h, e), e != t    is the body    r1 ^ any
    r(h, t) <- r1(e, t), e != h    is the body    any ^ r1

and so with inverse atoms. The paper's rules are closed: each joins the head to the tail by a path. Open ones say what
kind of entity the head or the tail is in this document (the head of a state is not a sports player); those on r itself
show that another entity already fills the slot (a state has one head). They are grounded as every other body is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from logire.corpus.document import BoolArray
from logire.rules.queries import Body, QueryTypes, any_atom

if TYPE_CHECKING:
    from logire.corpus.dump import ScoredDocument  # settings and help do without it

RuleTable = list[dict[Body, float]]
"""For each query type: rule body -> weight; the weights of a query type sum to 1."""


def mine(
    documents: Sequence[ScoredDocument], queries: QueryTypes, max_length: int, *, self_relations: bool = False
) -> RuleTable:
    """Mine the rule table; every query type has at least its identity rule r <- r.

    Args:
        self_relations: whether relations of an entity to itself count; then ``queries`` must have their types.
    """
    return normalised(count_paths(documents, queries, max_length, self_relations=self_relations))


def count_paths(
    documents: Sequence[ScoredDocument], queries: QueryTypes, max_length: int, *, self_relations: bool = False
) -> list[Counter[Body]]:
    """For each query type: rule body -> number of facts that a path of this body joins (its support)."""
    counts: list[Counter[Body]] = [Counter() for _ in range(len(queries))]
    for document in documents:
        paths = label_paths(document.labels, max_length, self_relations=self_relations)
        for h, t, r in np.argwhere(document.labels):
            if h != t or self_relations:
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


def explored(table: RuleTable, share: float) -> RuleTable:
    """The table with ``share`` of each query type's weight spread evenly over its bodies (the authors' code: 0.1)."""
    return [{body: (1.0 - share) * w + share / len(rules) for body, w in rules.items()} for rules in table]


def label_paths(
    labels: BoolArray, max_length: int, *, self_relations: bool = False
) -> dict[tuple[int, int], set[Body]]:
    """(h, t) -> the distinct atom sequences of the simple paths from h to t.

    Only pairs that carry a label themselves are kept.

    Args:
        labels: (N, N, R).
        self_relations: whether pairs (h, h) are kept, and paths may begin with a relation of h to itself.
    """
    n, _, r = labels.shape
    neighbours: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    loops: list[list[int]] = [[] for _ in range(n)]
    wanted = set()
    for h, t, relation in np.argwhere(labels):
        if h != t:
            neighbours[h].append((int(relation), int(t)))
            neighbours[t].append((int(relation) + r, int(h)))
            wanted.add((int(h), int(t)))
        elif self_relations:
            loops[h] += [int(relation), int(relation) + r]
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
    for (head, _), bodies in found.items():
        bodies.update([(atom, *body) for atom in loops[head] for body in bodies if len(body) < max_length])
    found.update({(entity, entity): {(atom,) for atom in atoms} for entity, atoms in enumerate(loops) if atoms})
    return found


def highest(
    counts: Sequence[Mapping[Body, int]], rank: Sequence[Mapping[Body, float]], most: int
) -> list[dict[Body, int]]:
    """The ``most`` bodies of each query type that rank highest, of equals the first in order, with their counts."""
    return [
        {body: int(found[body]) for body in sorted(found, key=lambda b: (-order[b], b))[:most]}
        for found, order in zip(counts, rank, strict=True)
    ]


def open_rules(train: Sequence[ScoredDocument], queries: QueryTypes, most: int) -> list[dict[Body, int]]:
    """For each query type: the ``most`` open bodies that hold for the most facts, and the four of its relation.

    Returns:
        Body -> number of facts of the query type that it holds for.
    """
    return most_open(count_open(train, queries), queries, most)


def most_open(counted: Sequence[Counter[Body]], queries: QueryTypes, most: int) -> list[dict[Body, int]]:
    """The same from what :func:`count_open` counted."""
    relations = len(queries.index)
    chosen = []
    for counts, (relation, _, _) in zip(counted, queries.triples, strict=True):
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
