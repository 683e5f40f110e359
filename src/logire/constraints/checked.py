"""A user's file of constraints, checked: every name is known, and what it says can be obeyed."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from logire.constraints.declared import (
    Constraints,
    Declarations,
    as_declarations,
    atom_number,
    constraints,
)
from logire.corpus.document import Schema
from logire.corpus.gold import INVERSE
from logire.ground.errors import InputError
from logire.ground.yamlfiles import read_mapping

KEYS = tuple(field.name for field in msgspec.structs.fields(Declarations))
_SHOWN = 12
"""The most names that a message lists."""


def read_constraints(file: str | Path, schema: Schema) -> Constraints:
    """Read a user's file of constraints on the relations and types of a model.

    Raises:
        InputError: it cannot be read; it says nothing; a key, a relation or a type is not known; two of its constraints
            contradict each other, so that no fact of a relation could hold.
    """
    file = Path(file)
    values = read_mapping(file, what="constraints")
    for key in values:
        if key not in KEYS:
            remedy = f"{_near(key, KEYS)}the keys are {', '.join(KEYS)}"
            raise InputError("is not a kind of constraint", file=file, field=key, remedy=remedy)
    declared = as_declarations(values, file)
    for name in _names(declared):
        _check_name(name, schema, file)
    for place, problem, remedy in _refused(declared, schema):
        raise InputError(problem, file=file, field=place, remedy=remedy)
    found = constraints([declared], schema)
    if not found:
        remedy = f"write at least one: the keys are {', '.join(KEYS)}"
        raise InputError("holds no constraint", file=file, remedy=remedy)
    return found


class _Name(NamedTuple):
    """A name in the file.

    Attributes:
        place: where it stands, such as ``inverse[0][1]``.
        kind: ``relation``, ``atom`` (a relation or the inverse of one) or ``type``.
    """

    place: str
    kind: str
    name: str


def _names(declared: Declarations) -> Iterator[_Name]:
    for i, typed in enumerate(declared.types):
        for key, kind, names in (
            ("head", "type", typed.head),
            ("tail", "type", typed.tail),
            ("relations", "relation", typed.relations),
        ):
            yield from (_Name(f"types[{i}].{key}[{j}]", kind, name) for j, name in enumerate(names))
    for i, limit in enumerate(declared.at_most):
        yield from (_Name(f"at_most[{i}].relations[{j}]", "relation", name) for j, name in enumerate(limit.relations))
    for key in ("functional", "inverse_functional", "symmetric", "acyclic"):
        yield from (_Name(f"{key}[{i}]", "relation", name) for i, name in enumerate(getattr(declared, key)))
    for key, kind in (("inverse", "relation"), ("one_way_inverse", "relation"), ("disjoint", "atom")):
        for i, pair in enumerate(getattr(declared, key)):
            yield from (_Name(f"{key}[{i}][{j}]", kind, name) for j, name in enumerate(pair))
    for i, implied in enumerate(declared.implications):
        yield from (_Name(f"implications[{i}].if[{j}]", "atom", name) for j, name in enumerate(implied.body))
        yield _Name(f"implications[{i}].then", "relation", implied.head)


def _check_name(name: _Name, schema: Schema, file: Path) -> None:
    """Refuse a name that the schema lacks, with those that are like it."""
    if name.kind == "type":
        known: tuple[str, ...] = schema.types
        found = name.name in schema.type_index
    else:
        known = schema.relations
        number = atom_number(name.name, schema)
        found = number is not None and (name.kind == "atom" or number < len(known))
        if number is not None and not found:
            base = name.name.removeprefix(INVERSE)
            remedy = f"write {base}; an inverse may stand in disjoint and in the `if` of an implication"
            if name.place.endswith(".then"):
                remedy = f"write the path from its other end, so that it implies {base}"
            raise InputError(f"{name.name} is the inverse of {base}", file=file, field=name.place, remedy=remedy)
    if found:
        return
    what = "type" if name.kind == "type" else "relation"
    listed = ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")
    remedy = f"{_near(name.name, known)}the model's {what}s are {listed}"
    raise InputError(f"unknown {what} {name.name!r}", file=file, field=name.place, remedy=remedy)


def _near(name: str, known: tuple[str, ...]) -> str:
    """The names that are like one, as the beginning of a remedy."""
    sign = INVERSE if name.startswith(INVERSE) else ""
    lower = {other.lower(): other for other in reversed(known)}
    near = [lower[one] for one in get_close_matches(name.removeprefix(INVERSE).lower(), lower, n=3)]
    return f"did you mean {' or '.join(sign + one for one in near)}? " if near else ""


def _refused(declared: Declarations, schema: Schema) -> Iterator[tuple[str, str, str]]:
    """What can't be meant: the place, the problem and the remedy."""
    yield from _refused_limits(declared)
    yield from _refused_types(declared)
    count, index = len(schema.relations), schema.relation_index
    symmetric = {r: f"symmetric[{i}]" for i, r in enumerate(declared.symmetric)}
    for key in ("inverse", "one_way_inverse"):
        for i, (r, s) in enumerate(getattr(declared, key)):
            if r == s:
                yield f"{key}[{i}]", f"{r} is its own inverse", f"write symmetric: [{r}]"
    for i, r in enumerate(declared.acyclic):
        if r in symmetric:
            remedy = "keep one of them: r(a, b) and r(b, a) are a cycle already, so no fact of it could hold"
            yield f"acyclic[{i}]", f"{r} is symmetric too ({symmetric[r]})", remedy
    for i, (one, other) in enumerate(declared.disjoint):
        if one == other:
            remedy = f"name two relations; for never {one}(h, t) and {one}(t, h) write [{one}, {INVERSE}{one}]"
            yield f"disjoint[{i}]", f"{one} is disjoint with itself", remedy
    made = constraints([declared], schema)
    weights = made.weights or (np.inf,) * len(made.rules)
    for number, (rule, weight) in enumerate(zip(made.rules, weights, strict=True)):
        if np.isfinite(weight) or len(rule.body) > 1:
            continue
        [atom] = rule.body
        words, name = made.words["rules", number], schema.relations[atom % count]
        key = words.partition(":")[0]
        if atom == index[schema.relations[rule.relation]]:
            yield key, f"{words}: it implies itself", "leave it out, or name another relation"
        if atom == rule.relation + count and rule.relation in made.acyclic:
            remedy = "keep one of them: no fact of it could hold"
            yield key, f"{words}: but {name} is acyclic", remedy
        turned = (atom - count, rule.relation + count) if atom >= count else (atom, rule.relation)
        for place, (first, second) in enumerate(made.disjoint):
            if turned in {(first, second), _turned(first, second, count)}:
                remedy = f"keep one of them: no fact of {name} could hold"
                yield key, f"{words}: but {made.words['disjoint', place]}", remedy
        allowed = made.allowed[atom % count]
        implied = made.allowed[rule.relation]
        if allowed.any() and not (allowed & (implied.T if atom >= count else implied)).any():
            remedy = (
                f"change types or this: no fact of {name} has types that {schema.relations[rule.relation]} may have"
            )
            yield key, f"{words}: the types of both never fit", remedy


def _turned(first: int, second: int, count: int) -> tuple[int, int]:
    """A pair of disjoint atoms, told from the other one."""
    return (second, first) if second < count else (second - count, first + count)


def _refused_limits(declared: Declarations) -> Iterator[tuple[str, str, str]]:
    for i, limit in enumerate(declared.at_most):
        if limit.tails is None and limit.heads is None:
            yield (
                f"at_most[{i}]",
                "says neither tails nor heads",
                "write tails: 1, the most tails of a head, or heads: 1",
            )
        for side, number in (("tails", limit.tails), ("heads", limit.heads)):
            if number == 0:
                remedy = "write 1 or more: with 0 no fact of the relation could hold"
                yield f"at_most[{i}].{side}", "is 0", remedy


def _refused_types(declared: Declarations) -> Iterator[tuple[str, str, str]]:
    """Types that leave a relation no pair: none at all, or, said twice, none that both allow."""
    left: dict[tuple[str, str], tuple[set[str], int]] = {}
    for i, typed in enumerate(declared.types):
        for side, names in (("head", typed.head), ("tail", typed.tail)):
            if not names:
                yield f"types[{i}].{side}", "names no type", f"name the types that a {side} may have"
            for r in typed.relations:
                before, place = left.get((r, side), (set(names), i))
                both = before & set(names)
                if names and not both:
                    remedy = f"say the types of {r} once: a fact must fit every entry, and no {side} fits both"
                    yield f"types[{i}].{side}", f"{r} has other types in types[{place}]", remedy
                left[r, side] = both, place
