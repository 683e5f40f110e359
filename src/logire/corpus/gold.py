"""Rules as text: the kinds there are, and those written by hand (the logic score's, and a rule source of LogiRE+)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from logire.corpus.data import DATA
from logire.corpus.document import Schema
from logire.ground.errors import InputError
from logire.ground.files import read_text

DWIE_RULES = DATA / "dwie_rules.txt"
"""The 39 published gold rules of DWIE."""

ARROW, INVERSE = "<-", "~"
ANY = "any"
"""What rules call a step over a relation of any name."""


def can_name(relation: str) -> bool:
    """Whether a relation of this name reads as itself in ``head <- atom ^ ~atom``."""
    special = relation == ANY or relation.startswith((INVERSE, "#")) or ARROW in relation or "^" in relation
    return bool(relation) and relation == relation.strip() and relation.isprintable() and not special


class Kind(StrEnum):
    """What a rule says: only a chain infers a fact from facts about other entities."""

    IDENTITY = "identity"
    """The backbone's own probability of the fact."""
    PAIR = "pair"
    """Another relation of the same two entities, in either direction."""
    CHAIN = "chain"
    """Two atoms or more, from the head over other entities to the tail: a chain of inference."""
    OPEN = "open"
    """With ``any`` in it: the head or the tail has a relation to some entity, whichever. Evidence, no inference."""


def kind_of(head: str, body: Sequence[str]) -> Kind:
    """The kind of ``head <- body``, from the names of its atoms."""
    if ANY in body:
        return Kind.OPEN
    if len(body) > 1:
        return Kind.CHAIN
    return Kind.IDENTITY if body[0] == head else Kind.PAIR


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
        InputError: the file cannot be read, a line is not a rule, or there is none.
    """
    rules = []
    for number, line in enumerate(read_text(path, remedy="give a text file of gold rules").split("\n"), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        head, arrow, body = (part.strip() for part in text.partition(ARROW))
        atoms = tuple(atom.strip() for atom in body.split("^"))
        names = (head, *(atom.removeprefix(INVERSE) for atom in atoms))
        if not arrow or not all(map(can_name, names)):
            raise InputError(
                f"{text!r} is not a rule",
                file=path,
                field=f"line {number}",
                remedy="write `head <- atom ^ ~inverse_atom`",
            )
        rules.append(GoldRule(head, atoms))
    if not rules:
        raise InputError("holds no rule", file=path, remedy="write one `head <- atom ^ ~inverse_atom` a line")
    return tuple(rules)
