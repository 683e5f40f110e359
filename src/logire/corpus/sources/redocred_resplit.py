"""Re-DocRED's labels in all three splits, as far as pinned files allow: its dev and test files, divided anew.

``redocred-partial`` learns from DocRED's labels and is measured on Re-DocRED's (Tan et al. 2022). Here all labels are
Re-DocRED's:

* training and development: the 500 documents of ``dev_revised``, every fifth for development (400 and 100);
* test: the 500 documents of ``test_revised``.

Training has an eighth of Re-DocRED's documents, so no number on it compares with those on Re-DocRED.
"""

from __future__ import annotations

from pathlib import Path

from logire.corpus.prepared import write_prepared
from logire.corpus.sources import docred_partial
from logire.corpus.sources.docred_partial import RELATIONS, REVISED, TYPES, docreds_schema, find_file, read_file
from logire.corpus.sources.registry import NoOptions, Source
from logire.ground.digests import tree_digest

NAME = "redocred-resplit"
EVERY = 5
"""One document of so many is for development: the last of each group, in the order of the file."""


def prepare(raw: Path, out: Path, options: NoOptions) -> None:
    """Prepare ``redocred-resplit``.

    Args:
        raw: the folder that ``docred-partial`` reads; of it, DocRED's lists and the two files of Re-DocRED.

    Raises:
        InputError: a file is missing or broken; nothing is written then.
    """
    schema = docreds_schema(raw)
    found = read_file(raw, REVISED["dev"], schema)
    splits = {
        "train": [document for place, document in enumerate(found, start=1) if place % EVERY],
        "dev": found[EVERY - 1 :: EVERY],
        "test": read_file(raw, REVISED["test"], schema),
    }
    made_from = {"kind": NAME, "raw_digest": tree_digest(raw)}
    write_prepared(out, splits, schema, name=NAME, synthetic=False, source=made_from)


def check(raw: Path | None, options: NoOptions) -> None:
    """Refuse a folder that lacks a file."""
    del options
    if raw is not None:
        for stem in (RELATIONS, TYPES, *REVISED.values()):
            find_file(raw, stem)


SOURCE = Source(
    name=NAME,
    help="Re-DocRED's dev and test files, divided into 400 / 100 / 500 documents: revised labels in training too.",
    titles={NAME: "Re-DocRED (resplit)"},
    form="docred",
    prepare=prepare,
    order=6,
    raw=docred_partial.SOURCE.raw,
    fetched=docred_partial.SOURCE.fetched,
    fetch=docred_partial.SOURCE.fetch,
    check=check,
)
