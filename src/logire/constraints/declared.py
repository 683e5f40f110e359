"""The format of a file of constraints, and what it says of the relations of one schema, by number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from logire.corpus.document import BoolArray, Schema
from logire.corpus.gold import INVERSE
from logire.ground.typed import convert
from logire.ground.yamlfiles import read_mapping
from logire.rules.queries import LONGEST, Rule

Count = Annotated[int, msgspec.Meta(ge=0)]
Atoms = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=LONGEST)]


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


class Implication(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"body": "if", "head": "then"}):
    """A path of relations from h to t, ``~r`` the inverse of r, implies a fact of (h, t).

    Attributes:
        weight: what an instance costs that is broken, as a logit; None where none may be.
    """

    body: Atoms
    head: str
    weight: Annotated[float, msgspec.Meta(gt=0)] | None = None


class Declarations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of constraints.

    Attributes:
        functional: a head has one tail at most.
        inverse_functional: a tail has one head at most.
        symmetric: r(h, t) is r(t, h).
        inverse: of (r, s), r(h, t) is s(t, h).
        one_way_inverse: of (r, s), r(h, t) implies s(t, h).
        acyclic: no entity reaches itself by facts of the relation.
        disjoint: of (r, s), not r(h, t) and s(h, t); ``~s`` is s(t, h).
    """

    types: tuple[Typed, ...] = ()
    at_most: tuple[AtMost, ...] = ()
    functional: tuple[str, ...] = ()
    inverse_functional: tuple[str, ...] = ()
    symmetric: tuple[str, ...] = ()
    inverse: tuple[tuple[str, str], ...] = ()
    one_way_inverse: tuple[tuple[str, str], ...] = ()
    acyclic: tuple[str, ...] = ()
    disjoint: tuple[tuple[str, str], ...] = ()
    implications: tuple[Implication, ...] = ()


@dataclass(frozen=True)
class Constraints:
    """The constraints on the relations of one schema, by number.

    Attributes:
        allowed: (R, T, T) whether a relation may hold between a head and a tail of these types.
        rules: what symmetry, inverses and implications imply.
        tails, heads: relation -> the most tails of a head, heads of a tail.
        acyclic: the relations without cycles.
        disjoint: (relation, atom) that never hold of the same pair.
        weights: of each rule, what a broken instance costs; empty where no rule may be broken.
        words: (``types``, ``rules``, ``tails``, ``heads``, ``acyclic`` or ``disjoint``; the number of the relation, or
            the place in the list) -> the constraint as the file says it.
    """

    allowed: BoolArray
    rules: tuple[Rule, ...] = ()
    tails: Mapping[int, int] = field(default_factory=dict)
    heads: Mapping[int, int] = field(default_factory=dict)
    acyclic: tuple[int, ...] = ()
    disjoint: tuple[tuple[int, int], ...] = ()
    weights: tuple[float, ...] = ()
    words: Mapping[tuple[str, int], str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rules or self.tails or self.heads or self.acyclic or self.disjoint or not self.allowed.all())


def read_declarations(file: Path) -> Declarations:
    """Read a file of constraints.

    Raises:
        InputError: it cannot be read, or a key or value is none of :class:`Declarations`.
    """
    return as_declarations(read_mapping(file, what="constraints"), file)


def as_declarations(values: Mapping[str, Any], file: Path) -> Declarations:
    """The declarations that the mapping in a file is.

    Raises:
        InputError: a key or value is none of :class:`Declarations`.
    """
    return convert(values, Declarations, file=file, remedy="write it as docs/constraints.md says")


def constraints(declared: Iterable[Declarations], schema: Schema) -> Constraints:
    """What is declared of the relations of a schema; nothing of other relations.

    A schema without any of the types that are declared of a relation leaves its types free. Of several limits on a
    relation the smallest counts.
    """
    made = _Made(schema)
    for file in declared:
        made.add(file)
    return made.constraints()


class _Made:
    """The constraints that declarations add up to."""

    def __init__(self, schema: Schema) -> None:
        self._schema, self._index, self._count = schema, schema.relation_index, len(schema.relations)
        kinds = len(schema.types)
        self._allowed = np.ones((self._count, kinds, kinds), dtype=np.bool_)
        self._rules: list[Rule] = []
        self._weights: list[float] = []
        self._most: dict[str, dict[int, int]] = {"tails": {}, "heads": {}}
        self._acyclic: list[int] = []
        self._disjoint: list[tuple[int, int]] = []
        self._words: dict[tuple[str, int], str] = {}

    def constraints(self) -> Constraints:
        soft = any(np.isfinite(weight) for weight in self._weights)
        return Constraints(
            allowed=self._allowed,
            rules=tuple(self._rules),
            tails=self._most["tails"],
            heads=self._most["heads"],
            acyclic=tuple(self._acyclic),
            disjoint=tuple(self._disjoint),
            weights=tuple(self._weights) if soft else (),
            words=self._words,
        )

    def add(self, file: Declarations) -> None:
        for typed in file.types:
            self._types(typed)
        for limit in file.at_most:
            for side, number in (("tails", limit.tails), ("heads", limit.heads)):
                if number is not None:
                    self._limit(side, limit.relations, number, f"at_most: {{}}, {number} {side}")
        self._limit("tails", file.functional, 1, "functional: {}")
        self._limit("heads", file.inverse_functional, 1, "inverse_functional: {}")
        # r(h, t) <- s(t, h) has the inverse of s for its body
        pairs = [(r, r, f"symmetric: {r}") for r in file.symmetric]
        pairs += [(*one, f"inverse: [{r}, {s}]") for r, s in file.inverse for one in ((r, s), (s, r))]
        pairs += [(s, r, f"one_way_inverse: [{r}, {s}]") for r, s in file.one_way_inverse]
        for r, s, words in pairs:
            if r in self._index and s in self._index:
                self._rule(Rule(self._index[r], (self._index[s] + self._count,)), np.inf, words)
        for number in self._known(file.acyclic):
            self._acyclic.append(number)
            self._words["acyclic", number] = f"acyclic: {self._schema.relations[number]}"
        for one, other in file.disjoint:
            first, second = atom_number(one, self._schema), atom_number(other, self._schema)
            if first is not None and second is not None:
                self._words["disjoint", len(self._disjoint)] = f"disjoint: [{one}, {other}]"
                self._disjoint.append(apart(first, second, self._count))
        for implied in file.implications:
            self._implication(implied)

    def _types(self, typed: Typed) -> None:
        types = self._schema.types
        head, tail = (
            np.array([kind in names or not set(names) & set(types) for kind in types], np.bool_)
            for names in (typed.head, typed.tail)
        )
        for r in self._known(typed.relations):
            self._allowed[r] &= head[:, None] & tail
            words = f"{self._schema.relations[r]} from [{', '.join(typed.head)}] to [{', '.join(typed.tail)}]"
            before = self._words.get(("types", r))
            self._words["types", r] = f"types: {words}" if before is None else f"{before}, {words}"

    def _limit(self, side: str, names: Iterable[str], number: int, words: str) -> None:
        for r in self._known(names):
            if number < self._most[side].get(r, number + 1):
                self._most[side][r] = number
                self._words[side, r] = words.format(self._schema.relations[r])

    def _implication(self, implied: Implication) -> None:
        body = [atom_number(name, self._schema) for name in implied.body]
        if implied.head not in self._index or None in body:
            return
        weight = np.inf if implied.weight is None else implied.weight
        words = f"if: [{', '.join(implied.body)}], then: {implied.head}"
        words += f", weight: {weight:g}" if np.isfinite(weight) else ""
        atoms = tuple(atom for atom in body if atom is not None)
        self._rule(Rule(self._index[implied.head], atoms), weight, f"implications: {{{words}}}")

    def _rule(self, rule: Rule, weight: float, words: str) -> None:
        self._words["rules", len(self._rules)] = words
        self._rules.append(rule)
        self._weights.append(weight)

    def _known(self, names: Iterable[str]) -> list[int]:
        return [self._index[name] for name in names if name in self._index]


def atom_number(name: str, schema: Schema) -> int | None:
    """The atom that a file calls ``r`` or ``~r``; None where the schema has no such relation."""
    index = schema.relation_index
    if name in index:
        return index[name]
    base = name.removeprefix(INVERSE)
    return index[base] + len(index) if base != name and base in index else None


def apart(first: int, second: int, relations: int) -> tuple[int, int]:
    """Two disjoint atoms, the first of them a relation."""
    if first < relations:
        return first, second
    return first - relations, second - relations if second >= relations else second + relations
