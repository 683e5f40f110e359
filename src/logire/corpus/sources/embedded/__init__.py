"""The embedded corpus: a seeded, invented news world in DWIE's raw annotation format, with planted logic rules."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from pydantic import Field

from logire.corpus.document import Schema
from logire.corpus.prepared import SPLITS, write_prepared
from logire.corpus.sources.registry import Source
from logire.ground.digests import tree_digest
from logire.ground.errors import InputError
from logire.ground.runtime import SEEDS
from logire.ground.settings import Settings

Size = Annotated[int, Field(ge=1, le=1_000_000)]
Sizes = Annotated[tuple[Size, Size, Size], Field(strict=False)]
"""The numbers of training, development and test documents."""


class Options(Settings):
    """How to make the embedded corpus."""

    documents: Sizes = Field((360, 80, 80), description="Number of train, dev and test documents.")
    seed: int = Field(13, ge=0, lt=SEEDS, description="Everything random follows from it.")
    sentences: bool = Field(
        False, description="Keep sentence boundaries; off is the authors' form, one sentence a document."
    )


def prepare(raw: Path | None, out: Path, options: Options) -> None:
    """Prepare the embedded corpus, see :func:`prepare_embedded`."""
    prepare_embedded(out, raw=raw, seed=options.seed, documents=options.documents, split_sentences=options.sentences)


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
        raw: a ``.jsonl`` or ``.jsonl.gz`` for the generated annotations. If it exists, it is read instead and ``seed``
            and ``documents`` are ignored: every record says in its ``tags`` which split it is in.
        documents: how many to generate for training, development and test.
        split_sentences: keep sentence boundaries; off is the authors' form, one sentence a document.

    Raises:
        InputError: ``raw`` exists and is not what this function writes.
    """
    from logire.corpus.annotations import read_dwie, read_heads, write_annotations
    from logire.corpus.sources.embedded.generate import RELATIONS, TYPES, generate

    with TemporaryDirectory() as folder:
        raw = raw or Path(folder) / "embedded.jsonl"
        made_from: dict[str, Any] = {"kind": "embedded", "split_sentences": split_sentences}
        if not raw.exists():
            made_from |= {"seed": seed, "documents": list(documents)}
            write_annotations(raw, (document.record for document in generate(seed, documents)))
        ids: dict[str, list[str]] = {split: [] for split in SPLITS}
        for where, head in read_heads(raw):
            split = next((tag for tag in head.tags or () if tag in ids), None)
            if split is None:
                raise InputError("none of its tags is train, dev or test", file=where, document=head.id, field="tags")
            ids[split].append(head.id)
        schema = Schema(RELATIONS, TYPES)
        splits = read_dwie(raw, ids, schema, split_sentences=split_sentences)
        made_from["raw_digest"] = tree_digest(raw)
        write_prepared(out, splits, schema, name="embedded", synthetic=True, source=made_from)


def check(raw: Path | None, options: Options) -> None:
    """Refuse kept annotations whose first one cannot be read."""
    from logire.corpus.annotations import read_heads

    del options
    if raw is not None:
        next(read_heads(raw))


SOURCE = Source(
    name="embedded",
    help="The embedded SYNTHETIC corpus: a small news world with known rules, in DWIE's annotation format.",
    titles={"embedded": "Embedded"},
    form="dwie",
    prepare=prepare,
    order=8,
    Options=Options,
    synthetic=True,
    raw="Keep the generated annotations here; read them if they exist.",
    needs_raw=False,
    check=check,
)
