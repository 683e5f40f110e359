"""DWIE's raw annotation files, with the articles' text in ``content``, to documents (paper, appendix B).

The road from annotation to document is the paper's authors': concepts without a mention are dropped with every
relation that touches one, documents left without an entity drop out, an entity's type is the last of its tags that
is a known type, and a mention of a concept without one takes the type of the mention read before it.
"""

from __future__ import annotations

import gzip
import json
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from logire.corpus.document import Document, Entity, Fact, Mention, Schema
from logire.corpus.tokenizer import Tokenizer
from logire.ground.errors import InputError
from logire.ground.files import atomic

Record = dict[str, Any]
Span = tuple[int, int, str, str]  # first token, one past the last (document-level), the mention's text, its type


def read_annotations(path: str | Path) -> Iterator[tuple[str, Record]]:
    """Yield (where, record) for every annotation in a folder of JSON files, a ``.jsonl`` or a ``.jsonl.gz``.

    ``where`` names the file, and the line inside it, for error messages.

    Raises:
        InputError: nothing at ``path``, broken JSON, a record that is no object, or no record at all.
    """
    path = Path(path)
    count = 0
    if path.is_dir():
        for file in sorted(path.glob("*.json")):
            count += 1
            yield str(file), _parse(file.read_bytes(), str(file))
        if not count:
            raise InputError("holds no *.json annotation file", file=path)
        return
    if not path.exists():
        raise InputError(
            "does not exist",
            file=path,
            remedy="give a folder of annotation files, a .jsonl or a .jsonl.gz, with the texts in `content`",
        )
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    count += 1
                    yield f"{path}:{number}", _parse(line, f"{path}:{number}")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"is not a whole gzip file ({error})", file=path, remedy="fetch it again") from error
    if not count:
        raise InputError("is empty: no annotation in it", file=path)


def write_annotations(path: str | Path, records: Iterable[Record]) -> None:
    """Write annotations as a ``.jsonl`` or a ``.jsonl.gz``, one a line, atomically; equal records, equal bytes."""
    data = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode("utf-8")
    with atomic(path) as temporary:
        temporary.write_bytes(gzip.compress(data, mtime=0) if Path(path).suffix == ".gz" else data)


def _parse(data: bytes, where: str) -> Record:
    try:
        record = json.loads(data.decode("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"broken JSON ({error})", file=where) from error
    if not isinstance(record, dict):
        raise InputError("a JSON object was expected", file=where)
    return record


def read_dwie(
    path: str | Path, split: Mapping[str, list[str]], schema: Schema, *, split_sentences: bool = False
) -> dict[str, list[Document]]:
    """Read raw annotations into the documents of each split.

    Args:
        path: see :func:`read_annotations`.
        split: split name -> document ids; the documents come out in this order, others are left out.
        schema: the relations and entity types that may occur.
        split_sentences: keep sentence boundaries; off is the authors' form, one sentence a document.

    Raises:
        InputError: what :func:`read_annotations` raises; an id that occurs twice, or that the split names and the
            files lack; any bad field, named with its file and document.
    """
    converter = _Converter(schema, Tokenizer(split_sentences=split_sentences))
    wanted = {title for titles in split.values() for title in titles}
    documents: dict[str, Document] = {}
    seen: set[str] = set()
    for where, record in read_annotations(path):
        title = record.get("id")
        if not isinstance(title, str) or not title:
            raise InputError("a document id was expected", file=where, field="id")
        if title in seen:
            raise InputError("this document occurs twice", file=where, document=title, field="id")
        seen.add(title)
        if title in wanted:
            documents[title] = converter.document(where, record)
    missing = sorted(wanted - documents.keys())
    if missing:
        raise InputError(
            f"{len(missing)} documents of the split are not there, among them {', '.join(missing[:3])}",
            file=path,
            remedy="use the whole corpus, or a split file that names only the documents you have",
        )
    return {name: [documents[title] for title in titles] for name, titles in split.items()}


class _Converter:
    """One annotation record to a :class:`Document`."""

    def __init__(self, schema: Schema, tokenizer: Tokenizer) -> None:
        self.schema = schema
        self.tokenizer = tokenizer

    def document(self, where: str, record: Record) -> Document:
        self.where, self.title = where, record["id"]
        text = self.field(record, "content", str)
        tokens, starts = self.tokenizer(text)
        concepts = [self.field(c, "concept", int, f"concepts[{i}].") for i, c in self.rows(record, "concepts")]
        mentions = self.mentions_by_concept(record, text, tokens, concepts)
        entity_of = {concept: index for index, concept in enumerate(c for c in concepts if mentions.get(c))}
        if not entity_of:
            raise self.fail("mentions", "no concept of this document has a mention", "leave it out of the split")
        spans = [span for concept in entity_of for span in mentions[concept]]
        sentences, offsets = _sentences([token for token, _, _ in tokens], starts, spans)
        entities = tuple(self.entity(mentions[concept], offsets) for concept in entity_of)
        facts = self.facts(record, set(concepts), entity_of)
        return Document(self.title, sentences, entities, facts)

    def fail(self, field: str, problem: str, remedy: str | None = None) -> InputError:
        return InputError(problem, file=self.where, document=self.title, field=field, remedy=remedy)

    def field(self, record: Any, key: str, kind: type, prefix: str = "") -> Any:
        value = record.get(key) if isinstance(record, dict) else None
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.fail(f"{prefix}{key}", f"{kind.__name__} expected, {type(value).__name__} found")
        return value

    def rows(self, record: Record, key: str) -> Iterator[tuple[int, Any]]:
        return enumerate(self.field(record, key, list))

    def mentions_by_concept(
        self, record: Record, text: str, tokens: list[tuple[str, int, int]], concepts: list[int]
    ) -> dict[int, list[Span]]:
        """Concept -> its mentions, in the order of ``mentions``."""
        if len(set(concepts)) != len(concepts):
            raise self.fail("concepts", "a concept number occurs twice")
        known = set(concepts)
        types = self.types(record)
        kind = self.schema.types[0]  # what a first mention without a type falls back on
        begins = [begin for _, begin, _ in tokens]
        found: dict[int, list[Span]] = {}
        for i, mention in self.rows(record, "mentions"):
            prefix = f"mentions[{i}]."
            begin, end = (self.field(mention, key, int, prefix) for key in ("begin", "end"))
            concept = self.field(mention, "concept", int, prefix)
            if not 0 <= begin < end <= len(text):
                raise self.fail(
                    f"{prefix}begin",
                    f"mention [{begin}, {end}) lies outside its text of {len(text)} characters",
                )
            if "text" in mention and mention["text"] != text[begin:end]:
                raise self.fail(
                    f"{prefix}text",
                    f"the text at [{begin}, {end}) is not the mention's",
                    "annotations and texts must come from the same release",
                )
            if concept not in known:
                raise self.fail(f"{prefix}concept", f"concept {concept} does not exist")
            first = bisect_right(begins, begin) - 1
            if first < 0 or tokens[first][2] <= begin:
                first += 1
            last = first
            while last < len(tokens) and tokens[last][1] < end:
                last += 1
            if last <= first:
                raise self.fail(f"{prefix}begin", f"no token overlaps [{begin}, {end})")
            kind = types[concept] or kind
            found.setdefault(concept, []).append((first, last, text[begin:end], kind))
        return found

    def types(self, record: Record) -> dict[int, str | None]:
        """Concept -> the last of its tags that is an entity type, None where there is none."""
        found: dict[int, str | None] = {}
        for i, concept in self.rows(record, "concepts"):
            tags = self.field({"tags": []} | concept, "tags", list, f"concepts[{i}].")
            known = [tag for tag in tags if tag in self.schema.types]
            found[concept["concept"]] = known[-1] if known else None
        return found

    def entity(self, spans: list[Span], offsets: list[int]) -> Entity:
        mentions = []
        for start, end, name, kind in spans:
            sentence = bisect_right(offsets, start) - 1
            mentions.append(Mention(name, sentence, start - offsets[sentence], end - offsets[sentence], kind))
        return Entity(tuple(mentions))

    def facts(self, record: Record, known: set[int], entity_of: Mapping[int, int]) -> tuple[Fact, ...]:
        facts = []
        for i, relation in self.rows(record, "relations"):
            prefix = f"relations[{i}]."
            head, tail = (self.field(relation, key, int, prefix) for key in ("s", "o"))
            name = self.field(relation, "p", str, prefix)
            for key, concept in (("s", head), ("o", tail)):
                if concept not in known:
                    raise self.fail(f"{prefix}{key}", f"relation to concept {concept}, which does not exist")
            if name not in self.schema.relation_index:
                raise self.fail(f"{prefix}p", f"unknown relation {name!r}", "add it to the relation list")
            if head in entity_of and tail in entity_of:
                facts.append(Fact(entity_of[head], name, entity_of[tail]))
        return tuple(facts)


def _sentences(
    tokens: list[str], starts: list[int], spans: list[Span]
) -> tuple[tuple[tuple[str, ...], ...], list[int]]:
    """Cut tokens at ``starts``, leaving out every cut that would split a mention; also the kept starts."""
    inside = {cut for start, end, _, _ in spans for cut in range(start + 1, end)}
    offsets = [start for start in starts if start not in inside]
    ends = [*offsets[1:], len(tokens)]
    return tuple(tuple(tokens[a:b]) for a, b in zip(offsets, ends, strict=True)), offsets
