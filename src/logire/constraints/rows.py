"""The rows of a programme that keep a document's facts within declared limits, and the words for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from logire.constraints.declared import Constraints
from logire.corpus.document import IntArray

if TYPE_CHECKING:  # scipy's solver takes longer to import than a prediction
    from logire.rules.joint import Facts
    from logire.rules.programme import Rows


def words_of_rows(declared: Constraints) -> list[str]:
    """The words of each constraint that gives rows, at the place that the rows have as their origin.

    The rules come first, as :func:`logire.rules.joint.decide` numbers them, then the limits of :func:`limits`.
    """
    keys = [("rules", number) for number in range(len(declared.rules))]
    keys += [("tails", relation) for relation in declared.tails]
    keys += [("heads", relation) for relation in declared.heads]
    keys += [("disjoint", number) for number in range(len(declared.disjoint))]
    return [declared.words.get(key, " ".join(map(str, key))) for key in keys]


def limits(facts: Facts, declared: Constraints, relations: int, weight: float = np.inf) -> Iterator[Rows]:
    """The rows of the limits: most tails, most heads, disjoint relations. Cycles are found later.

    Args:
        relations: number of relations.
        weight: what a unit of excess costs.
    """
    from logire.rules.programme import Rows

    n, origin = len(facts.relation), len(declared.rules)
    for most, ends in ((declared.tails, facts.head), (declared.heads, facts.tail)):
        for relation, number in most.items():
            at = np.flatnonzero(facts.relation == relation)
            yield Rows.at_most(number, ends[at], at, n, weight, origin)
            origin += 1
    for relation, atom in declared.disjoint:
        both = _both(facts, relation, atom, relations)
        yield Rows.at_most(1, np.repeat(np.arange(len(both)), 2), both.ravel(), n, weight, origin)
        origin += 1


def _both(facts: Facts, relation: int, atom: int, relations: int) -> IntArray:
    """(m, 2) the pairs of facts that are a relation and an atom of the same entities; each pair once."""
    first, second = (np.flatnonzero(facts.relation == r) for r in (relation, atom % relations))
    key = facts.head[first] * facts.entities + facts.tail[first]
    ends = (facts.head, facts.tail) if atom < relations else (facts.tail, facts.head)
    other = ends[0][second] * facts.entities + ends[1][second]
    _, here, there = np.intersect1d(key, other, assume_unique=True, return_indices=True)
    pairs = np.sort(np.column_stack([first[here], second[there]]), axis=1)
    return np.unique(pairs, axis=0).reshape(-1, 2)
