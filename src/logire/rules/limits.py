"""The rows of a programme that keep a document's facts within limits: most tails, most heads, what excludes what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.sparse import csr_array

from logire.corpus.document import IntArray
from logire.rules.joint import Facts
from logire.rules.programme import Rows


def limit_rows(
    facts: Facts,
    relations: int,
    *,
    tails: Mapping[int, int],
    heads: Mapping[int, int],
    apart: Sequence[tuple[int, int]],
    weight: float = np.inf,
    origin: int = 0,
) -> Iterator[Rows]:
    """The rows of the limits that the facts could break.

    Args:
        relations: number of relations.
        tails, heads: relation -> the most tails of a head, the most heads of a tail.
        apart: (relation, atom) that never hold of the same pair of entities.
        weight: what a unit of excess costs.
        origin: of the first limit's rows; those of the next have the next number, tails before heads before apart.
    """
    n = len(facts.relation)
    for most, ends in ((tails, facts.head), (heads, facts.tail)):
        for relation, number in most.items():
            at = np.flatnonzero(facts.relation == relation)
            yield Rows.at_most(number, ends[at], at, n, weight, origin)
            origin += 1
    place, both = _both(facts, relations, apart)
    yield Rows.at_most(1, np.repeat(np.arange(len(both)), 2), both.ravel(), n, weight, origin + place)


def _both(facts: Facts, relations: int, apart: Sequence[tuple[int, int]]) -> tuple[IntArray, IntArray]:
    """(m,) places in ``apart``, in order, and (m, 2) the facts that it keeps apart there; each two once."""
    place = np.full((relations, 2 * relations), -1)
    for k, (relation, atom) in reversed(list(enumerate(apart))):
        place[relation, atom] = k
    straight, turned = (
        _pairs(ends, other, facts.entities)
        for ends, other in (
            ((facts.head, facts.tail), (facts.head, facts.tail)),
            ((facts.head, facts.tail), (facts.tail, facts.head)),
        )
    )
    one = np.concatenate([straight[0], turned[0]])
    two = np.concatenate([straight[1], turned[1]])
    atom = facts.relation[two]
    atom[len(straight[0]) :] += relations
    found = np.column_stack([place[facts.relation[one], atom], np.minimum(one, two), np.maximum(one, two)])
    found = np.unique(found[found[:, 0] >= 0], axis=0)
    return found[:, 0], found[:, 1:]


def _pairs(
    ends: tuple[IntArray, IntArray], other: tuple[IntArray, IntArray], entities: int
) -> tuple[IntArray, IntArray]:
    """The numbers of two facts, the first of which has the ends that ``other`` names for the second."""
    n = len(ends[0])
    one, two = (
        csr_array((np.ones(n), (np.arange(n), h * entities + t)), shape=(n, entities**2)) for h, t in (ends, other)
    )
    found = (one @ two.T).tocoo()
    return found.row.astype(np.int64), found.col.astype(np.int64)
