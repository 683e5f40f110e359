"""The logic score: how far predictions obey a set of gold rules (paper, section 4.1, "Evaluation").

For one rule, the score is the share of predicted bodies whose head is predicted too; a body holds between h and t if
some chain of entities links them by the body's atoms. Counts are pooled over the split, and the score is the mean over
the rules that fire at least once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from logire.corpus.document import BoolArray, IntArray, Schema
from logire.corpus.gold import INVERSE, GoldRule


def rule_counts(rules: Sequence[GoldRule], facts: BoolArray, schema: Schema) -> IntArray:
    """(rules, 2) in one document: entity pairs that satisfy the body, and those of them that satisfy the head too.

    Args:
        rules: rules whose relations the schema has.
        facts: (N, N, R) the facts that hold, labelled or predicted.
    """
    counts = np.zeros((len(rules), 2), dtype=np.int64)
    for index, rule in enumerate(rules):
        body = compose([atom_matrix(atom, facts, schema) for atom in rule.body])
        counts[index] = body.sum(), (body & atom_matrix(rule.head, facts, schema)).sum()
    return counts


def compose(matrices: Sequence[BoolArray]) -> BoolArray:
    """Boolean composition of (N, N) relations: [h, t] holds if some entities in between link h to t."""
    result = matrices[0]
    for matrix in matrices[1:]:
        result = (result.astype(np.float32) @ matrix.astype(np.float32)) > 0
    return result


def logic_score(counts: IntArray) -> float | None:
    """The logic score in percent from pooled counts (rules, 2); None if no rule fires."""
    bodies, heads = counts[counts[:, 0] > 0].T
    return float(100 * (heads / bodies).mean()) if len(bodies) else None


def logic_scores(counts: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The same for counts (..., rules, 2) at once, (...,); NaN where no rule fires."""
    bodies, heads = counts[..., 0], counts[..., 1]
    fires = bodies > 0
    shares = np.divide(heads, bodies, out=np.zeros(bodies.shape), where=fires).sum(axis=-1)
    fired = fires.sum(axis=-1)
    scores: npt.NDArray[np.float64] = np.divide(shares, fired, out=np.full(fired.shape, np.nan), where=fired > 0)
    return 100 * scores


def atom_matrix(atom: str, facts: BoolArray, schema: Schema) -> BoolArray:
    """(N, N) where an atom holds among ``facts`` (N, N, R)."""
    matrix = facts[:, :, schema.relation_index[atom.removeprefix(INVERSE)]]
    return matrix.T if atom.startswith(INVERSE) else matrix
