"""How consistent a corpus's own labels are: error rates of implication rules (paper, section 4.3, Table 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from logire.corpus.document import BoolArray, Document, IntArray, Schema
from logire.corpus.gold import INVERSE, GoldRule
from logire.evaluation.logic import atom_matrix, compose, rule_counts

DOCRED_RULES = Path(__file__).parent / "data" / "docred_rules.txt"
"""The rules of the paper's Table 4."""


@dataclass(frozen=True)
class Consistency:
    """What the labels of a split say about some rules.

    Attributes:
        counts: (K, 2) entity pairs that satisfy a rule's body, and those of them that satisfy its head too.
        facts: the distinct labelled facts.
        taking_part: those of them that are an atom of a satisfied body, or the head that follows from one.
    """

    counts: IntArray
    facts: int
    taking_part: int

    @property
    def error_rates(self) -> list[float | None]:
        """Percentage of satisfied bodies whose head is not labelled; None for a rule whose body never holds."""
        return [float(100 * (1 - heads / bodies)) if bodies else None for bodies, heads in self.counts]

    @property
    def share(self) -> float:
        """Percentage of the facts that take part in a rule."""
        return 100 * self.taking_part / self.facts if self.facts else 0.0


def consistency(rules: Sequence[GoldRule], documents: Sequence[Document], schema: Schema) -> Consistency:
    """Check rules against labels.

    Args:
        rules: rules whose relations the schema has.
    """
    counts = np.zeros((len(rules), 2), dtype=np.int64)
    facts = taking_part = 0
    for document in documents:
        labels = schema.labels(document)
        counts += rule_counts(rules, labels, schema)
        facts += int(labels.sum())
        part = np.zeros_like(labels)
        for rule in rules:
            _mark(rule, labels, schema, part)
        taking_part += int(part.sum())
    return Consistency(counts, facts, taking_part)


def _mark(rule: GoldRule, labels: BoolArray, schema: Schema, part: BoolArray) -> None:
    """Set ``part`` (N, N, R) where a fact is an atom of a satisfied body of ``rule``, or the head of one."""
    matrices = [atom_matrix(atom, labels, schema) for atom in rule.body]
    part[:, :, schema.relation_index[rule.head]] |= compose(matrices) & atom_matrix(rule.head, labels, schema)
    for i, atom in enumerate(rule.body):
        used = matrices[i].copy()
        if i > 0:
            used &= np.expand_dims(compose(matrices[:i]).any(axis=0), axis=1)
        if i + 1 < len(matrices):
            used &= compose(matrices[i + 1 :]).any(axis=1)
        relation = schema.relation_index[atom.removeprefix(INVERSE)]
        part[:, :, relation] |= used.T if atom.startswith(INVERSE) else used
