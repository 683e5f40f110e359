"""DocRED's documents that were labelled twice, to judge what an audit suggests: `logire audit judge` (docs/audit.md).

* training: the 985 documents of dev and test of ``docred-partial``, with their original labels, or with those of
  Re-DocRED over the same documents and entities;
* development and test: the 424 training documents of ``docred-partial`` with their original labels, in turns.

Suggestions are made from the original labels and judged by the revised ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from logire.corpus.prepared import write_prepared
from logire.corpus.sources import docred_partial
from logire.corpus.sources.docred_partial import partial_splits
from logire.corpus.sources.registry import NoOptions, Source
from logire.ground.digests import tree_digest
from logire.ground.settings import Settings

NAME = "docred-audit"


class Options(Settings):
    """Which labels the training documents have."""

    labels: Literal["original", "revised"] = Field("original", description="DocRED's, or Re-DocRED's.")


def prepare(raw: Path, out: Path, options: Options) -> None:
    """Prepare ``docred-audit``.

    Args:
        raw: the folder that ``docred-partial`` reads.

    Raises:
        InputError: a file is missing or broken, or a name resolves to no entity; nothing is written then.
    """
    found, schema = partial_splits(raw, revised=options.labels == "revised")
    splits = {
        "train": [*found["dev"], *found["test"]],
        "dev": found["train"][::2],
        "test": found["train"][1::2],
    }
    made_from = {"kind": NAME, "labels": options.labels, "raw_digest": tree_digest(raw)}
    write_prepared(out, splits, schema, name=NAME, synthetic=False, source=made_from)


def check(raw: Path | None, options: Settings) -> None:
    """Refuse a folder that lacks a file."""
    del options
    docred_partial.check(raw, NoOptions())


SOURCE = Source(
    name=NAME,
    help="DocRED's 985 documents that were labelled twice, for training: what the first labels miss is known.",
    titles={NAME: "DocRED (labelled twice)"},
    form="docred",
    prepare=prepare,
    order=7,
    Options=Options,
    raw=docred_partial.SOURCE.raw,
    fetched=docred_partial.SOURCE.fetched,
    fetch=docred_partial.SOURCE.fetch,
    check=check,
)
