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
from typing import Annotated, Any

from msgspec import Meta, Struct

from logire.corpus.document import MOST_ENTITIES, Document, Entity, Fact, Mention, Schema
from logire.corpus.tokenizer import MOST_CHARACTERS, Token, Tokenizer
from logire.ground.errors import InputError
from logire.ground.files import atomic, read_bytes
from logire.ground.typed import Whole, decode

Span = tuple[int, int, str, str]
"""First token and one past the last, both counted in the document; the mention's text; its type."""


class Head(Struct):
    """What an annotation says of its document as a whole: its id, and its tags."""

    id: Annotated[str, Meta(min_length=1)]
    tags: list[str] | None = None


class _Concept(Struct):
    concept: Whole
    tags: list[str] = []


class _Mention(Struct):
    begin: Whole
    end: Whole
    concept: Whole
    text: str | None = None


class _Relation(Struct):
    s: Whole
    p: str
    o: Whole


class _Annotation(Struct):
    id: str
    content: str
    concepts: list[_Concept]
    mentions: list[_Mention]
    relations: list[_Relation]


def raw_annotations(path: str | Path) -> Iterator[tuple[str, bytes]]:
    """Yield (where, JSON) for every annotation in a folder of JSON files, a ``.jsonl`` or a ``.jsonl.gz``.

    ``where`` names the file, and the line inside it, for error messages.

    Raises:
        InputError: there is nothing at ``path``, it cannot be read, or it holds no annotation.
    """
    path = Path(path)
    empty = True
    if path.is_dir():
        for file in sorted(path.glob("*.json")):
            empty = False
            yield str(file), read_bytes(file)
        if empty:
            raise InputError("holds no *.json annotation file", file=path)
        return
    if not path.is_file():
        raise InputError(
            "is not a file or folder" if path.exists() else "does not exist",
            file=path,
            remedy="give a folder of annotation files, a .jsonl or a .jsonl.gz, with the texts in `content`",
        )
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    empty = False
                    yield f"{path}:{number}", line
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"is not a whole gzip file ({error})", file=path, remedy="fetch it again") from error
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", file=path) from error
    if empty:
        raise InputError("is empty: no annotation in it", file=path)


def read_heads(path: str | Path) -> Iterator[tuple[str, Head]]:
    """Yield (where, id and tags) of every annotation, see :func:`raw_annotations`.

    Raises:
        InputError: what :func:`raw_annotations` raises, broken JSON, or an annotation without an id.
    """
    for where, data in raw_annotations(path):
        yield where, decode(data, Head, file=where, title="id")


def write_annotations(path: str | Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write annotations as a ``.jsonl`` or a ``.jsonl.gz``, one a line, atomically; equal records, equal bytes."""
    data = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode("utf-8")
    with atomic(path) as temporary:
        temporary.write_bytes(gzip.compress(data, mtime=0) if Path(path).suffix == ".gz" else data)


def read_dwie(
    path: str | Path, split: Mapping[str, list[str]], schema: Schema, *, split_sentences: bool = False
) -> dict[str, list[Document]]:
    """Read raw annotations into the documents of each split.

    Args:
        path: see :func:`raw_annotations`.
        split: split name -> document ids; the documents come out in this order, others are left out.
        schema: the relations and entity types that may occur.
        split_sentences: keep sentence boundaries; off is the authors' form, one sentence a document.

    Raises:
        InputError: what :func:`raw_annotations` raises; an id that occurs twice, or that the split names and the
            files lack; any bad field, named with its file and document.
    """
    tokenizer = Tokenizer(split_sentences=split_sentences)
    wanted = {title for titles in split.values() for title in titles}
    documents: dict[str, Document] = {}
    seen: set[str] = set()
    for where, data in raw_annotations(path):
        title = decode(data, Head, file=where, title="id").id
        if title in seen:
            raise InputError("this document occurs twice", file=where, document=title, field="id")
        seen.add(title)
        if title in wanted:
            annotation = decode(data, _Annotation, file=where, title="id")
            documents[title] = _Converter(where, annotation, schema, tokenizer).document()
    missing = sorted(wanted - documents.keys())
    if missing:
        raise InputError(
            f"{len(missing)} documents of the split are not there, among them {', '.join(missing[:3])}",
            file=path,
            remedy="use the whole corpus, or a split file that names only the documents you have",
        )
    return {name: [documents[title] for title in titles] for name, titles in split.items()}


class _Converter:
    """One annotation to a :class:`Document`."""

    def __init__(self, where: str, annotation: _Annotation, schema: Schema, tokenizer: Tokenizer) -> None:
        self.where = where
        self.annotation = annotation
        self.schema = schema
        text = annotation.content
        if len(text) > MOST_CHARACTERS:
            raise self.fail("content", f"{len(text):,} characters, at most {MOST_CHARACTERS:,} fit", "split the text")
        self.tokens, self.starts = tokenizer(text)

    def fail(self, field: str, problem: str, remedy: str | None = None) -> InputError:
        return InputError(problem, file=self.where, document=self.annotation.id, field=field, remedy=remedy)

    def document(self) -> Document:
        concepts = [concept.concept for concept in self.annotation.concepts]
        if len(set(concepts)) != len(concepts):
            raise self.fail("concepts", "a concept number occurs twice")
        mentions = self.mentions_by_concept(set(concepts))
        entity_of = {concept: index for index, concept in enumerate(c for c in concepts if c in mentions)}
        if not entity_of:
            raise self.fail("mentions", "no concept of this document has a mention", "leave it out of the split")
        if len(entity_of) > MOST_ENTITIES:
            raise self.fail("concepts", f"{len(entity_of)} entities, at most {MOST_ENTITIES} fit", "split the document")
        spans = [span for concept in entity_of for span in mentions[concept]]
        sentences, offsets = _sentences(self.tokens, self.starts, spans)
        entities = tuple(_entity(mentions[concept], offsets) for concept in entity_of)
        return Document(self.annotation.id, sentences, entities, self.facts(set(concepts), entity_of))

    def mentions_by_concept(self, concepts: set[int]) -> dict[int, list[Span]]:
        """Concept -> its mentions, in the order of ``mentions``."""
        text, types = self.annotation.content, self.types()
        kind = self.schema.types[0]  # what a first mention without a type falls back on
        begins = [begin for _, begin, _ in self.tokens]
        found: dict[int, list[Span]] = {}
        for i, mention in enumerate(self.annotation.mentions):
            field, begin, end = f"mentions[{i}]", mention.begin, mention.end
            if not 0 <= begin < end <= len(text):
                problem = f"mention [{begin}, {end}) lies outside its text of {len(text)} characters"
                raise self.fail(f"{field}.begin", problem)
            if mention.text not in (None, text[begin:end]):
                raise self.fail(
                    f"{field}.text",
                    f"the text at [{begin}, {end}) is not the mention's",
                    "annotations and texts must come from the same release",
                )
            if mention.concept not in concepts:
                raise self.fail(f"{field}.concept", f"concept {mention.concept} does not exist")
            first = bisect_right(begins, begin) - 1
            if first < 0 or self.tokens[first][2] <= begin:
                first += 1
            last = first
            while last < len(self.tokens) and begins[last] < end:
                last += 1
            if last <= first:
                raise self.fail(f"{field}.begin", f"no token overlaps [{begin}, {end})")
            kind = types[mention.concept] or kind
            found.setdefault(mention.concept, []).append((first, last, text[begin:end], kind))
        return found

    def types(self) -> dict[int, str | None]:
        """Concept -> the last of its tags that is an entity type; None if none is."""
        found: dict[int, str | None] = {}
        for concept in self.annotation.concepts:
            known = [tag for tag in concept.tags if tag in self.schema.types]
            found[concept.concept] = known[-1] if known else None
        return found

    def facts(self, concepts: set[int], entity_of: Mapping[int, int]) -> tuple[Fact, ...]:
        facts = []
        for i, relation in enumerate(self.annotation.relations):
            for key, concept in (("s", relation.s), ("o", relation.o)):
                if concept not in concepts:
                    problem = f"relation to concept {concept}, which does not exist"
                    raise self.fail(f"relations[{i}].{key}", problem)
            if relation.p not in self.schema.relation_index:
                problem = f"unknown relation {relation.p!r}"
                raise self.fail(f"relations[{i}].p", problem, "add it to the relation list")
            if relation.s in entity_of and relation.o in entity_of:
                facts.append(Fact(entity_of[relation.s], relation.p, entity_of[relation.o]))
        return tuple(facts)


def _entity(spans: list[Span], offsets: list[int]) -> Entity:
    mentions = []
    for start, end, name, kind in spans:
        sentence = bisect_right(offsets, start) - 1
        mentions.append(Mention(name, sentence, start - offsets[sentence], end - offsets[sentence], kind))
    return Entity(tuple(mentions))


def _sentences(
    tokens: list[Token], starts: list[int], spans: list[Span]
) -> tuple[tuple[tuple[str, ...], ...], list[int]]:
    """Cut tokens at ``starts``, leaving out every cut that would split a mention; also the starts that were kept."""
    inside = {cut for start, end, _, _ in spans for cut in range(start + 1, end)}
    offsets = [start for start in starts if start not in inside]
    ends = [*offsets[1:], len(tokens)]
    words = [token for token, _, _ in tokens]
    return tuple(tuple(words[a:b]) for a, b in zip(offsets, ends, strict=True)), offsets
