"""Adapt files: documents in DocRED's format and their logits in one folder, whole or not at all."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from logire.adapters.registry import Format, Options, Source
from logire.adapters.scores import NO_TEXT, Adapted
from logire.corpus.docred import read_docred, write_docred
from logire.corpus.document import Document, FloatArray, Schema
from logire.corpus.dump import write_dump
from logire.corpus.gold import can_name
from logire.corpus.prepared import NA, SPLITS, PreparedCorpus, read_indices, read_relations
from logire.ground.errors import InputError
from logire.ground.files import whole_folder, write_json

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Given:
    """What is known before: documents of each split, and the relations and types in order (None: those that occur)."""

    documents: dict[str, list[Document]] | None
    relations: tuple[str, ...] | None
    types: tuple[str, ...] | None


def adapt(
    form: Format,
    source: Path,
    out: Path,
    options: Options,
    *,
    split: str = "test",
    documents: Path | None = None,
    relations: Path | None = None,
) -> dict[str, Any]:
    """Turn what a tool wrote into documents and a logits dump.

    Args:
        source: a file, or a folder with one for each split, such as ``train.jsonl``.
        out: where ``SPLIT.json``, ``logits.safetensors``, ``rel2id.json``, ``ner2id.json`` and ``adapted.json`` go.
        split: of a single file.
        documents: a prepared folder, or a file in DocRED's format: these entities, their types and labels count.
        relations: a ``rel2id.json``; by default that of ``documents``, or the relations that occur, sorted.

    Returns:
        What ``adapted.json`` holds: what was adapted, what was not known, and what was left out.

    Raises:
        InputError: what ``form.read`` raises; a file is missing, a title occurs twice, ``out`` has other splits, a
            relation is unknown or has a name that rules cannot carry. Nothing is written then.
    """
    files = _files(form, source, split)
    _check_free(out, files)
    given = _given(form, list(files), documents, relations)
    options = options.model_copy(update={"scores": options.scores or form.scores})
    found = {
        part: _read(form, Source(file, options, _titled(given, part), given.relations)) for part, file in files.items()
    }
    schema = _schema([one for part in found.values() for one in part], given, options, source)
    report = {
        "format": form.name,
        "floor": options.floor,
        "scores": options.scores,
        "entities": "by name" if documents is None else "given",
        "splits": {part: _counts(adapted, schema) for part, adapted in found.items()},
    }
    with whole_folder(out) as folder:
        for part, adapted in found.items():
            write_docred(folder / f"{part}.json", [one.document for one in adapted])
            _check_written(folder / f"{part}.json", schema, files[part])
        dense = {
            part: {one.document.title: dense_logits(one, schema, options.floor) for one in adapted}
            for part, adapted in found.items()
        }
        write_dump(folder / "logits.safetensors", dense)
        write_json(folder / "rel2id.json", {name: i for i, name in enumerate((NA, *schema.relations))})
        write_json(folder / "ner2id.json", schema.type_index)
        write_json(folder / "adapted.json", report)
    if any(row["notes"].get(NO_TEXT) for row in report["splits"].values()):  # type: ignore[attr-defined]
        log.warning('warning: there are documents without text: fit with --settings \'{"context": ["logits"]}\'')
    return report


def dense_logits(adapted: Adapted, schema: Schema, floor: float) -> FloatArray:
    """(N, N, R) logits in the schema's order; the floor where the tool gave none."""
    n = len(adapted.document.entities)
    logits = np.full((n, n, len(schema.relations)), floor, dtype=np.float32)
    columns = [schema.relation_index[name] for name in adapted.relations]
    scored = ~np.isnan(adapted.logits)
    logits[..., columns] = np.where(scored, adapted.logits, np.float32(floor))
    return logits


def _files(form: Format, source: Path, split: str) -> dict[str, Path]:
    """The file of each split, in the order of the splits."""
    if not source.is_dir():
        return {split: source}
    found: dict[str, Path] = {}
    for part in SPLITS:
        here = [path for suffix in form.suffixes if (path := source / f"{part}{suffix}").exists()]
        if len(here) > 1:
            names = ", ".join(path.name for path in here)
            raise InputError(f"several files of {part}: {names}", file=source, remedy="leave one of them there")
        if here:
            found[part] = here[0]
    if not found:
        names = " or ".join(f"test{suffix}" for suffix in form.suffixes)
        raise InputError(
            "no split's file is there", file=source, remedy=f"put {names} (train, dev) there, or name a file"
        )
    return found


def _check_free(out: Path, files: Mapping[str, Path]) -> None:
    """Refuse a folder with documents of other splits: their logits would be gone."""
    for part in SPLITS:
        if part not in files and (out / f"{part}.json").exists():
            problem = f"holds the split {part}, whose logits this would remove"
            remedy = "adapt a folder with the files of all splits at once, or name another folder"
            raise InputError(problem, file=out, remedy=remedy)


def _given(form: Format, splits: list[str], documents: Path | None, relations: Path | None) -> Given:
    names = None if relations is None else read_relations(relations)
    if documents is None:
        if form.needs_documents:
            problem, remedy = "is missing", f"{form.name} files say nothing of the entities: name the model's documents"
            raise InputError(problem, field="--documents", remedy=remedy)
        return Given(None, names, None)
    if documents.is_dir():
        corpus = PreparedCorpus.open(documents)
        kept = {part: list(corpus.documents(part)) for part in splits}
        return Given(kept, names or corpus.schema.relations, corpus.schema.types)
    if len(splits) > 1:
        remedy = "name a folder that `logire prepare` wrote, or adapt one split alone"
        raise InputError(f"is one file, for the splits {', '.join(splits)}", file=documents, remedy=remedy)
    beside = documents.parent / "ner2id.json"
    types = tuple(read_indices(beside)) if beside.exists() else None
    if names is None and (documents.parent / "rel2id.json").exists():
        names = read_relations(documents.parent / "rel2id.json")
    return Given({splits[0]: read_docred(documents)}, names, types)


def _titled(given: Given, split: str) -> dict[str, Document] | None:
    return None if given.documents is None else {d.title: d for d in given.documents[split]}


def _read(form: Format, source: Source) -> list[Adapted]:
    """The documents of a file; where documents are given, all of them, in their order."""
    found: dict[str, Adapted] = {}
    for one in form.read(source):
        if one.document.title in found:
            problem, remedy = "this title occurs twice", "give each document a title of its own"
            raise InputError(problem, file=source.path, document=one.document.title, field="title", remedy=remedy)
        if not one.document.entities:
            problem, remedy = "has no entity", "leave it out: there is nothing to relate"
            raise InputError(problem, file=source.path, document=one.document.title, remedy=remedy)
        found[one.document.title] = one
    if source.given is None:
        return list(found.values())
    return [found.get(title) or _unscored(document) for title, document in source.given.items()]


def _unscored(document: Document) -> Adapted:
    n = len(document.entities)
    return Adapted(document, (), np.empty((n, n, 0), dtype=np.float32), {"documents without any score": 1})


def _schema(found: Sequence[Adapted], given: Given, options: Options, source: Path) -> Schema:
    labelled = {fact.relation for one in found for fact in one.document.facts}
    occurring = {name: one.document.title for one in reversed(found) for name in one.relations}
    relations = given.relations or tuple(sorted(occurring.keys() | labelled))
    relations = tuple(name for name in relations if name not in options.leave_out)
    for name, title in sorted(occurring.items()):
        if name not in relations:
            remedy = f"add it to rel2id.json, or leave it out: --leave-out {name!r}"
            raise InputError(f"unknown relation {name!r}", file=source, document=title, field="relation", remedy=remedy)
    for name in relations:
        if name == NA or not can_name(name):
            problem, remedy = (
                f"no relation can have the name {name!r}",
                "rename it; docs/limits.md has what names may hold",
            )
            raise InputError(problem, file=source, document=occurring.get(name), field="relation", remedy=remedy)
    if not relations:
        raise InputError("no fact has a score", file=source, remedy="lower the tool's threshold, to 0 if it has one")
    types = given.types or tuple(sorted({m.type for one in found for e in one.document.entities for m in e.mentions}))
    return Schema(relations, types)


def _counts(found: Sequence[Adapted], schema: Schema) -> dict[str, Any]:
    sizes = [len(one.document.entities) for one in found]
    notes: Counter[str] = Counter()
    for one in found:
        notes.update(one.notes)
    return {
        "documents": len(found),
        "entities": sum(sizes),
        "facts": sum(len(one.document.facts) for one in found),
        "scored": sum(int((~np.isnan(one.logits)).sum()) for one in found),
        "candidates": sum(n * (n - 1) for n in sizes) * len(schema.relations),
        "notes": dict(sorted(notes.items())),
    }


def _check_written(file: Path, schema: Schema, source: Path) -> None:
    """Read documents back: every check of DocRED's format, said of the file that the user knows."""
    try:
        read_docred(file, relations=schema.relation_index, types=schema.type_index)
    except InputError as error:
        raise InputError(
            error.problem, file=source, document=error.document, field=error.field, remedy=error.remedy
        ) from error
