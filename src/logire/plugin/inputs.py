"""What a caller has of each document, in the forms that relation models keep it: arrays, rows, files.

A document is its logits (N, N, R), the types of its N entities, and, to learn from, its labels. Its text is welcome: it
says where the entities are mentioned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from logire.corpus.docred import read_text
from logire.corpus.document import Document, Entity, Fact, FloatArray, IntArray, Mention, Schema
from logire.corpus.dump import ScoredDocument, read_dump, scored
from logire.corpus.matching import matched, relation_order, unknown_type
from logire.corpus.prepared import PreparedCorpus
from logire.ground.errors import InputError

_DOCRED = {"h": ("h", "head"), "t": ("t", "tail"), "r": ("r", "relation_id", "relation_text", "relation")}
"""What DocRED's files and its rows in a ``datasets.Dataset`` call head, tail and relation of a label."""


@dataclass(frozen=True)
class Example:
    """One document as it was given.

    Attributes:
        title: its id.
        logits: (N, N, R), relations in the order of the caller.
        labels: (N, N, R) truth values, or facts: (head, relation, tail), or DocRED's labels; None where unknown.
        entities: N, each with its mentions; with one that stands nowhere where there is no text.
        sentences: the text, if there is one.
    """

    title: str
    logits: FloatArray
    labels: Any
    entities: tuple[Entity, ...]
    sentences: tuple[tuple[str, ...], ...] = ()

    @property
    def types(self) -> tuple[str, ...]:
        """N entity types."""
        return tuple(entity.type for entity in self.entities)


def examples(
    logits: Any, labels: Any = None, types: Any = None, *, titles: Any = None, names: Any = None
) -> list[Example]:
    """Documents from arrays, one entry a document in each argument, or from rows.

    Args:
        logits: arrays (N, N, R), numpy's, torch's on a CPU, or lists; or rows, mappings with the keys ``logits``,
            ``types`` (or DocRED's ``vertexSet``) and, if known, ``labels``, ``title``, ``names``, and ``sents``, the
            text that DocRED's ``vertexSet`` points into.
        labels: see :class:`Example`.
        types: of each document its N entity types.
        titles: of each document its id; numbers from 0 where left out.
        names: of each document its N entity names.

    Raises:
        InputError: nothing was given, the arguments differ in length, or a document is incomplete.
    """
    rows = list(logits)
    if not rows:
        raise InputError("holds no document", field="logits")
    if isinstance(rows[0], Mapping):
        return [_of_row(i, row) for i, row in enumerate(rows)]
    if types is None:
        raise InputError("is missing", field="types", remedy="give each document's entity types, one an entity")
    columns: dict[str, list[Any]] = {}
    for field, given in (("labels", labels), ("types", types), ("titles", titles), ("names", names)):
        columns[field] = [None] * len(rows) if given is None else list(given)
        if len(columns[field]) != len(rows):
            raise InputError(f"{len(columns[field])} documents, but logits of {len(rows)}", field=field)
    return [
        _example(i, title, array, label, kinds, called)
        for i, (array, label, kinds, title, called) in enumerate(zip(rows, *columns.values(), strict=True))
    ]


def relations_of(found: Iterable[Example]) -> tuple[str, ...]:
    """Numbers as names, where the caller has given none: 0 to R - 1."""
    return tuple(str(r) for r in range(next(iter(found)).logits.shape[-1]))


def put_together(found: Iterable[Example], schema: Schema, relations: Sequence[str] | None) -> list[ScoredDocument]:
    """Documents with the relations in the schema's order.

    Args:
        relations: the names of the relations in the order of the given logits; by default the schema's order.

    Raises:
        InputError: the relations are others than the schema's, a shape or a value is wrong, a label names what does
            not exist, or an entity has a type that the schema lacks.
    """
    order = relation_order(schema.relations if relations is None else tuple(map(str, relations)), schema)
    return [_scored(example, schema, order) for example in found]


def read_files(
    logits: str | Path, documents: str | Path, split: str, schema: Schema | None = None
) -> tuple[list[ScoredDocument], Schema]:
    """One split of a dump with the documents of a folder that ``logire prepare`` wrote.

    Args:
        schema: what the result must be in; by default the folder's own.

    Raises:
        InputError: a file is missing or broken, or the folder's relations or types are others than the schema's.
    """
    corpus = PreparedCorpus.open(documents)
    found = read_dump(logits, corpus, split)
    return matched(found, corpus.schema, schema or corpus.schema, file=corpus.path), schema or corpus.schema


def _of_row(number: int, row: Mapping[str, Any]) -> Example:
    kinds, names, title = row.get("types"), row.get("names"), row.get("title")
    text = None
    if row.get("vertexSet") is not None:
        if row.get("sents") is not None:
            text = read_text(row, _title(number, title))
        if kinds is None:
            first = [vertex[0] for vertex in row["vertexSet"]]
            kinds, names = [mention["type"] for mention in first], [mention["name"] for mention in first]
    for field, value in (("logits", row.get("logits")), ("types", kinds)):
        if value is None:
            raise InputError(
                "is missing", document=_title(number, title), field=field, remedy="a row holds logits, types and labels"
            )
    return _example(number, title, row["logits"], row.get("labels"), kinds, names, text)


def _title(number: int, title: Any) -> str:
    return str(number if title is None else title)


def _example(
    number: int, title: Any, logits: Any, labels: Any, types: Any, names: Any, text: Document | None = None
) -> Example:
    title = _title(number, title)
    try:
        array = np.asarray(logits, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"is not an array of numbers ({error})", document=title, field="logits") from error
    if array.ndim != 3 or array.shape[0] != array.shape[1]:
        raise InputError(
            f"shape {array.shape}, (N, N, R) expected",
            document=title,
            field="logits",
            remedy="one logit for each head, tail and relation, in this order",
        )
    kinds = tuple(str(kind) for kind in np.asarray(types).tolist())
    called = kinds if names is None else tuple(map(str, names))
    for field, given in (("types", kinds), ("names", called)):
        if len(given) != len(array):
            raise InputError(f"{len(given)} entities, but logits of {len(array)}", document=title, field=field)
    if names is None:
        called = tuple(f"{kind} {i}" for i, kind in enumerate(kinds))
    if text is None:
        entities = [Entity((Mention(name, 0, 0, 0, kind),)) for name, kind in zip(called, kinds, strict=True)]
        return Example(title, array, labels, tuple(entities))
    if len(text.entities) != len(array):
        problem = f"{len(text.entities)} entities, but logits of {len(array)}"
        raise InputError(problem, document=title, field="vertexSet")
    # A type that the row gives beside its text counts.
    entities = [
        Entity(tuple(replace(mention, type=kind) for mention in entity.mentions))
        for entity, kind in zip(text.entities, kinds, strict=True)
    ]
    return Example(title, array, labels, tuple(entities), text.sentences)


def _scored(example: Example, schema: Schema, order: IntArray) -> ScoredDocument:
    if example.logits.shape[-1] != len(order):
        raise InputError(
            f"{example.logits.shape[-1]} relations, but the model has {len(order)}",
            document=example.title,
            field="logits",
            remedy="leave out the column of no relation; give the relations of the logits by name: relations=[...]",
        )
    unknown = sorted(set(example.types) - set(schema.types))
    if unknown:
        raise unknown_type(unknown[0], schema, title=example.title)
    facts = () if example.labels is None else tuple(_facts(example, schema, order))
    document = Document(example.title, example.sentences, example.entities, facts)
    return scored(document, np.ascontiguousarray(example.logits[..., order]), schema)


def _facts(example: Example, schema: Schema, order: IntArray) -> Iterable[Fact]:
    """The labelled facts of a document, whichever form they have."""
    labels, n = example.labels, len(example.entities)
    if isinstance(labels, Mapping):  # one column a key, as `datasets` keeps a list of objects
        labels = [dict(zip(labels, values, strict=True)) for values in zip(*labels.values(), strict=True)]
    if _is_array(labels):
        array = np.asarray(labels)
        if array.shape != example.logits.shape:
            raise InputError(
                f"shape {array.shape}, but logits of {example.logits.shape}", document=example.title, field="labels"
            )
        for head, tail, number in np.argwhere(array[..., order].astype(np.bool_)).tolist():
            yield Fact(head, schema.relations[number], tail)
        return
    for i, label in enumerate(labels):
        h, r, t = _parts(label, schema, order, f"labels[{i}]", example.title)
        for key, entity in (("head", h), ("tail", t)):
            if not 0 <= entity < n:
                raise InputError(
                    f"entity {entity} does not exist: there are {n}", document=example.title, field=f"labels[{i}].{key}"
                )
        yield Fact(h, r, t)


def _is_array(labels: Any) -> bool:
    """Whether labels are truth values (N, N, R): an array, or lists in lists in a list."""
    if hasattr(labels, "shape"):
        return len(labels.shape) == 3
    inner = labels[0] if len(labels) else None
    return isinstance(inner, list) and bool(inner) and isinstance(inner[0], list)


def _parts(label: Any, schema: Schema, order: IntArray, field: str, title: str) -> tuple[int, str, int]:
    """Head, relation and tail of one label."""
    try:
        if isinstance(label, Mapping):
            h, t, *called = (label[key] for part in "htr" for key in _DOCRED[part] if key in label)
        else:
            h, *called, t = label
        h, t = int(h), int(t)
    except (TypeError, ValueError) as error:
        remedy = "a label is (head, relation, tail), or {'h': head, 't': tail, 'r': relation}"
        raise InputError(f"{label!r} is not a label", document=title, field=field, remedy=remedy) from error
    for name in called:
        if isinstance(name, int | np.integer) and 0 <= name < len(order):  # a number counts in the caller's order
            return h, schema.relations[int(np.flatnonzero(order == name)[0])], t
        if name in schema.relation_index:
            return h, cast(str, name), t
    raise InputError(
        f"unknown relation {called[0] if called else None!r}",
        document=title,
        field=field,
        remedy=f"one of {', '.join(schema.relations)}",
    )
