"""An oracle for constraints: what is broken among the facts of a small document, by plain loops over all entities."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from logire.constraints.declared import as_declarations, constraints
from logire.constraints.obey import Obeyed, obey
from logire.corpus.document import Schema

SCHEMA = Schema(("r", "s"), ("A", "B"))

Fact = tuple[int, str, int]
"""Head, relation, tail."""


class Broken(NamedTuple):
    """An instance of a constraint that is broken.

    Attributes:
        words: the constraint as the file says it.
        facts: those that hold, and what they imply.
        weight: None where it may not be broken.
    """

    words: str
    facts: frozenset[Fact]
    weight: float | None = None


def atom(name: str, head: int, tail: int) -> Fact:
    """The fact that ``r`` or ``~r`` is from head to tail."""
    return (tail, name[1:], head) if name.startswith("~") else (head, name, tail)


def _limits(file: dict[str, Any]) -> list[tuple[str, str, int, bool]]:
    """Words, relation, most, and whether tails are counted."""
    found = [(f"functional: {r}", r, 1, True) for r in file.get("functional", ())]
    found += [(f"inverse_functional: {r}", r, 1, False) for r in file.get("inverse_functional", ())]
    for limit in file.get("at_most", ()):
        for side in ("tails", "heads"):
            if side in limit:
                found += [
                    (f"at_most: {r}, {limit[side]} {side}", r, limit[side], side == "tails") for r in limit["relations"]
                ]
    return found


def _implied(file: dict[str, Any]) -> list[tuple[str, list[str], str, float | None]]:
    """Words, body, head, weight."""
    found: list[tuple[str, list[str], str, float | None]] = []
    found += [(f"symmetric: {r}", [f"~{r}"], r, None) for r in file.get("symmetric", ())]
    for r, s in file.get("inverse", ()):
        found += [(f"inverse: [{r}, {s}]", [f"~{s}"], r, None), (f"inverse: [{r}, {s}]", [f"~{r}"], s, None)]
    found += [(f"one_way_inverse: [{r}, {s}]", [f"~{r}"], s, None) for r, s in file.get("one_way_inverse", ())]
    for one in file.get("implications", ()):
        words = f"if: [{', '.join(one['if'])}], then: {one['then']}"
        words += f", weight: {one['weight']:g}" if "weight" in one else ""
        found.append((f"implications: {{{words}}}", one["if"], one["then"], one.get("weight")))
    return found


def broken(facts: set[Fact], file: dict[str, Any], types: list[str]) -> list[Broken]:
    """Every broken instance. Of a limit the whole group that is too large, of cycles the shortest ones."""
    found, n = [], len(types)
    for typed in file.get("types", ()):
        for h, r, t in facts:
            if r in typed["relations"] and not (types[h] in typed["head"] and types[t] in typed["tail"]):
                words = f"types: {r} from [{', '.join(typed['head'])}] to [{', '.join(typed['tail'])}]"
                found.append(Broken(words, frozenset({(h, r, t)})))
    for words, relation, most, tails in _limits(file):
        for entity in range(n):
            group = {(h, r, t) for h, r, t in facts if r == relation and (h if tails else t) == entity}
            if len(group) > most:
                found.append(Broken(words, frozenset(group)))
    for one, other in file.get("disjoint", ()):
        for h, t in product(range(n), repeat=2):
            both = {atom(one, h, t), atom(other, h, t)}
            if both <= facts:
                found.append(Broken(f"disjoint: [{one}, {other}]", frozenset(both)))
    for words, body, head, weight in _implied(file):
        for path in product(range(n), repeat=len(body) + 1):
            steps = {atom(name, path[i], path[i + 1]) for i, name in enumerate(body)}
            concluded = atom(head, path[0], path[-1])
            if path[0] != path[-1] and steps <= facts and concluded not in facts:
                found.append(Broken(words, frozenset(steps | {concluded}), weight))
    for relation in file.get("acyclic", ()):
        for length in range(2, n + 1):
            for path in product(range(n), repeat=length):
                cycle = {(path[i], relation, path[(i + 1) % length]) for i in range(length)}
                if len(set(path)) == length and cycle <= facts:
                    found.append(Broken(f"acyclic: {relation}", frozenset(cycle)))
    return found


def worth(facts: set[Fact], gains: dict[Fact, float], file: dict[str, Any], types: list[str]) -> float:
    """The sum of gains less what is paid; minus infinity where a constraint is broken that may not be.

    Two paths of one body are two instances, even where their facts are the same.
    """
    found = broken(facts, file, types)
    if any(one.weight is None for one in found):
        return -float("inf")
    return sum(gains[fact] for fact in facts) - sum(one.weight or 0.0 for one in found)


THETA = 0.25


def obeyed(scores: np.ndarray, types: list[str], file: dict[str, Any]) -> Obeyed:
    kinds = np.array([SCHEMA.type_index[kind] for kind in types])
    declared = constraints([as_declarations(file, Path("constraints.yaml"))], SCHEMA)
    return obey(scores, kinds, THETA, declared)


def names(facts: np.ndarray) -> set[Fact]:
    return {(h, SCHEMA.relations[r], t) for h, t, r in np.argwhere(facts).tolist()}
