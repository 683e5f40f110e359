"""Constraints on relations that were declared by hand, in a YAML file for each corpus (``trial/data``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np

from logire.corpus.document import BoolArray, Schema
from logire.ground.errors import InputError
from logire.ground.yamlfiles import read_mapping
from logire.rules.queries import Rule

DATA = Path(__file__).parent / "data"
ENDING = "_constraints.yaml"

Count = Annotated[int, msgspec.Meta(ge=0)]


class Typed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The types that the heads and tails of relations may have."""

    head: tuple[str, ...]
    tail: tuple[str, ...]
    relations: tuple[str, ...]


class AtMost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many tails a head of these relations may have, or heads a tail; 1 is uniqueness."""

    relations: tuple[str, ...]
    tails: Count | None = None
    heads: Count | None = None


class Declarations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of constraints.

    Attributes:
        symmetric: r(h, t) is r(t, h).
        inverse: of (r, s), r(h, t) is s(t, h).
        one_way_inverse: of (r, s), r(h, t) implies s(t, h).
        acyclic: no entity reaches itself by facts of the relation.
    """

    types: tuple[Typed, ...] = ()
    at_most: tuple[AtMost, ...] = ()
    symmetric: tuple[str, ...] = ()
    inverse: tuple[tuple[str, str], ...] = ()
    one_way_inverse: tuple[tuple[str, str], ...] = ()
    acyclic: tuple[str, ...] = ()


@dataclass(frozen=True)
class Constraints:
    """The constraints on the relations of one schema, by number.

    Attributes:
        allowed: (R, T, T) whether a relation may hold between a head and a tail of these types.
        rules: what symmetry and inverses imply.
        tails, heads: relation -> the most tails of a head, heads of a tail.
        acyclic: the relations without cycles.
    """

    allowed: BoolArray
    rules: tuple[Rule, ...] = ()
    tails: dict[int, int] = field(default_factory=dict)
    heads: dict[int, int] = field(default_factory=dict)
    acyclic: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rules or self.tails or self.heads or self.acyclic or not self.allowed.all())


def read_declarations(file: Path) -> Declarations:
    """Read a file of constraints.

    Raises:
        InputError: it cannot be read, or a key or value is none of :class:`Declarations`.
    """
    values = read_mapping(file, what="constraints")
    try:
        return msgspec.convert(values, Declarations)
    except msgspec.ValidationError as error:
        raise InputError(str(error), file=file, remedy="write it as the files that come with the package") from error


def all_declarations() -> list[Declarations]:
    """Those of every corpus that comes with the package."""
    return [read_declarations(file) for file in sorted(DATA.glob(f"*{ENDING}"))]


def constraints(declared: Iterable[Declarations], schema: Schema) -> Constraints:
    """What is declared of the relations of a schema; nothing of other relations.

    A schema without any of the types that are declared of a relation leaves its types free.
    """
    index, count, kinds = schema.relation_index, len(schema.relations), len(schema.types)
    allowed = np.ones((count, kinds, kinds), dtype=np.bool_)
    rules: list[Rule] = []
    most: dict[str, dict[int, int]] = {"tails": {}, "heads": {}}
    acyclic: list[int] = []
    for file in declared:
        for typed in file.types:
            head, tail = (
                np.array([kind in names or not set(names) & set(schema.types) for kind in schema.types], np.bool_)
                for names in (typed.head, typed.tail)
            )
            for r in _known(typed.relations, schema):
                allowed[r] &= head[:, None] & tail
        for limit in file.at_most:
            for side, number in (("tails", limit.tails), ("heads", limit.heads)):
                if number is not None:
                    most[side].update(dict.fromkeys(_known(limit.relations, schema), number))
        # r(h, t) <- s(t, h) has the inverse of s for its body
        pairs = [(r, r) for r in file.symmetric]
        pairs += [pair for r, s in file.inverse for pair in ((r, s), (s, r))]
        pairs += [(s, r) for r, s in file.one_way_inverse]
        rules += [Rule(index[r], (index[s] + count,)) for r, s in pairs if r in index and s in index]
        acyclic += _known(file.acyclic, schema)
    return Constraints(allowed, tuple(rules), most["tails"], most["heads"], tuple(acyclic))


def _known(names: Iterable[str], schema: Schema) -> list[int]:
    return [schema.relation_index[name] for name in names if name in schema.relation_index]
