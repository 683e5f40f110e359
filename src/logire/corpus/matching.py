"""Relations and entity types in another order: matched by name, never by number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from logire.corpus.document import IntArray, Schema
from logire.corpus.dump import ScoredDocument
from logire.ground.errors import InputError


def relation_order(given: Sequence[str], schema: Schema, *, file: str | Path | None = None) -> IntArray:
    """(R,) for each relation of the schema, where it stands among the given ones.

    Args:
        file: where the given relations come from, for error messages.

    Raises:
        InputError: a relation is missing, unknown or given twice.
    """
    if sorted(given) != sorted(schema.relations):
        odd = sorted(set(given) ^ set(schema.relations))
        odd = odd or sorted({name for name in given if given.count(name) > 1})
        raise InputError(
            f"the relations are not those the model was fitted on: {', '.join(map(repr, odd[:5]))}",
            file=file,
            field="relations",
            remedy=f"the model has {', '.join(schema.relations)}",
        )
    place = {name: i for i, name in enumerate(given)}
    return np.array([place[name] for name in schema.relations], dtype=np.int64)


def unknown_type(name: str, schema: Schema, *, file: str | Path | None = None, title: str | None = None) -> InputError:
    """What to say of an entity type that the schema lacks."""
    return InputError(
        f"unknown entity type {name!r}",
        file=file,
        document=title,
        field="types",
        remedy=f"the model was fitted on {', '.join(schema.types)}",
    )


def matched(
    documents: Sequence[ScoredDocument], given: Schema, schema: Schema, *, file: str | Path | None = None
) -> list[ScoredDocument]:
    """Documents whose arrays are in the order of ``given``, in the order of ``schema``.

    Raises:
        InputError: the relations are not the same, or an entity has a type that ``schema`` lacks.
    """
    if given == schema:
        return list(documents)
    order = relation_order(given.relations, schema, file=file)
    kinds = np.array([schema.type_index.get(name, -1) for name in given.types], dtype=np.int64)
    found = []
    for d in documents:
        types = kinds[d.types]
        if (types < 0).any():
            raise unknown_type(given.types[d.types[types < 0][0]], schema, file=file, title=d.title)
        arrays = (np.ascontiguousarray(d.logits[..., order]), d.labels[..., order], d.in_train[..., order])
        found.append(ScoredDocument(d.document, types, *arrays))
    return found
