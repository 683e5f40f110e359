"""Facts of one document with their scores, as their tool gives them, made into a document with logits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from logire.adapters.entities import same_name
from logire.adapters.scores import Place, as_logit
from logire.corpus.document import Schema
from logire.corpus.dump import ScoredDocument
from logire.ground.errors import InputError
from logire.plugin.inputs import examples, put_together

_FORM = "a fact is (head, relation, tail, score), or a mapping with these keys; head and tail are numbers or names"

Given = dict[tuple[int, int, int], float]
"""(head, tail, relation) -> the score as it was given."""


def scored_facts(
    facts: Iterable[Any],
    types: Sequence[str] | Mapping[str, str] | None,
    schema: Schema,
    *,
    names: Sequence[str] | None,
    text: Mapping[str, Any] | None,
    title: str,
    scores: Literal["probabilities", "logits"],
    floor: float,
) -> tuple[ScoredDocument, Given]:
    """The document of one list of facts, and the scores as they were given.

    The arguments are those of :meth:`logire.plugin.repair.Repairing.repair`.

    Raises:
        InputError: there are no entities; a fact has another form, or names an entity or a relation that does not
            exist; a score is wrong; a fact occurs twice.
    """
    kinds, called = _entities(types, names, text, title)
    n = len(kinds)
    logits = np.full((n, n, len(schema.relations)), floor, dtype=np.float32)
    find = _finder(called, title)
    given: Given = {}
    for i, fact in enumerate(facts):
        head, relation, tail, score = _parts(fact, i, title)
        h, t = find(head, f"facts[{i}].head"), find(tail, f"facts[{i}].tail")
        r = schema.relation_index.get(relation)
        problem, field, remedy = None, f"facts[{i}].relation", f"one of {', '.join(schema.relations)}"
        if r is None:
            raise InputError(f"unknown relation {relation!r}", document=title, field=field, remedy=remedy)
        if h == t:
            problem, field, remedy = "joins an entity to itself", f"facts[{i}]", "leave it out: no model scores it"
        elif (h, t, r) in given:
            problem, field, remedy = "occurs twice", f"facts[{i}]", "give each fact once, with its best score"
        if problem:
            raise InputError(problem, document=title, field=field, remedy=remedy)
        place = Place(None, title, f"facts[{i}].score")
        logits[h, t, r] = as_logit(score, probabilities=scores == "probabilities", floor=floor, place=place)
        given[h, t, r] = score
    row: dict[str, Any] = {"title": title, "logits": logits, "types": kinds, "names": called}
    if text is not None:
        row |= {"sents": text.get("sents"), "vertexSet": text["vertexSet"]}
    return put_together(examples([row]), schema, None)[0], given


def _entities(
    types: Sequence[str] | Mapping[str, str] | None,
    names: Sequence[str] | None,
    text: Mapping[str, Any] | None,
    title: str,
) -> tuple[list[str], list[str]]:
    """Types and names of the entities."""
    if text is not None:
        vertices = text.get("vertexSet")
        if not vertices:
            remedy = "give sents and vertexSet, as DocRED has them"
            raise InputError("is missing", document=title, field="vertexSet", remedy=remedy)
        first = [vertex[0] for vertex in vertices]
        kinds = [str(mention["type"]) for mention in first] if types is None else list(map(str, types))
        return kinds, [str(mention["name"]) for mention in first]
    if not types:
        raise InputError("is missing", document=title, field="types", remedy="give each entity's type: {name: type}")
    if isinstance(types, Mapping):
        return [str(kind) for kind in types.values()], [str(name) for name in types]
    kinds = [str(kind) for kind in types]
    return kinds, [f"{kind} {i}" for i, kind in enumerate(kinds)] if names is None else [str(name) for name in names]


def _finder(names: Sequence[str], title: str) -> Callable[[Any, str], int]:
    """What finds an entity by its number or its name."""
    numbers: dict[str, int] = {}
    for number, name in enumerate(names):
        numbers.setdefault(same_name(name), number)

    def find(entity: Any, field: str) -> int:
        if isinstance(entity, str):
            number = numbers.get(same_name(entity), -1)
        else:
            number = int(entity) if isinstance(entity, int | np.integer) else -1
        if 0 <= number < len(names):
            return number
        remedy = "give its type too: types={name: type}, or types=[...] and names=[...]"
        raise InputError(f"unknown entity {entity!r}", document=title, field=field, remedy=remedy)

    return find


def _parts(fact: Any, number: int, title: str) -> tuple[Any, str, Any, float]:
    try:
        if isinstance(fact, Mapping):
            head, relation, tail, score = (fact[key] for key in ("head", "relation", "tail", "score"))
        else:
            head, relation, tail, score = fact
        return head, str(relation), tail, float(score)
    except (KeyError, TypeError, ValueError) as error:
        field = f"facts[{number}]"
        raise InputError(f"{fact!r:.200} is not a fact", document=title, field=field, remedy=_FORM) from error
