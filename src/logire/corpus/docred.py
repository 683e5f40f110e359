"""DocRED's format (Yao et al. 2019), our interchange format: read and checked, and written.

A file is a JSON list of documents::

    {"title": str,
     "sents": [[token, ...], ...],
     "vertexSet": [[{"name": str, "sent_id": int, "pos": [start, end], "type": str}, ...], ...],
     "labels": [{"r": relation, "h": entity, "t": entity, "evidence": [sentence, ...]}, ...]}

``labels`` may be missing (an unlabelled test set). ``pos`` counts tokens inside the sentence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from logire.corpus.data import DATA
from logire.corpus.document import MOST_ENTITIES, MOST_TOKENS, Document, Entity, Fact, Mention, Schema
from logire.ground.errors import InputError
from logire.ground.files import write_json
from logire.ground.typed import Whole, convert, decode, read_typed


class _Mention(Struct):
    name: str
    sent_id: Whole
    pos: tuple[Whole, Whole]
    type: str


class _Label(Struct):
    r: str
    h: Whole
    t: Whole
    evidence: tuple[Whole, ...] = ()


_Vertices = list[Annotated[list[_Mention], Meta(min_length=1)]]


class _Record(Struct):
    title: str
    sents: tuple[tuple[str, ...], ...]
    vertexSet: Annotated[_Vertices, Meta(min_length=1)]  # noqa: N815
    labels: list[_Label] = []


def read_docred(
    path: str | Path,
    *,
    relations: Collection[str] | None = None,
    types: Collection[str] | None = None,
) -> list[Document]:
    """Read a DocRED-format file (plain or ``.gz``).

    Args:
        relations: if given, every label's relation must be one of these.
        types: if given, every mention's type must be one of these.

    Raises:
        InputError: broken JSON, a missing field, a mention outside its text, a label on an unknown entity, evidence
            outside the text, an unknown relation or type, a document without entities or too large, a title that
            occurs twice, or no document at all.
    """
    records = read_typed(path, list[_Record], title="title")
    if not records:
        raise InputError("holds no document", file=path)
    seen: set[str] = set()
    for record in records:
        if record.title in seen:
            raise InputError("this title occurs twice", file=path, document=record.title, field="title")
        _refuse(record, path, relations, types)
        seen.add(record.title)
    return [_document(record) for record in records]


def decode_document(data: bytes, file: Path, name: str, schema: Schema) -> Document:
    """One document from its JSON object.

    Args:
        file, name: for error messages; the name counts where the document has no title.

    Raises:
        InputError: what :func:`read_docred` raises for a document.
    """
    try:
        record = decode(data, _Record, file=file, title="title")
    except InputError as error:
        raise InputError(
            error.problem, file=file, document=error.document or name, field=error.field, remedy=error.remedy
        ) from error
    _refuse(record, file, schema.relation_index, schema.type_index)
    return _document(record)


def write_docred(path: str | Path, documents: Iterable[Document]) -> None:
    """Write documents in DocRED's format, atomically."""
    write_json(path, [as_record(document) for document in documents], indent=None)


def as_record(document: Document) -> dict[str, Any]:
    """One document as DocRED's JSON object."""
    return {
        "title": document.title,
        "sents": [list(sentence) for sentence in document.sentences],
        "vertexSet": [
            [{"name": m.name, "sent_id": m.sentence, "pos": [m.start, m.end], "type": m.type} for m in entity.mentions]
            for entity in document.entities
        ],
        "labels": [
            {"r": fact.relation, "h": fact.head, "t": fact.tail, "evidence": list(fact.evidence)}
            for fact in document.facts
        ],
    }


def docred_relation_names() -> dict[str, str]:
    """DocRED's relations, such as ``P17``, and what Wikidata calls them."""
    return read_typed(DATA / "docred_rel_info.json", dict[str, str])


class _Text(Struct):
    sents: tuple[tuple[str, ...], ...]
    vertexSet: _Vertices  # noqa: N815


def read_text(row: Mapping[str, Any], title: str) -> Document:
    """The text and the entities of one document in memory, from its ``sents`` and ``vertexSet``; other keys are left.

    Raises:
        InputError: a field is missing or has another form, or a mention lies outside its text.
    """
    found = convert({key: row.get(key) for key in ("sents", "vertexSet")}, _Text, document=title)
    record = _Record(title, found.sents, found.vertexSet)
    if problem := _problem(record, None, None):
        field, what, remedy = problem
        raise InputError(what, document=title, field=field, remedy=remedy)
    return _document(record)


def _document(record: _Record) -> Document:
    entities = tuple(
        Entity(tuple(Mention(m.name, m.sent_id, *m.pos, m.type) for m in vertex)) for vertex in record.vertexSet
    )
    facts = tuple(Fact(label.h, label.r, label.t, label.evidence) for label in record.labels)
    return Document(record.title, record.sents, entities, facts)


def _refuse(
    record: _Record, file: str | Path, relations: Collection[str] | None, types: Collection[str] | None
) -> None:
    """Raise an error about a document of the right form with a wrong value."""
    if found := _problem(record, relations, types):
        field, problem, remedy = found
        raise InputError(problem, file=file, document=record.title, field=field, remedy=remedy)


def _problem(
    record: _Record, relations: Collection[str] | None, types: Collection[str] | None
) -> tuple[str, str, str | None] | None:
    """Field, problem and remedy of the first thing that is wrong with a document of the right form."""
    lengths = [len(sentence) for sentence in record.sents]
    if sum(lengths) > MOST_TOKENS:
        return "sents", f"{sum(lengths):,} tokens, at most {MOST_TOKENS:,} fit", "split the document"
    if len(record.vertexSet) > MOST_ENTITIES:
        return "vertexSet", f"{len(record.vertexSet)} entities, at most {MOST_ENTITIES} fit", "split the document"
    for i, vertex in enumerate(record.vertexSet):
        for j, mention in enumerate(vertex):
            field, (start, end) = f"vertexSet[{i}][{j}]", mention.pos
            if not 0 <= mention.sent_id < len(lengths):
                return f"{field}.sent_id", f"{mention.sent_id}: the document has {len(lengths)} sentences", None
            length = lengths[mention.sent_id]
            if not 0 <= start < end <= length:
                problem = f"mention [{start}, {end}) lies outside its sentence of {length} tokens"
                return f"{field}.pos", problem, None
            if types is not None and mention.type not in types:
                return f"{field}.type", f"unknown entity type {mention.type!r}", "add it to ner2id.json"
    for i, label in enumerate(record.labels):
        field, entities = f"labels[{i}]", len(record.vertexSet)
        for key, index in (("h", label.h), ("t", label.t)):
            if not 0 <= index < entities:
                return f"{field}.{key}", f"entity {index} does not exist: there are {entities}", None
        if relations is not None and label.r not in relations:
            return f"{field}.r", f"unknown relation {label.r!r}", "add it to rel2id.json"
        outside = [number for number in label.evidence if not 0 <= number < len(lengths)]
        if outside:
            return f"{field}.evidence", f"{outside[0]}: the document has {len(lengths)} sentences", None
    return None
