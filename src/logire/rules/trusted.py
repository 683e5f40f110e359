"""What the training labels obey: rules, and denials, that is what never holds together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np

from logire.corpus.document import IntArray
from logire.corpus.dump import ScoredDocument
from logire.rules.mining import count_paths
from logire.rules.queries import Body, QueryTypes, Rule, RuleSet
from logire.rules.ruletable import label_counts, share_right


@dataclass(frozen=True)
class Mined:
    """The mined rules that join enough labelled pairs, and how many of the pairs they join are labelled.

    Attributes:
        least: labelled pairs that a rule joins, whatever the types of its pairs are.
        rules: the same of each query type of a relation, the identity left out.
        support, joined: (rules,) labelled pairs that the body joins, and all pairs.
    """

    queries: QueryTypes
    least: int
    rules: RuleSet
    support: IntArray
    joined: IntArray

    @classmethod
    def of(cls, train: Sequence[ScoredDocument], queries: QueryTypes, *, length: int, least: int) -> Self:
        """Mine bodies of at most ``length`` atoms."""
        rules = cls.bodies(count_paths(train, queries, length), queries, least)
        return cls(queries, least, rules, *label_counts(train, rules, queries))

    @staticmethod
    def bodies(counts: Sequence[Counter[Body]], queries: QueryTypes, least: int) -> RuleSet:
        """The rules that join ``least`` labelled pairs, whatever their types.

        Args:
            counts: body -> labelled pairs that it joins, for each query type; the identity is taken out.
        """
        relations = queries.triples[:, 0].tolist()
        total: Counter[Rule] = Counter()
        for found, relation in zip(counts, relations, strict=True):
            found.pop((relation,), None)
            total.update({Rule(relation, body): n for body, n in found.items()})
        enough: dict[int, list[Body]] = {}
        for (relation, body), n in total.items():
            if n >= least:
                enough.setdefault(relation, []).append(body)
        # Also where a query type has no such fact: its pairs may speak against the rule.
        return RuleSet.of_counts(
            [
                {body: found[body] for body in enough.get(relation, ())}
                for found, relation in zip(counts, relations, strict=True)
            ]
        )

    def of_types(self, confidence: float) -> RuleSet:
        """The rules that are right for at least ``confidence`` of the pairs they join, each query type by itself."""
        kept = (self.rules.counts >= self.least) & (share_right(self.support, self.joined) >= confidence)
        bodies, counts = self.rules.bodies, self.rules.counts.tolist()
        return RuleSet.of_counts(
            [
                {bodies[k]: counts[k] for k in range(first, last) if kept[k]}
                for first, last in pairwise(self.rules.start.tolist())
            ]
        )

    def of_any_types(self, confidence: float) -> tuple[Rule, ...]:
        """The same over all query types of a relation together, in the order of relations and bodies."""
        heads = self.queries.triples[self.rules.query_of_rule, 0].tolist()
        rules = [Rule(head, body) for head, body in zip(heads, self.rules.bodies, strict=True)]
        number = {rule: k for k, rule in enumerate(sorted(set(rules)))}
        place = [number[rule] for rule in rules]
        support, joined = (
            np.bincount(place, weights=count, minlength=len(number)) for count in (self.support, self.joined)
        )
        kept = share_right(support, joined) >= confidence
        return tuple(rule for rule, k in number.items() if kept[k])


class Denials(NamedTuple):
    """What never holds together, but for exceptions.

    Attributes:
        apart: (r, atom): r(h, t) and the atom between h and t; (r, r inverse) where r is asymmetric.
        one_tail: relations with one tail a head. one_head: relations with one head a tail.
    """

    apart: tuple[tuple[int, int], ...] = ()
    one_tail: tuple[int, ...] = ()
    one_head: tuple[int, ...] = ()


def mine_denials(train: Sequence[ScoredDocument], relations: int, *, share: float, least: int) -> Denials:
    """The denials that the training labels obey.

    Args:
        share: of the cases in which a denial must hold: of the facts of the rarer relation, of the heads, of the tails.
        least: how many cases there must be.
    """
    same, turned = np.zeros((relations, relations)), np.zeros((relations, relations))
    facts = np.zeros(relations)
    ends, single = np.zeros((2, relations)), np.zeros((2, relations))
    for document in train:
        of_pair, of_turned = (
            labels.reshape(-1, relations) for labels in (document.labels, document.labels.transpose(1, 0, 2))
        )
        rows = of_pair.any(axis=1)
        here = of_pair[rows].astype(np.float64)
        same += here.T @ here
        turned += here.T @ of_turned[rows]
        facts += here.sum(axis=0)
        for axis in (0, 1):  # of each tail its heads, of each head its tails
            count = document.labels.sum(axis=axis)
            ends[axis] += (count > 0).sum(axis=0)
            single[axis] += (count == 1).sum(axis=0)
    rarer = np.minimum(facts[:, None], facts[None, :])
    never, never_turned = ((rarer >= least) & (rarer - both >= share * rarer) for both in (same, turned))
    heads, tails = ((ends >= least) & (single >= share * ends)).tolist()
    return Denials(
        apart=(
            *((r, s) for r, s in np.argwhere(never).tolist() if r < s),
            *((r, s + relations) for r, s in np.argwhere(never_turned).tolist() if r <= s),
        ),
        one_tail=tuple(r for r in range(relations) if tails[r]),
        one_head=tuple(r for r in range(relations) if heads[r]),
    )
