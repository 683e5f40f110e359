"""Scoring one split's predictions: what is counted, and everything that follows from the counts.

Facts are counted once over (document, head, tail, relation), for the split and for its breakdowns by document,
relation, distance and sentence; gold rules are counted for the predictions and for the labels.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np

from logire.corpus.document import BoolArray, Document, IntArray, Schema, TrainingFacts
from logire.corpus.gold import GoldRule
from logire.corpus.predictions import Prediction
from logire.evaluation.counts import COUNTS, FactTable, fact_table
from logire.evaluation.logic import rule_counts
from logire.evaluation.metrics import fact_metrics, rule_metrics
from logire.ground.errors import InputError

DISTANCE_EDGES = (100, 200, 400)
"""Where one group of entity-pair distances ends and the next begins (Figure 4: four groups)."""


SENTENCES = ("intra", "inter")
"""The sentence groups: pairs with a sentence in common, and pairs without."""
_FARTHEST = 2**31
"""No two entities are as many tokens apart."""
_RULE_COUNTS = ("bodies", "heads")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The counts of one split.

    Attributes:
        document_counts: (D, 5) :data:`~logire.evaluation.counts.COUNTS` by document, in the split's order; what a
            bootstrap draws from.
        relations: relation names.
        relation_counts: (R, 5) counts by relation.
        distance_edges: the edges of the distance groups, in tokens.
        distance_pairs: (G,) candidate entity pairs (h != t) by group.
        distance_counts: (G, 5) counts by group.
        sentences: (2,) candidate pairs and (2, 5) counts by the groups of :data:`SENTENCES`; None where every document
            is one sentence.
        rules: the gold rules scored.
        rules_left_out: how many gold rules have a relation that the corpus lacks.
        rule_counts: (K, 2) predicted bodies, and those whose head is predicted too.
        gold_rule_counts: (K, 2) the same for the labels themselves.
    """

    document_counts: IntArray
    relations: tuple[str, ...]
    relation_counts: IntArray
    distance_edges: tuple[int, ...]
    distance_pairs: IntArray
    distance_counts: IntArray
    sentences: tuple[IntArray, IntArray] | None
    rules: tuple[GoldRule, ...]
    rules_left_out: int
    rule_counts: IntArray
    gold_rule_counts: IntArray

    @property
    def counts(self) -> IntArray:
        """(5,) the split's :data:`~logire.evaluation.counts.COUNTS`."""
        total: IntArray = self.document_counts.sum(axis=0)
        return total

    @property
    def metrics(self) -> dict[str, float | None]:
        """Every metric of the split by name, in percent; ``gold_logic`` is what a perfect prediction would get."""
        found: dict[str, float | None] = {metric.name: float(metric.compute(self.counts)) for metric in fact_metrics()}
        for metric in rule_metrics():
            found[metric.name] = metric.compute(self.rule_counts)
            found[f"gold_{metric.name}"] = metric.compute(self.gold_rule_counts)
        return found

    def as_dict(self) -> dict[str, Any]:
        """Everything as JSON values."""
        bounds = (0, *self.distance_edges, None)
        return {
            **self.metrics,
            "counts": {"documents": len(self.document_counts), **_counts(self.counts)},
            "by_distance": [
                {"from": bounds[g], "to": bounds[g + 1], "pairs": int(self.distance_pairs[g]), **row}
                for g, row in enumerate(_rows(self.distance_counts))
            ],
            "by_sentence": None
            if self.sentences is None
            else {
                name: {"pairs": int(pairs), **row}
                for name, pairs, row in zip(SENTENCES, self.sentences[0], _rows(self.sentences[1]), strict=True)
            },
            "per_relation": dict(zip(self.relations, _rows(self.relation_counts), strict=True)),
            "logic_rules": [
                {
                    "rule": str(rule),
                    **{name: int(n) for name, n in zip(_RULE_COUNTS, found, strict=True)},
                    **{f"gold_{name}": int(n) for name, n in zip(_RULE_COUNTS, gold, strict=True)},
                }
                for rule, found, gold in zip(self.rules, self.rule_counts, self.gold_rule_counts, strict=True)
            ],
            "logic_rules_left_out": self.rules_left_out,
            "per_document": {
                name: [int(n) for n in column] for name, column in zip(COUNTS, self.document_counts.T, strict=True)
            },
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The counts in what :meth:`as_dict` gave; the metrics follow from them again.

        Raises:
            KeyError, TypeError, ValueError: a count is missing or is not a number.
        """
        distances, relations, rules = values["by_distance"], values["per_relation"], values["logic_rules"]
        sentences = None if values["by_sentence"] is None else [values["by_sentence"][name] for name in SENTENCES]
        return cls(
            document_counts=_table(values["per_document"][name] for name in COUNTS).T,
            relations=tuple(relations),
            relation_counts=_columns(relations.values(), COUNTS),
            distance_edges=tuple(int(group["from"]) for group in distances[1:]),
            distance_pairs=_columns(distances, ["pairs"])[:, 0],
            distance_counts=_columns(distances, COUNTS),
            sentences=None
            if sentences is None
            else (_columns(sentences, ["pairs"])[:, 0], _columns(sentences, COUNTS)),
            rules=tuple(rule_of(row["rule"]) for row in rules),
            rules_left_out=int(values["logic_rules_left_out"]),
            rule_counts=_columns(rules, _RULE_COUNTS),
            gold_rule_counts=_columns(rules, [f"gold_{name}" for name in _RULE_COUNTS]),
        )


def rule_of(text: str) -> GoldRule:
    """The gold rule that prints as ``text``."""
    head, _, body = text.partition(" <- ")
    return GoldRule(head, tuple(body.split(" ^ ")))


def _counts(counts: IntArray) -> dict[str, int]:
    return {name: int(n) for name, n in zip(COUNTS, counts, strict=True)}


def _rows(counts: IntArray) -> list[dict[str, Any]]:
    """Counts (G, 5) and their metrics, one row for each group."""
    columns = {metric.name: metric.compute(counts) for metric in fact_metrics()}
    return [
        {**_counts(row), **{name: float(values[g]) for name, values in columns.items()}} for g, row in enumerate(counts)
    ]


def _columns(rows: Collection[Mapping[str, Any]], names: Sequence[str]) -> IntArray:
    """(rows, names) some fields of every row."""
    return _table([row[name] for name in names] for row in rows).reshape(len(rows), len(names))


def _table(rows: Iterable[Sequence[Any]]) -> IntArray:
    return np.array(list(rows), dtype=np.int64)


def evaluate(
    predictions: Iterable[Prediction],
    documents: Sequence[Document],
    schema: Schema,
    training_facts: TrainingFacts,
    gold_rules: Sequence[GoldRule] = (),
    distance_edges: Sequence[int] = DISTANCE_EDGES,
) -> Evaluation:
    """Score predictions against the documents' labels.

    Facts of an entity with itself count like any other (a labelled one is missed, for it is never predicted), and
    belong to the first distance group; such pairs are not candidates.

    Args:
        training_facts: facts of the training split by mention names, for ign F1.
        gold_rules: rules for the logic score; one whose relations the schema lacks is left out.
        distance_edges: edges of the half-open distance groups [0, e1), [e1, e2), ..., [ek, inf).

    Raises:
        InputError: a prediction for an unknown document, or edges that do not rise.
    """
    edges = checked_edges(distance_edges)
    table = fact_table(predictions, documents, schema, training_facts)
    rules = tuple(rule for rule in gold_rules if rule.known_to(schema))

    distance_pairs, distance_counts = _by_pair(
        table, documents, lambda d: np.searchsorted(edges, d.pair_distances(), side="right"), len(edges) + 1
    )
    sentences = None
    if any(len(document.sentences) > 1 for document in documents):
        sentences = _by_pair(table, documents, lambda d: (~_same_sentence(d)).astype(np.int64), 2)

    predicted_rules = np.zeros((len(rules), 2), dtype=np.int64)
    gold_rule_counts = np.zeros_like(predicted_rules)
    for index, document in enumerate(documents) if rules else ():
        predicted_rules += rule_counts(rules, predicted_matrix(table, index, document, schema), schema)
        gold_rule_counts += rule_counts(rules, schema.labels(document), schema)

    return Evaluation(
        document_counts=table.counts(table.document, len(documents)),
        relations=schema.relations,
        relation_counts=table.counts(table.relation, len(schema.relations)),
        distance_edges=tuple(int(edge) for edge in edges),
        distance_pairs=distance_pairs,
        distance_counts=distance_counts,
        sentences=sentences,
        rules=rules,
        rules_left_out=len(gold_rules) - len(rules),
        rule_counts=predicted_rules,
        gold_rule_counts=gold_rule_counts,
    )


def checked_edges(distance_edges: Sequence[int]) -> IntArray:
    """The edges of distance groups.

    Raises:
        InputError: they are not positive, or do not rise.
    """
    if any(low >= high for low, high in pairwise((0, *distance_edges, _FARTHEST))):
        raise InputError(
            f"{list(distance_edges)}: positive, rising numbers were expected",
            field="distance_edges",
            remedy="give edges like 100 200 400",
        )
    return np.asarray(distance_edges, dtype=np.int64)


def _by_pair(
    table: FactTable, documents: Sequence[Document], group_of: Callable[[Document], IntArray], groups: int
) -> tuple[IntArray, IntArray]:
    """Candidate pairs (groups,) and counts (groups, 5), by a group number (N, N) of every entity pair."""
    pairs = np.zeros(groups, dtype=np.int64)
    of_fact = np.zeros_like(table.document)
    for index, document in enumerate(documents):
        group = group_of(document)
        pairs += np.bincount(group[~np.eye(len(group), dtype=np.bool_)], minlength=groups)
        rows = np.flatnonzero(table.document == index)
        of_fact[rows] = group[table.head[rows], table.tail[rows]]
    return pairs, table.counts(of_fact, groups)


def _same_sentence(document: Document) -> BoolArray:
    """(N, N) whether two entities are mentioned in one sentence."""
    occurs = np.zeros((len(document.entities), len(document.sentences)), dtype=np.float32)
    for index, entity in enumerate(document.entities):
        occurs[index, [mention.sentence for mention in entity.mentions]] = 1
    return (occurs @ occurs.T) > 0


def predicted_matrix(table: FactTable, index: int, document: Document, schema: Schema) -> BoolArray:
    """(N, N, R) the predictions of one document."""
    n = len(document.entities)
    matrix = np.zeros((n, n, len(schema.relations)), dtype=np.bool_)
    rows = np.flatnonzero((table.document == index) & table.predicted)
    matrix[table.head[rows], table.tail[rows], table.relation[rows]] = True
    return matrix
