"""Cutting a prepared corpus and its logits dumps, or files of documents, into shards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from logire.corpus import compact
from logire.corpus.document import Document, FloatArray, Schema
from logire.corpus.dump import scored
from logire.corpus.prepared import PreparedCorpus, read_indices, read_relations
from logire.corpus.shards import Shards, cut, write_documents, write_shards
from logire.corpus.stored import StoredDump
from logire.corpus.stream import stream_documents
from logire.ground.errors import InputError


def shard_dumps(
    documents: Path,
    dumps: Sequence[Path],
    out: Path,
    *,
    size: int,
    split: str = "train",
    full: bool = False,
    report: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Shards:
    """Cut one split into shards of ``size`` documents, in the corpus's order. One document's logits are read at a time.

    Args:
        dumps: they hold the logits of the split's documents together, each document's once: those of a backbone, or
            out-of-fold ones of several.
        full: keep logits in single precision instead of the compact form.

    Raises:
        InputError: a dump is missing or damaged, a document is in no dump or in two, its logits have another shape or
            hold NaN or infinity, or ``out`` cannot be written.
    """
    corpus = PreparedCorpus.open(documents)
    found = corpus.documents(split)
    place = _places(dumps, split)
    missing = [document.title for document in found if document.title not in place]
    if missing:
        raise InputError(
            f"{len(missing)} of {len(found)} documents are in no dump",
            file=", ".join(map(str, dumps)),
            document=missing[0],
            remedy=f"give every dump that holds logits of {split}: --logits FOLD1 --logits FOLD2",
        )

    def checked() -> Iterator[tuple[Document, FloatArray]]:
        for number, document in enumerate(found):
            if number % size == 0:
                report("shard", number // size, -(-len(found) // size))
            dump = place[document.title]
            logits = dump.logits(f"{split}/{document.title}")
            # The compact form would hide what is wrong: it has no infinity.
            yield document, scored(document, logits, corpus.schema, file=dump.path).logits

    return write_shards(out, corpus.schema, cut(checked(), size), floor=None if full else compact.FLOOR)


def shard_documents(sources: Sequence[Path], meta: Path, out: Path, *, size: int) -> Shards:
    """Cut files in DocRED's format into shards without logits, in their order. One shard is in memory at a time.

    Args:
        meta: a folder with ``rel2id.json`` and ``ner2id.json``.

    Raises:
        InputError: a file is not in DocRED's format, a title occurs twice, or ``out`` cannot be written.
    """
    schema = Schema(read_relations(meta / "rel2id.json"), tuple(read_indices(meta / "ner2id.json")))
    return write_documents(out, schema, cut(stream_documents(sources, schema), size))


def _places(dumps: Sequence[Path], split: str) -> dict[str, StoredDump]:
    """The dump that each document of a split is in.

    Raises:
        InputError: a document is in two dumps.
    """
    found: dict[str, StoredDump] = {}
    for dump in map(StoredDump, dumps):
        for title in dump.titles(split):
            if title in found:
                remedy = "give each document's logits once"
                raise InputError(f"is in {found[title].path} too", file=dump.path, document=title, remedy=remedy)
            found[title] = dump
    return found
