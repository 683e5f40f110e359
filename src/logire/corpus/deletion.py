"""Incomplete labels on purpose: a known share of the facts deleted, so that what incompleteness does can be checked.

DocRED's labels miss many facts (paper, section 4.3, Table 4). How many is not known there; here it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from logire.corpus.docred import write_docred
from logire.corpus.document import Document
from logire.corpus.predictions import Prediction, write_predictions
from logire.corpus.prepare import prepare_docred, prepare_embedded
from logire.corpus.prepared import NA, SPLITS, PreparedCorpus, write_prepared
from logire.ground.errors import InputError
from logire.ground.files import write_json
from logire.ground.runtime import derive_seed

NAME = "embedded-docred"


def delete_facts(
    documents: Sequence[Document], share: float, seed: int
) -> tuple[list[Document], list[tuple[str, int, str, int]]]:
    """Delete ``round(share * n)`` of the n distinct facts, every fact as likely as any other.

    Args:
        share: 0 to 1.

    Returns:
        The documents without the deleted facts (all copies of each), and the deleted ones as (title, head, relation,
        tail), in the documents' order.

    Raises:
        InputError: the share lies outside [0, 1].
    """
    if not 0 <= share <= 1:
        raise InputError(f"{share} lies outside [0, 1]", field="share")
    facts = list(dict.fromkeys((d.title, f.head, f.relation, f.tail) for d in documents for f in d.facts))
    chosen = Random(derive_seed(seed, "deleted facts")).sample(range(len(facts)), round(share * len(facts)))
    deleted = [facts[i] for i in sorted(chosen)]
    gone = set(deleted)
    kept = [
        replace(d, facts=tuple(f for f in d.facts if (d.title, f.head, f.relation, f.tail) not in gone))
        for d in documents
    ]
    return kept, deleted


def prepare_embedded_docred(
    out: Path, *, share: float, seed: int, documents: tuple[int, int, int] = (240, 60, 60)
) -> None:
    """Prepare the SYNTHETIC corpus ``embedded-docred``: the embedded corpus in DocRED's form with facts deleted.

    It has sentence boundaries, as DocRED has, and is read from files in DocRED's format by
    :func:`logire.corpus.prepare.prepare_docred`. The deleted facts of each split are written beside its documents, as
    ``deleted-SPLIT.json`` in the form of predictions without scores.

    Args:
        share: of the facts of each split, see :func:`delete_facts`.
        seed: of the corpus and of the deletions.
        documents: how many for training, development and test.

    Raises:
        InputError: the share lies outside [0, 1].
    """
    with TemporaryDirectory() as temporary:
        complete, raw, read = (Path(temporary) / name for name in ("complete", "raw", "read"))
        prepare_embedded(complete, seed=seed, documents=documents, split_sentences=True)
        corpus = PreparedCorpus.open(complete)
        deleted = {}
        for split in SPLITS:
            kept, deleted[split] = delete_facts(corpus.documents(split), share, derive_seed(seed, split))
            write_docred(raw / f"{split}.json", kept)
        write_json(raw / "rel2id.json", {r: i for i, r in enumerate((NA, *corpus.schema.relations))})
        write_json(raw / "ner2id.json", corpus.schema.type_index)
        prepare_docred(raw, read)
        corpus = PreparedCorpus.open(read)  # prepare_docred takes every corpus for DocRED; this one is synthetic
        splits = {split: list(corpus.documents(split)) for split in SPLITS}
        source = {"kind": NAME, "seed": seed, "documents": list(documents), "deleted": share}
        write_prepared(out, splits, corpus.schema, name=NAME, synthetic=True, source=source)
    for split, facts in deleted.items():
        write_predictions(out / f"deleted-{split}.json", (Prediction(*fact) for fact in facts))
