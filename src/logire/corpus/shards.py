"""Shards: labelled documents with their logits, cut into parts that are read one at a time.

``SHARDS/rel2id.json`` and ``ner2id.json`` are those of a prepared corpus. Shard 17 has ``SHARDS/00017.json``, documents
in DocRED's format, and ``SHARDS/00017.safetensors``, their logits dump, full or compact. ``shards.json``, written last,
names them with their number of documents and the SHA-256 of both files.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

import msgspec

from logire.corpus import compact
from logire.corpus.docred import write_docred
from logire.corpus.document import Document, FloatArray, Schema
from logire.corpus.dump import ScoredDocument, read_dump, write_dump
from logire.corpus.prepared import NA, NewDocuments, read_indices, read_relations
from logire.ground.digests import file_digest
from logire.ground.errors import InputError
from logire.ground.files import whole_folder, write_json
from logire.ground.typed import read_typed

INDEX = "shards.json"
SPLIT = "train"
"""The split that a shard's dump names: shards are what a rule model learns from."""
_FILE = re.compile(r"[0-9]{5,9}\.(json|safetensors)")
_REMEDY = "make the folder with `logire scale split`"

Shard = Sequence[tuple[Document, FloatArray]]
"""Documents, each with its logits (N, N, R)."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One shard in the index: its name, and what its files must be."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{5,9}$")]
    documents: Annotated[int, msgspec.Meta(ge=1)]
    texts: str
    logits: str


@dataclass(frozen=True)
class Shards:
    """A folder of shards.

    Raises:
        InputError: the folder, its index or its relations and types are missing or broken; a shard is listed twice.
    """

    path: Path
    entries: tuple[Entry, ...]
    _seen: dict[str, str] = field(default_factory=dict, repr=False, compare=False)  # title -> the shard that it is in

    @classmethod
    def open(cls, path: str | Path) -> Self:
        path = Path(path)
        file = path / INDEX
        entries = tuple(read_typed(file, list[Entry], remedy=_REMEDY))
        if not entries:
            raise InputError("names no shard", file=file, remedy=_REMEDY)
        for key in ("name", "texts"):
            known: dict[str, str] = {}
            for entry in entries:
                value = getattr(entry, key)
                if value in known:
                    problem = f"shard {entry.name} has the very documents of shard {known[value]}"
                    raise InputError(problem, file=file, field=key, remedy="leave one of them out")
                known[value] = entry.name
        return cls(path, entries)

    def __len__(self) -> int:
        return len(self.entries)

    @cached_property
    def schema(self) -> Schema:
        return Schema(read_relations(self.path / "rel2id.json"), tuple(read_indices(self.path / "ner2id.json")))

    def read(self, number: int) -> list[ScoredDocument]:
        """The documents of one shard.

        Raises:
            InputError: a file is missing, is not the one that the index names, or holds a document that does not fit
                the relations and types; a title is in another shard too.
        """
        entry = self.entries[number]
        texts, logits = self.path / f"{entry.name}.json", self.path / f"{entry.name}.safetensors"
        for file, digest in ((texts, entry.texts), (logits, entry.logits)):
            if not file.exists():
                raise InputError("does not exist", file=file, remedy=_REMEDY)
            if file_digest(file) != digest:
                problem = f"is not the file that {INDEX} names: truncated, damaged or written anew"
                raise InputError(problem, file=file, remedy=_REMEDY)
        found = read_dump(logits, NewDocuments(texts, self.schema), SPLIT)
        if len(found) != entry.documents:
            problem = f"holds {len(found)} documents, {INDEX} says {entry.documents}"
            raise InputError(problem, file=texts, field="documents", remedy=_REMEDY)
        for document in found:
            first = self._seen.setdefault(document.title, entry.name)
            if first != entry.name:
                raise InputError(
                    f"is in shard {first} too", file=texts, document=document.title, remedy="keep it in one of them"
                )
        return found


def write_shards(out: Path, schema: Schema, shards: Iterable[Shard], *, floor: float | None = compact.FLOOR) -> Shards:
    """Write a folder of shards; it appears whole or not at all. One shard is in memory at a time.

    Shards that ``out`` held before and holds no longer are removed.

    Args:
        floor: logits above it are kept, in half precision (:mod:`logire.corpus.compact`); None: all, in full.

    Raises:
        InputError: there is no shard, a shard is empty, a title occurs twice, or the folder cannot be written.
    """
    with whole_folder(out) as temporary:
        entries = list(_written(temporary, shards, floor, out))
        if not entries:
            raise InputError("no document to write was given", file=out, remedy="give at least one shard")
        write_json(temporary / "rel2id.json", {r: i for i, r in enumerate((NA, *schema.relations))})
        write_json(temporary / "ner2id.json", schema.type_index)
        write_json(temporary / INDEX, msgspec.to_builtins(entries))
    _remove_others(out, {entry.name for entry in entries})
    return Shards.open(out)


def _remove_others(folder: Path, names: Collection[str]) -> None:
    """Remove the files of shards that go by other names."""
    for file in folder.iterdir():
        if _FILE.fullmatch(file.name) and file.stem not in names:
            file.unlink()


def _written(folder: Path, shards: Iterable[Shard], floor: float | None, out: Path) -> Iterator[Entry]:
    """Write shards into ``folder``, which will be ``out``."""
    seen: dict[str, str] = {}
    for number, shard in enumerate(shards):
        name = f"{number:05d}"
        if not shard:
            raise InputError(f"shard {name} holds no document", file=out, remedy="leave it out")
        for document, _ in shard:
            if document.title in seen:
                problem = f"occurs twice: in shard {seen[document.title]} and in shard {name}"
                raise InputError(problem, file=out, document=document.title, field="title", remedy="keep one of them")
            seen[document.title] = name
        texts, logits = folder / f"{name}.json", folder / f"{name}.safetensors"
        write_docred(texts, [document for document, _ in shard])
        write_dump(logits, {SPLIT: {document.title: array for document, array in shard}}, floor=floor)
        yield Entry(name, len(shard), file_digest(texts), file_digest(logits))


def cut(documents: Iterable[tuple[Document, FloatArray]], size: int) -> Iterator[list[tuple[Document, FloatArray]]]:
    """Documents in shards of ``size``, the last one smaller."""
    shard: list[tuple[Document, FloatArray]] = []
    for document in documents:
        shard.append(document)
        if len(shard) == size:
            yield shard
            shard = []
    if shard:
        yield shard
