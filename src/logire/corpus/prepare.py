"""``logire prepare``: from the raw data of DWIE, DocRED and the embedded corpus to a prepared corpus."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from logire.corpus.docred import read_docred
from logire.corpus.document import Schema
from logire.corpus.dwie import read_annotations, read_dwie, write_annotations
from logire.corpus.embedded import RELATIONS, TYPES, generate
from logire.corpus.prepared import NA, SPLITS, read_indices, write_prepared
from logire.ground.digests import file_digest, tree_digest
from logire.ground.errors import InputError
from logire.ground.files import read_json

_DATA = Path(__file__).parent / "data"
_DOCRED_NAMES = {
    "train": ("train", "train_annotated", "train_revised"),
    "dev": ("dev", "dev_revised"),
    "test": ("test", "test_revised"),
}


def dwie_schema() -> Schema:
    """DWIE's 65 relations and 10 entity types."""
    return Schema(_relations(_DATA / "dwie_rel2id.json"), tuple(read_indices(_DATA / "dwie_ner2id.json")))


def prepare_dwie(raw: Path, out: Path, *, split: Path | None = None, split_sentences: bool = False) -> None:
    """Prepare DWIE (paper, appendix B).

    Args:
        raw: the annotations with the articles' texts: a folder of JSON files, a ``.jsonl`` or a ``.jsonl.gz``.
        split: a JSON file ``{"train": [id, ...], "dev": [...], "test": [...]}``; by default the paper's split.
        split_sentences: keep sentence boundaries; off is the authors' form, one sentence a document.

    Raises:
        InputError: what :func:`logire.corpus.dwie.read_dwie` raises, or a bad split file; nothing is written then.
    """
    split = split or _DATA / "dwie_split.json"
    ids = _read_split(split)
    schema = dwie_schema()
    splits = read_dwie(raw, ids, schema, split_sentences=split_sentences)
    source = {
        "kind": "dwie",
        "raw_digest": tree_digest(raw),
        "split_digest": file_digest(split),
        "split_sentences": split_sentences,
    }
    write_prepared(out, splits, schema, name="dwie", synthetic=False, source=source)


def prepare_docred(raw: Path, out: Path, *, name: str = "docred") -> None:
    """Prepare DocRED, Re-DocRED, or any corpus in DocRED's format (Yao et al. 2019).

    Args:
        raw: a folder with one JSON file a split: ``train``, ``train_annotated`` or ``train_revised``; ``dev`` or
            ``dev_revised``; ``test`` or ``test_revised``; each ``.json`` or ``.json.gz``. Relations and entity
            types come from ``rel2id.json`` and ``ner2id.json`` if they are there, else from the documents, sorted.
        name: what the tables call the corpus.

    Raises:
        InputError: a split's file is missing or there are several, or a file is not in DocRED's format; nothing
            is written then.
    """
    raw = Path(raw)
    if not raw.is_dir():
        raise InputError("is no folder", file=raw, remedy="give the folder with the train, dev and test files")
    relation_file, type_file = raw / "rel2id.json", raw / "ner2id.json"
    relations = _relations(relation_file) if relation_file.exists() else None
    types = tuple(read_indices(type_file)) if type_file.exists() else None
    splits = {split: read_docred(_docred_file(raw, split), relations=relations, types=types) for split in SPLITS}
    documents = [document for split in SPLITS for document in splits[split]]
    schema = Schema(
        relations or _sorted(fact.relation for d in documents for fact in d.facts),
        types or _sorted(mention.type for d in documents for entity in d.entities for mention in entity.mentions),
    )
    source = {"kind": "docred", "raw_digest": tree_digest(raw)}
    write_prepared(out, splits, schema, name=name, synthetic=False, source=source)


def prepare_embedded(
    out: Path,
    *,
    raw: Path | None = None,
    seed: int = 13,
    documents: tuple[int, int, int] = (360, 80, 80),
    split_sentences: bool = False,
) -> None:
    """Prepare the embedded corpus, by the same road as DWIE.

    Args:
        raw: a ``.jsonl`` or ``.jsonl.gz`` for the generated annotations. Where it exists it is read instead, and
            ``seed`` and ``documents`` do not count: every record says in its ``tags`` which split it is in.
        documents: how many to generate for training, development and test.
        split_sentences: as for :func:`prepare_dwie`.

    Raises:
        InputError: ``raw`` exists and is not what this function writes.
    """
    with TemporaryDirectory() as folder:
        raw = raw or Path(folder) / "embedded.jsonl"
        source: dict[str, Any] = {"kind": "embedded", "split_sentences": split_sentences}
        if not raw.exists():
            source |= {"seed": seed, "documents": list(documents)}
            write_annotations(raw, (document.record for document in generate(seed, documents)))
        ids: dict[str, list[str]] = {split: [] for split in SPLITS}
        for where, record in read_annotations(raw):
            split = next((tag for tag in record.get("tags") or () if tag in ids), None)
            if split is None:
                raise InputError("none of its tags is train, dev or test", file=where, field="tags")
            ids[split].append(str(record.get("id")))
        schema = Schema(RELATIONS, TYPES)
        splits = read_dwie(raw, ids, schema, split_sentences=split_sentences)
        source["raw_digest"] = tree_digest(raw)
        write_prepared(out, splits, schema, name="embedded", synthetic=True, source=source)


def _relations(path: Path) -> tuple[str, ...]:
    return tuple(relation for relation in read_indices(path) if relation != NA)


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _read_split(path: Path) -> dict[str, list[str]]:
    remedy = 'the form is {"train": [id, ...], "dev": [id, ...], "test": [id, ...]}'
    value = read_json(path, remedy=remedy)
    if not isinstance(value, dict):
        raise InputError("an object was expected", file=path, remedy=remedy)
    seen: dict[str, str] = {}
    for split in SPLITS:
        ids = value.get(split)
        if not isinstance(ids, list) or not all(isinstance(title, str) for title in ids):
            raise InputError("a list of document ids was expected", file=path, field=split, remedy=remedy)
        for title in ids:
            if title in seen:
                raise InputError(
                    f"this document is also in {seen[title]}", file=path, document=title, field=split, remedy=remedy
                )
            seen[title] = split
    return {split: value[split] for split in SPLITS}


def _docred_file(folder: Path, split: str) -> Path:
    names = [f"{name}.json" for name in _DOCRED_NAMES[split]]
    found = [path for name in names for path in (folder / name, folder / f"{name}.gz") if path.exists()]
    if not found:
        raise InputError(
            f"no file for the {split} split", file=folder, remedy=f"put one of {', '.join(names)} (or .gz) there"
        )
    if len(found) > 1:
        raise InputError(
            f"several files for the {split} split: {', '.join(path.name for path in found)}",
            file=folder,
            remedy="leave one of them there",
        )
    return found[0]
