"""Mined rules of whole relations with what the training labels say of each: the ground of the rivals that weigh rules.

The rules of the papers tried here know no entity types. So all query types of a relation share its bodies, and a
rule's counts are sums over them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from logire.corpus.document import BoolArray, IntArray
from logire.corpus.dump import ScoredDocument
from logire.rules.mining import count_paths, highest
from logire.rules.queries import QueryTypes, RuleSet
from logire.rules.ruletable import label_counts

CHUNK = 25
"""Documents grounded at a time: phi of some hundred rules on all pairs of a corpus would not fit into memory."""


@dataclass(frozen=True)
class CountedRules:
    """Rules and their counts in the training labels, those of a relation the same at each of its query types.

    Attributes:
        rules: closed bodies, the identity left out.
        support: (rules,) pairs that the body joins and that carry the relation.
        joined: (rules,) pairs that the body joins, of the types that the relation occurs between.
        facts: (rules,) labelled facts of the relation.
    """

    rules: RuleSet
    support: IntArray
    joined: IntArray
    facts: IntArray

    def keep(self, chosen: BoolArray) -> CountedRules:
        """The rules that ``chosen`` (rules,) names."""
        return CountedRules(self.rules.keep(chosen), self.support[chosen], self.joined[chosen], self.facts[chosen])


def counted_rules(
    train: Sequence[ScoredDocument], queries: QueryTypes, *, length: int, support: int, most: int
) -> CountedRules:
    """Mine the rules of each relation and count how often each is right.

    Args:
        length: of the longest body.
        support: facts that a path of the body must join.
        most: bodies for each relation, those that join the most facts.
    """
    mined = [
        {body: n for body, n in found.items() if n >= support and body != (int(relation),)}
        for found, (relation, _, _) in zip(
            queries.tied(count_paths(train, queries, length)), queries.triples, strict=True
        )
    ]
    rules = RuleSet.of_counts(highest(mined, mined, most))
    right, joined = np.zeros(len(rules), dtype=np.int64), np.zeros(len(rules), dtype=np.int64)
    for part in chunks(train):
        right_here, joined_here = label_counts(part, rules, queries)
        right += right_here
        joined += joined_here
    relation = queries.triples[rules.query_of_rule, 0]
    facts = facts_of_relations(train)
    # The bodies of a relation stand in the same order at each of its query types.
    place = np.arange(len(rules)) - rules.start[rules.query_of_rule]
    _, group = np.unique(np.stack([relation, place], axis=1), axis=0, return_inverse=True)
    return CountedRules(rules, _summed(right, group), _summed(joined, group), facts[relation])


def facts_of_relations(documents: Sequence[ScoredDocument]) -> IntArray:
    """(R,) number of labelled facts between different entities."""
    apart = (document.labels[~np.eye(len(document.types), dtype=np.bool_)] for document in documents)
    return np.asarray(sum(labels.sum(axis=0) for labels in apart), dtype=np.int64)


def chunks(documents: Sequence[ScoredDocument]) -> Iterator[Sequence[ScoredDocument]]:
    """The documents in order, :data:`CHUNK` at a time."""
    for first in range(0, len(documents), CHUNK):
        yield documents[first : first + CHUNK]


def _summed(counts: IntArray, group: IntArray) -> IntArray:
    """Each entry's group's sum."""
    totals = np.zeros(int(group.max(initial=-1)) + 1, dtype=np.int64)
    np.add.at(totals, group, counts)
    return totals[group]
