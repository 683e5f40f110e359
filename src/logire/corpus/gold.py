"""Rules written by hand: the gold rules of the logic score, and a rule source of LogiRE+."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from logire.corpus.data import DATA
from logire.corpus.document import Schema
from logire.ground.errors import InputError
from logire.ground.files import read_bytes

DWIE_RULES = DATA / "dwie_rules.txt"
"""The 39 published gold rules of DWIE."""

INVERSE = "~"
ANY = "any"
"""What rules call a step over a relation of any name."""


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
        InputError: the file is missing, or a line is not a rule.
    """
    remedy = "give a text file of gold rules, in UTF-8"
    try:
        lines = read_bytes(path, remedy=remedy).decode("utf-8").split("\n")  # not splitlines(): a name may have U+2028
    except UnicodeDecodeError as error:
        raise InputError(f"cannot be read ({error})", file=path, remedy=remedy) from error
    rules = []
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        head, arrow, body = (part.strip() for part in text.partition("<-"))
        atoms = tuple(atom.strip() for atom in body.split("^"))
        if not arrow or not head or not all(atom.removeprefix(INVERSE) for atom in atoms):
            raise InputError(
                f"{text!r} is not a rule",
                file=path,
                field=f"line {number}",
                remedy="write `head <- atom ^ ~inverse_atom`",
            )
        rules.append(GoldRule(head, atoms))
    return tuple(rules)
