"""Shards: labelled documents, with or without their logits, cut into parts that are read one at a time.

``SHARDS/rel2id.json`` and ``ner2id.json`` are those of a prepared corpus. Shard 17 has ``SHARDS/00017.json``, documents
in DocRED's format, and ``SHARDS/00017.safetensors``, their logits dump, full or compact. ``shards.json``, written last,
names them with their number of documents and the SHA-256 of both files; null stands for logits that are not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self, TypeVar

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
_REMEDY = "make the folder with `logire scale split`, `documents` or `infer`"
_INFER = "write shards with logits: `logire scale infer RUN --shards SHARDS --out OUT`, of every part"

T = TypeVar("T")
Shard = Sequence[tuple[Document, FloatArray]]
"""Documents, each with its logits (N, N, R)."""
Part = tuple[Sequence[Document], Sequence[FloatArray] | None]
"""The documents of a shard, and the logits of each where it has any."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One shard in the index: its name, and what its files must be; without logits, their digest is None."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{5,9}$")]
    documents: Annotated[int, msgspec.Meta(ge=1)]
    texts: str
    logits: str | None


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

    @property
    def digest(self) -> str:
        """SHA-256 of the index, and so of every file that it names."""
        return file_digest(self.path / INDEX)

    def need_logits(self) -> None:
        """Raise an error if a shard has no logits."""
        for entry in self.entries:
            self._dump_digest(entry)

    def texts(self, number: int) -> tuple[Document, ...]:
        """The documents of one shard, whether it has logits or not.

        Raises:
            InputError: the file is missing, is not the one that the index names, or holds a document that does not fit
                the relations and types; a title is in another shard too.
        """
        found = self._documents(number).documents(SPLIT)
        self._check(number, [document.title for document in found])
        return found

    def read(self, number: int) -> list[ScoredDocument]:
        """The documents of one shard with their logits.

        Raises:
            InputError: as for :meth:`texts`, of both files; the shard has no logits.
        """
        entry = self.entries[number]
        digest, documents = self._dump_digest(entry), self._documents(number)
        found = read_dump(_same(self.path / f"{entry.name}.safetensors", digest), documents, SPLIT)
        self._check(number, [document.title for document in found])
        return found

    def _dump_digest(self, entry: Entry) -> str:
        if entry.logits is None:
            raise InputError("has no logits", file=self.path / f"{entry.name}.json", field="logits", remedy=_INFER)
        return entry.logits

    def _documents(self, number: int) -> NewDocuments:
        entry = self.entries[number]
        return NewDocuments(_same(self.path / f"{entry.name}.json", entry.texts), self.schema)

    def _check(self, number: int, titles: Sequence[str]) -> None:
        """See that a shard holds as many documents as the index says, and no title of another one."""
        entry = self.entries[number]
        file = self.path / f"{entry.name}.json"
        if len(titles) != entry.documents:
            problem = f"holds {len(titles)} documents, {INDEX} says {entry.documents}"
            raise InputError(problem, file=file, field="documents", remedy=_REMEDY)
        for title in titles:
            first = self._seen.setdefault(title, entry.name)
            if first != entry.name:
                raise InputError(f"is in shard {first} too", file=file, document=title, remedy="keep it in one of them")


def _same(file: Path, digest: str) -> Path:
    """``file``, if its digest is this one."""
    if not file.exists():
        raise InputError("does not exist", file=file, remedy=_REMEDY)
    if file_digest(file) != digest:
        problem = f"is not the file that {INDEX} names: truncated, damaged or written anew"
        raise InputError(problem, file=file, remedy=_REMEDY)
    return file


def write_shards(out: Path, schema: Schema, shards: Iterable[Shard], *, floor: float | None = compact.FLOOR) -> Shards:
    """Write a folder of shards; it appears whole or not at all. One shard is in memory at a time.

    Shards that ``out`` held before and holds no longer are removed.

    Args:
        floor: logits above it are kept, in half precision (:mod:`logire.corpus.compact`); None: all, in full.

    Raises:
        InputError: there is no shard, a shard is empty, a title occurs twice, or the folder cannot be written.
    """
    parts = (([document for document, _ in shard], [logits for _, logits in shard]) for shard in shards)
    return _write_folder(out, schema, parts, floor)


def write_documents(out: Path, schema: Schema, shards: Iterable[Sequence[Document]]) -> Shards:
    """Write a folder of shards without logits, as :func:`write_shards` does.

    Raises:
        InputError: as for :func:`write_shards`.
    """
    return _write_folder(out, schema, ((shard, None) for shard in shards), None)


def write_shard(
    folder: Path,
    number: int,
    documents: Sequence[Document],
    logits: Sequence[FloatArray] | None,
    floor: float | None = compact.FLOOR,
) -> Entry:
    """Write the files of one shard, each whole or not at all.

    Args:
        logits: of each document; None: of none.
        floor: as for :func:`write_shards`.
    """
    name = f"{number:05d}"
    texts, dump = folder / f"{name}.json", folder / f"{name}.safetensors"
    write_docred(texts, documents)
    if logits is None:
        return Entry(name, len(documents), file_digest(texts), None)
    titled = {document.title: array for document, array in zip(documents, logits, strict=True)}
    write_dump(dump, {SPLIT: titled}, floor=floor)
    return Entry(name, len(documents), file_digest(texts), file_digest(dump))


def write_index(folder: Path, schema: Schema, entries: Sequence[Entry]) -> None:
    """Write what a folder holds beside its shards: relations, types and, last, the index."""
    write_json(folder / "rel2id.json", {r: i for i, r in enumerate((NA, *schema.relations))})
    write_json(folder / "ner2id.json", schema.type_index)
    write_json(folder / INDEX, msgspec.to_builtins(entries))


def remove_others(folder: Path, entries: Iterable[Entry]) -> None:
    """Remove the files that are not of these shards but have a shard's name."""
    kept = {f"{e.name}.{kind}" for e in entries for kind in ("json", "safetensors") if kind == "json" or e.logits}
    for file in folder.iterdir():
        if _FILE.fullmatch(file.name) and file.name not in kept:
            file.unlink()


def _write_folder(out: Path, schema: Schema, parts: Iterable[Part], floor: float | None) -> Shards:
    with whole_folder(out) as temporary:
        entries = list(_written(temporary, parts, floor, out))
        if not entries:
            raise InputError("no document to write was given", file=out, remedy="give at least one shard")
        write_index(temporary, schema, entries)
    remove_others(out, entries)
    return Shards.open(out)


def _written(folder: Path, parts: Iterable[Part], floor: float | None, out: Path) -> Iterator[Entry]:
    """Write shards into ``folder``, which will be ``out``."""
    seen: dict[str, str] = {}
    for number, (documents, logits) in enumerate(parts):
        name = f"{number:05d}"
        if not documents:
            raise InputError(f"shard {name} holds no document", file=out, remedy="leave it out")
        for document in documents:
            if document.title in seen:
                problem = f"occurs twice: in shard {seen[document.title]} and in shard {name}"
                raise InputError(problem, file=out, document=document.title, field="title", remedy="keep one of them")
            seen[document.title] = name
        yield write_shard(folder, number, documents, logits, floor)


def cut(documents: Iterable[T], size: int) -> Iterator[list[T]]:
    """Documents, with or without logits, in shards of ``size``, the last one smaller."""
    shard: list[T] = []
    for document in documents:
        shard.append(document)
        if len(shard) == size:
            yield shard
            shard = []
    if shard:
        yield shard
