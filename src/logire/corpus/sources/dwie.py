"""DWIE (Zaporojets et al. 2021), as the paper prepares it (appendix B)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct
from pydantic import Field

from logire.corpus.data import DATA
from logire.corpus.document import Schema
from logire.corpus.fetch import GITHUB, Pinned, fetch_files
from logire.corpus.prepared import read_indices, read_relations, write_prepared
from logire.corpus.sources.registry import Source
from logire.ground.digests import file_digest, tree_digest
from logire.ground.errors import InputError
from logire.ground.files import read_json
from logire.ground.settings import Settings
from logire.ground.typed import read_typed

BASE_URL = f"{GITHUB}/Emvista/DWIE-FR/6171524c7139d082e7c4304b284d843bd986df7b/data/dwie/annos_with_content"
_REMEDY = (
    "check the network and run this again (files already fetched are kept); or bring the {total} annotation files "
    "with `content` by other means (a folder of {{id}}.json, a .jsonl or a .jsonl.gz) and name them: --raw PATH, "
    "or data.raw in the params file"
)
_SPLIT_REMEDY = 'the form is {"train": [id, ...], "dev": [id, ...], "test": [id, ...]}'


class Options(Settings):
    """How to prepare DWIE."""

    sentences: bool = Field(
        False, description="Keep sentence boundaries; off is the authors' form, one sentence a document."
    )
    split: str | None = Field(
        None,
        min_length=1,
        description="A JSON file with the ids of the train, dev and test documents; by default the paper's split.",
    )


class _Split(Struct):
    train: list[str]
    dev: list[str]
    test: list[str]


def dwie_schema() -> Schema:
    """DWIE's 65 relations and 10 entity types."""
    return Schema(read_relations(DATA / "dwie_rel2id.json"), tuple(read_indices(DATA / "dwie_ner2id.json")))


def prepare(raw: Path, out: Path, options: Options) -> None:
    """Prepare DWIE.

    Args:
        raw: the annotations with the articles' texts: a folder of JSON files, a ``.jsonl`` or a ``.jsonl.gz``.

    Raises:
        InputError: what :func:`logire.corpus.annotations.read_dwie` raises, or a bad split file; nothing is written
            then.
    """
    from logire.corpus.annotations import read_dwie

    split = Path(options.split) if options.split else DATA / "dwie_split.json"
    ids, schema = _read_split(split), dwie_schema()
    splits = read_dwie(raw, ids, schema, split_sentences=options.sentences)
    made_from = {
        "kind": "dwie",
        "raw_digest": tree_digest(raw),
        "split_digest": file_digest(split),
        "split_sentences": options.sentences,
    }
    write_prepared(out, splits, schema, name="dwie", synthetic=False, source=made_from)


def check(raw: Path | None, options: Options) -> None:
    """Refuse a broken split file, and raw data whose first annotation cannot be read."""
    from logire.corpus.annotations import read_heads

    if options.split:
        _read_split(Path(options.split))
    if raw is not None:
        next(read_heads(raw))


def _read_split(path: Path) -> dict[str, list[str]]:
    value = read_typed(path, _Split, remedy=_SPLIT_REMEDY)
    seen: dict[str, str] = {}
    for split, ids in (found := {"train": value.train, "dev": value.dev, "test": value.test}).items():
        for title in ids:
            if title in seen:
                raise InputError(
                    f"this document is also in {seen[title]}",
                    file=path,
                    document=title,
                    field=split,
                    remedy=_SPLIT_REMEDY,
                )
            seen[title] = split
    return found


def pinned_hashes() -> dict[str, str]:
    """Document id -> SHA-256 of its annotation file at the pinned commit, for all 802 documents."""
    return read_typed(DATA / "dwie_sha256.json", dict[str, str])


def fetch_dwie(
    out: Path,
    base_url: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    workers: int = 8,
    hashes: Mapping[str, str] | None = None,
) -> None:
    """Fetch DWIE's annotation files and write them as one ``.jsonl.gz``, sorted by id; equal files, equal bytes.

    What has arrived is kept in ``OUT.parts`` until all have, so an interrupted fetch goes on where it stopped.

    Args:
        base_url: the files are at ``{base_url}/{id}.json``; by default at :data:`BASE_URL`.
        workers: files fetched at a time.
        hashes: id -> SHA-256 of the files wanted; by default :func:`pinned_hashes`.

    Raises:
        InputError: a file cannot be downloaded or is not the pinned one; ``out`` is not written then.
    """
    from logire.corpus.annotations import write_annotations

    hashes = pinned_hashes() if hashes is None else hashes
    parts = out.with_name(f"{out.name}.parts")
    files = [
        Pinned(f"{base_url or BASE_URL}/{title}.json", parts / f"{title}.json", sha256=digest, document=title)
        for title, digest in hashes.items()
    ]
    fetch_files(files, remedy=_REMEDY.format(total=len(files)), workers=workers, progress=progress)
    write_annotations(out, (read_json(parts / f"{title}.json") for title in sorted(hashes)))
    shutil.rmtree(parts)


SOURCE = Source(
    name="dwie",
    help="DWIE: annotation files with the articles' text in `content` (a folder, .jsonl or .jsonl.gz).",
    titles={"dwie": "DWIE"},
    form="dwie",
    prepare=prepare,
    order=1,
    Options=Options,
    papers=True,
    raw="The annotations: a folder of JSON files, a .jsonl or a .jsonl.gz.",
    fetched="data/dwie/annos_with_content.jsonl.gz",
    fetch=fetch_dwie,
    check=check,
)
