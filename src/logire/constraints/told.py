"""What constraints changed, with the names of entities and relations: for files, the terminal and Python."""

from __future__ import annotations

from typing import Any, NamedTuple

from logire.constraints.obey import Change, Held
from logire.corpus.document import Document, Schema
from logire.ground.numbers import fixed


class ToldFact(NamedTuple):
    """A fact in words: its entities' names and numbers, its score, and whether it is held in the end."""

    head_name: str
    relation: str
    tail_name: str
    score: float
    kept: bool
    head: int
    tail: int

    def __str__(self) -> str:
        held = "held" if self.kept else "not held"
        return f"{self.relation}({self.head_name}, {self.tail_name})  score {fixed(self.score)}, {held}"

    def as_dict(self) -> dict[str, Any]:
        """The fact as a JSON object, with the keys of predictions; the score has 6 digits."""
        return {
            "h_idx": self.head,
            "t_idx": self.tail,
            "r": self.relation,
            "head": self.head_name,
            "tail": self.tail_name,
            "score": round(self.score, 6),
            "kept": self.kept,
        }


class Told(NamedTuple):
    """A change in words; see :class:`logire.constraints.obey.Change`."""

    title: str
    fact: ToldFact
    constraint: str
    conflict: tuple[ToldFact, ...]

    @property
    def what(self) -> str:
        """``added`` or ``removed``."""
        return "added" if self.fact.kept else "removed"

    def as_dict(self) -> dict[str, Any]:
        """The change as a JSON object."""
        return {
            "title": self.title,
            "change": self.what,
            **self.fact.as_dict(),
            "constraint": self.constraint,
            "conflict": [fact.as_dict() for fact in self.conflict],
        }


def tell(change: Change, document: Document, schema: Schema) -> Told:
    """A change of one document in words."""

    def fact(one: Held) -> ToldFact:
        head, tail = (document.entities[entity].name for entity in (one.head, one.tail))
        return ToldFact(head, schema.relations[one.relation], tail, one.score, one.kept, one.head, one.tail)

    return Told(document.title, fact(change.fact), change.constraint, tuple(map(fact, change.conflict)))
