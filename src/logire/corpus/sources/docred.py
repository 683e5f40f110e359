"""DocRED (Yao et al. 2019), or any corpus in its format.

DocRED as its authors publish it has no address that can be pinned: bring its ``train_annotated.json``, ``dev.json`` and
``test.json`` by other means.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field

from logire.corpus.docred import read_docred
from logire.corpus.document import Document, Schema
from logire.corpus.prepared import SPLITS, read_indices, read_relations, write_prepared
from logire.corpus.sources.registry import Source
from logire.ground.digests import tree_digest
from logire.ground.errors import InputError
from logire.ground.settings import Settings

_NAMES = {
    "train": ("train", "train_annotated", "train_revised"),
    "dev": ("dev", "dev_revised"),
    "test": ("test", "test_revised"),
}


class Options(Settings):
    """How to prepare a corpus in DocRED's format."""

    name: str = Field(
        "docred",
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$",
        description="What the tables call the corpus.",
    )


def prepare(raw: Path, out: Path, options: Options) -> None:
    """Prepare DocRED, or any corpus in DocRED's format.

    Args:
        raw: a folder with one JSON file a split: ``train``, ``train_annotated`` or ``train_revised``; ``dev`` or
            ``dev_revised``; ``test`` or ``test_revised`` (each ``.json`` or ``.json.gz``). Relations and types are
            those of its ``rel2id.json`` and ``ner2id.json``; without these files, those that occur, sorted.

    Raises:
        InputError: a split's file is missing or there are several, or a file is not in DocRED's format; nothing
            is written then.
    """
    splits, schema = read_folder(raw)
    made_from = {"kind": "docred", "raw_digest": tree_digest(raw)}
    write_prepared(out, splits, schema, name=options.name, synthetic=False, source=made_from)


def check(raw: Path | None, options: Settings) -> None:
    """Refuse a folder that lacks a split's file, or has several."""
    del options
    if raw is not None:
        files_of(raw)


def files_of(raw: Path) -> dict[str, Path]:
    """The file of each split in a folder.

    Raises:
        InputError: it is not a folder, or the file of a split is missing or there are several.
    """
    if not raw.is_dir():
        raise InputError("is not a folder", file=raw, remedy="give the folder with the train, dev and test files")
    return {split: _file_of(raw, split) for split in SPLITS}


def read_folder(raw: Path) -> tuple[dict[str, list[Document]], Schema]:
    """The documents of each split in a folder, see :func:`prepare`, and their relations and types."""
    files = files_of(raw)
    relation_file, type_file = raw / "rel2id.json", raw / "ner2id.json"
    relations = read_relations(relation_file) if relation_file.exists() else None
    types = tuple(read_indices(type_file)) if type_file.exists() else None
    splits = {split: read_docred(file, relations=relations, types=types) for split, file in files.items()}
    documents = [document for split in SPLITS for document in splits[split]]
    schema = Schema(
        relations or _sorted(fact.relation for d in documents for fact in d.facts),
        types or _sorted(mention.type for d in documents for entity in d.entities for mention in entity.mentions),
    )
    return splits, schema


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _file_of(folder: Path, split: str) -> Path:
    names = [f"{name}.json" for name in _NAMES[split]]
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


SOURCE = Source(
    name="docred",
    help="DocRED, or your own corpus in its format: a folder with train, dev and test files.",
    titles={"docred": "DocRED"},
    form="docred",
    prepare=prepare,
    order=2,
    Options=Options,
    papers=True,
    raw="The folder with the train, dev and test files.",
    check=check,
)
