"""DocRED's format (Yao et al. 2019), our interchange format: read and checked, and written.

A file is a JSON list of documents::

    {"title": str,
     "sents": [[token, ...], ...],
     "vertexSet": [[{"name": str, "sent_id": int, "pos": [start, end], "type": str}, ...], ...],
     "labels": [{"r": relation, "h": entity, "t": entity, "evidence": [sentence, ...]}, ...]}

``labels`` may be missing (an unlabelled test set). ``pos`` counts tokens inside the sentence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from logire.corpus.document import Document, Entity, Fact, Mention
from logire.ground.errors import InputError
from logire.ground.files import read_json, write_json


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
        InputError: broken JSON, a missing field, a mention outside its text, a label on an unknown entity, an
            unknown relation or type, a title that occurs twice, or no document at all.
    """
    records = read_json(path)
    if not isinstance(records, list):
        raise InputError("a list of documents was expected", file=path)
    if not records:
        raise InputError("holds no document", file=path)
    documents: list[Document] = []
    seen: set[str] = set()
    for position, record in enumerate(records):
        document = _Reader(path, position, relations, types).document(record)
        if document.title in seen:
            raise InputError("this title occurs twice", file=path, document=document.title, field="title")
        seen.add(document.title)
        documents.append(document)
    return documents


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


class _Reader:
    """Turns one JSON record into a :class:`Document`, naming file, document and field in every complaint."""

    def __init__(
        self,
        path: str | Path,
        position: int,
        relations: Collection[str] | None,
        types: Collection[str] | None,
    ) -> None:
        self.path = path
        self.title = f"number {position}"
        self.relations = relations
        self.types = types

    def fail(self, field: str, problem: str, remedy: str | None = None) -> InputError:
        return InputError(problem, file=self.path, document=self.title, field=field, remedy=remedy)

    def get(self, record: Any, key: str, kind: type | tuple[type, ...], field: str) -> Any:
        if not isinstance(record, dict) or key not in record:
            raise self.fail(field, "is missing")
        value = record[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            wanted = kind.__name__ if isinstance(kind, type) else " or ".join(k.__name__ for k in kind)
            raise self.fail(field, f"{wanted} expected, {type(value).__name__} found")
        return value

    def document(self, record: Any) -> Document:
        self.title = self.get(record, "title", str, "title")
        sentences = []
        for i, sentence in enumerate(self.get(record, "sents", list, "sents")):
            if not isinstance(sentence, list) or not all(isinstance(token, str) for token in sentence):
                raise self.fail(f"sents[{i}]", "a list of tokens was expected")
            sentences.append(tuple(sentence))
        entities = tuple(
            self.entity(vertex, f"vertexSet[{i}]", sentences)
            for i, vertex in enumerate(self.get(record, "vertexSet", list, "vertexSet"))
        )
        labels = record.get("labels", [])
        if not isinstance(labels, list):
            raise self.fail("labels", "a list was expected")
        facts = tuple(self.fact(label, f"labels[{i}]", len(entities)) for i, label in enumerate(labels))
        return Document(self.title, tuple(sentences), entities, facts)

    def entity(self, vertex: Any, field: str, sentences: list[tuple[str, ...]]) -> Entity:
        if not isinstance(vertex, list) or not vertex:
            raise self.fail(field, "a list of at least one mention was expected")
        return Entity(tuple(self.mention(m, f"{field}[{i}]", sentences) for i, m in enumerate(vertex)))

    def mention(self, record: Any, field: str, sentences: list[tuple[str, ...]]) -> Mention:
        sentence = self.get(record, "sent_id", int, f"{field}.sent_id")
        position = self.get(record, "pos", list, f"{field}.pos")
        kind = self.get(record, "type", str, f"{field}.type")
        name = self.get(record, "name", str, f"{field}.name")
        if not 0 <= sentence < len(sentences):
            raise self.fail(f"{field}.sent_id", f"{sentence}: the document has {len(sentences)} sentences")
        if len(position) != 2 or not all(isinstance(p, int) for p in position):
            raise self.fail(f"{field}.pos", f"[start, end] was expected, {position} found")
        start, end = position
        if not 0 <= start < end <= len(sentences[sentence]):
            raise self.fail(
                f"{field}.pos",
                f"mention [{start}, {end}) lies outside its sentence of {len(sentences[sentence])} tokens",
            )
        if self.types is not None and kind not in self.types:
            raise self.fail(f"{field}.type", f"unknown entity type {kind!r}", "add it to ner2id.json")
        return Mention(name, sentence, start, end, kind)

    def fact(self, record: Any, field: str, entities: int) -> Fact:
        relation = self.get(record, "r", str, f"{field}.r")
        head = self.get(record, "h", int, f"{field}.h")
        tail = self.get(record, "t", int, f"{field}.t")
        for key, index in (("h", head), ("t", tail)):
            if not 0 <= index < entities:
                raise self.fail(f"{field}.{key}", f"entity {index} does not exist: there are {entities}")
        if self.relations is not None and relation not in self.relations:
            raise self.fail(f"{field}.r", f"unknown relation {relation!r}", "add it to rel2id.json")
        evidence = record.get("evidence", [])
        if not isinstance(evidence, list) or not all(isinstance(s, int) for s in evidence):
            raise self.fail(f"{field}.evidence", "a list of sentence numbers was expected")
        return Fact(head, relation, tail, tuple(evidence))
