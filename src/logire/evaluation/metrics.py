"""All metrics of one split's predictions (paper, section 4.1), and their breakdowns.

F1 is micro: over (document, head, tail, relation), facts de-duplicated. Both definitions of ign F1 are given, each
under its own name (:func:`logire.evaluation.counts.scores`). All scores are in percent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from logire.corpus.document import BoolArray, Document, IntArray, Schema, TrainingFacts
from logire.corpus.gold import GoldRule
from logire.corpus.predictions import Prediction
from logire.evaluation.counts import COUNTS, FactTable, fact_table, scores
from logire.evaluation.logic import logic_score, rule_counts
from logire.ground.errors import InputError

DISTANCE_EDGES = (100, 200, 400)
"""Where one group of entity-pair distances ends and the next begins (Figure 4: four groups)."""


@dataclass(frozen=True)
class Evaluation:
    """The metrics of one split.

    Attributes:
        counts: (5,) the split's :data:`~logire.evaluation.counts.COUNTS`.
        document_counts: (D, 5) the same by document, in the split's order; what a bootstrap draws from.
        relations: relation names.
        relation_counts: (R, 5) by relation.
        distance_edges: the edges of the distance groups.
        distance_pairs: (G,) candidate entity pairs (h != t) by group.
        distance_counts: (G, 5) facts by group.
        sentence_pairs: (2,) candidate pairs with a sentence in common, and without; None where every document is one
            sentence.
        sentence_counts: (2, 5) facts by the same groups, or None.
        rules: the gold rules scored.
        rules_left_out: how many gold rules have a relation that the corpus lacks.
        rule_counts: (K, 2) predicted bodies, and those whose head is predicted too.
        gold_rule_counts: (K, 2) the same for the labels themselves.
    """

    counts: IntArray
    document_counts: IntArray
    relations: tuple[str, ...]
    relation_counts: IntArray
    distance_edges: tuple[int, ...]
    distance_pairs: IntArray
    distance_counts: IntArray
    sentence_pairs: IntArray | None
    sentence_counts: IntArray | None
    rules: tuple[GoldRule, ...]
    rules_left_out: int
    rule_counts: IntArray
    gold_rule_counts: IntArray

    @property
    def precision(self) -> float:
        return float(scores(self.counts).precision)

    @property
    def recall(self) -> float:
        return float(scores(self.counts).recall)

    @property
    def f1(self) -> float:
        return float(scores(self.counts).f1)

    @property
    def ign_f1(self) -> float:
        """Ign F1 of Yao et al. (2019)."""
        return float(scores(self.counts).ign_f1)

    @property
    def ign_f1_logire(self) -> float:
        """Ign F1 as in the LogiRE authors' script."""
        return float(scores(self.counts).ign_f1_logire)

    @property
    def logic(self) -> float | None:
        """The predictions' logic score; None if no gold rule fires."""
        return logic_score(self.rule_counts)

    @property
    def gold_logic(self) -> float | None:
        """The labels' own logic score: what a perfect prediction would get."""
        return logic_score(self.gold_rule_counts)

    def as_dict(self) -> dict[str, Any]:
        """Everything as JSON values."""
        bounds = (0, *self.distance_edges, None)
        return {
            **_scores(self.counts),
            "logic": self.logic,
            "gold_logic": self.gold_logic,
            "counts": {"documents": len(self.document_counts), **_counts(self.counts)},
            "by_distance": [
                {"from": bounds[g], "to": bounds[g + 1], "pairs": int(self.distance_pairs[g]), **_row(counts)}
                for g, counts in enumerate(self.distance_counts)
            ],
            "by_sentence": None
            if self.sentence_pairs is None or self.sentence_counts is None
            else {
                name: {"pairs": int(pairs), **_row(counts)}
                for name, pairs, counts in zip(
                    ("intra", "inter"), self.sentence_pairs, self.sentence_counts, strict=True
                )
            },
            "per_relation": {
                name: _row(counts) for name, counts in zip(self.relations, self.relation_counts, strict=True)
            },
            "logic_rules": [
                {
                    "rule": str(rule),
                    "bodies": int(bodies),
                    "heads": int(heads),
                    "gold_bodies": int(gold_bodies),
                    "gold_heads": int(gold_heads),
                }
                for rule, (bodies, heads), (gold_bodies, gold_heads) in zip(
                    self.rules, self.rule_counts, self.gold_rule_counts, strict=True
                )
            ],
            "logic_rules_left_out": self.rules_left_out,
            "per_document": {
                name: [int(n) for n in column] for name, column in zip(COUNTS, self.document_counts.T, strict=True)
            },
        }


def _counts(counts: IntArray) -> dict[str, int]:
    return {name: int(n) for name, n in zip(COUNTS, counts, strict=True)}


def _scores(counts: IntArray) -> dict[str, float]:
    return {name: float(value) for name, value in scores(counts)._asdict().items()}


def _row(counts: IntArray) -> dict[str, Any]:
    return {**_counts(counts), **_scores(counts)}


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
    belong to the first distance group; such pairs are no candidates.

    Args:
        training_facts: facts of the training split by mention names, for ign F1.
        gold_rules: rules for the logic score; one whose relations the schema lacks is left out.
        distance_edges: edges of the half-open distance groups [0, e1), [e1, e2), ..., [ek, inf).

    Raises:
        InputError: a prediction for an unknown document, or edges that do not rise.
    """
    edges = np.asarray(distance_edges, dtype=np.int64)
    if (np.diff(edges, prepend=0) <= 0).any():
        raise InputError(
            f"{list(distance_edges)}: positive, rising numbers were expected",
            field="distance_edges",
            remedy="give edges like 100 200 400",
        )
    table = fact_table(predictions, documents, schema, training_facts)
    rules = tuple(rule for rule in gold_rules if rule.known_to(schema))

    distance_pairs, distance_counts = _by_pair(
        table, documents, lambda d: np.searchsorted(edges, d.pair_distances(), side="right"), len(edges) + 1
    )
    sentence_pairs = sentence_counts = None
    if any(len(document.sentences) > 1 for document in documents):
        sentence_pairs, sentence_counts = _by_pair(table, documents, lambda d: (~_same_sentence(d)).astype(np.int64), 2)

    predicted_rules = np.zeros((len(rules), 2), dtype=np.int64)
    gold_rule_counts = np.zeros_like(predicted_rules)
    for index, document in enumerate(documents) if rules else ():
        predicted_rules += rule_counts(rules, _predicted_matrix(table, index, document, schema), schema)
        gold_rule_counts += rule_counts(rules, schema.labels(document), schema)

    document_counts = table.counts(table.document, len(documents))
    return Evaluation(
        counts=document_counts.sum(axis=0),
        document_counts=document_counts,
        relations=schema.relations,
        relation_counts=table.counts(table.relation, len(schema.relations)),
        distance_edges=tuple(int(edge) for edge in edges),
        distance_pairs=distance_pairs,
        distance_counts=distance_counts,
        sentence_pairs=sentence_pairs,
        sentence_counts=sentence_counts,
        rules=rules,
        rules_left_out=len(gold_rules) - len(rules),
        rule_counts=predicted_rules,
        gold_rule_counts=gold_rule_counts,
    )


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


def _predicted_matrix(table: FactTable, index: int, document: Document, schema: Schema) -> BoolArray:
    """(N, N, R) the predictions of one document."""
    n = len(document.entities)
    matrix = np.zeros((n, n, len(schema.relations)), dtype=np.bool_)
    rows = np.flatnonzero((table.document == index) & table.predicted)
    matrix[table.head[rows], table.tail[rows], table.relation[rows]] = True
    return matrix
