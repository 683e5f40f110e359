"""The logic score: how far predictions obey a set of gold rules (paper, section 4.1, "Evaluation").

For one rule, the score is the share of predicted bodies whose head is predicted too; a body holds between h and t if
some chain of entities links them by the body's atoms. Counts are pooled over the split, and the score is the mean over
the rules that fire at least once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from logire.corpus.document import BoolArray, IntArray, Schema
from logire.errors import InputError

DWIE_RULES = Path(__file__).parent / "data" / "dwie_rules.txt"
"""The 39 published gold rules of DWIE."""

INVERSE = "~"


@dataclass(frozen=True)
class GoldRule:
    """``head <- body``: atoms are relation names, an inverse one marked by a leading ``~``."""

    head: str
    body: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.head} <- {' ^ '.join(self.body)}"

    def known_to(self, schema: Schema) -> bool:
        """Whether the schema has every relation of the rule."""
        return all(name.removeprefix(INVERSE) in schema.relation_index for name in (self.head, *self.body))


def read_gold_rules(path: str | Path = DWIE_RULES) -> tuple[GoldRule, ...]:
    """Read a file of rules, one ``head <- atom ^ atom`` a line; empty lines and ``#`` comments are skipped.

    Raises:
        InputError: the file is missing, or a line is no rule.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", file=path, remedy="give a text file of gold rules") from error
    rules = []
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        head, arrow, body = (part.strip() for part in text.partition("<-"))
        atoms = tuple(atom.strip() for atom in body.split("^"))
        if not arrow or not head or not all(atom.removeprefix(INVERSE) for atom in atoms):
            raise InputError(
                f"{text!r} is no rule", file=path, field=f"line {number}", remedy="write `head <- atom ^ ~inverse_atom`"
            )
        rules.append(GoldRule(head, atoms))
    return tuple(rules)


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


def atom_matrix(atom: str, facts: BoolArray, schema: Schema) -> BoolArray:
    """(N, N) where an atom holds among ``facts`` (N, N, R)."""
    matrix = facts[:, :, schema.relation_index[atom.removeprefix(INVERSE)]]
    return matrix.T if atom.startswith(INVERSE) else matrix
