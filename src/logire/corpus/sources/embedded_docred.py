"""Incomplete labels on purpose: a known share of the facts deleted, so that what incompleteness does can be checked.

DocRED's labels miss many facts (paper, section 4.3, Table 4). How many is not known there; here it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from pydantic import Field

from logire.corpus.docred import write_docred
from logire.corpus.document import Document
from logire.corpus.predictions import Prediction, write_predictions
from logire.corpus.prepared import NA, SPLITS, PreparedCorpus, write_prepared
from logire.corpus.sources.docred import read_folder
from logire.corpus.sources.embedded import Sizes, prepare_embedded
from logire.corpus.sources.registry import Source
from logire.ground.errors import InputError
from logire.ground.files import write_json
from logire.ground.runtime import SEEDS, derive_seed
from logire.ground.settings import Settings

NAME = "embedded-docred"


class Options(Settings):
    """How to make the embedded corpus in DocRED's form."""

    documents: Sizes = Field((240, 60, 60), description="Number of train, dev and test documents.")
    seed: int = Field(13, ge=0, lt=SEEDS, description="Everything random follows from it.")
    deleted: float = Field(0.2, ge=0, le=1, description="Share of the facts taken out of the labels.")


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
        raise InputError(f"{share} lies outside [0, 1]", field="deleted")
    facts = list(dict.fromkeys((d.title, f.head, f.relation, f.tail) for d in documents for f in d.facts))
    chosen = Random(derive_seed(seed, "deleted facts")).sample(range(len(facts)), round(share * len(facts)))
    deleted = [facts[i] for i in sorted(chosen)]
    gone = set(deleted)
    kept = [
        replace(d, facts=tuple(f for f in d.facts if (d.title, f.head, f.relation, f.tail) not in gone))
        for d in documents
    ]
    return kept, deleted


def prepare(raw: None, out: Path, options: Options) -> None:
    """Prepare the SYNTHETIC corpus ``embedded-docred``: the embedded corpus in DocRED's form with facts deleted.

    It has sentence boundaries, as DocRED has, and is read from files in DocRED's format. The deleted facts of each
    split are written beside its documents, as ``deleted-SPLIT.json`` in the form of predictions without scores.
    """
    seed, documents = options.seed, options.documents
    with TemporaryDirectory() as temporary:
        complete, incomplete = Path(temporary) / "complete", Path(temporary) / "incomplete"
        prepare_embedded(complete, seed=seed, documents=documents, split_sentences=True)
        corpus = PreparedCorpus.open(complete)
        deleted = {}
        for split in SPLITS:
            kept, deleted[split] = delete_facts(corpus.documents(split), options.deleted, derive_seed(seed, split))
            write_docred(incomplete / f"{split}.json", kept)
        write_json(incomplete / "rel2id.json", {r: i for i, r in enumerate((NA, *corpus.schema.relations))})
        write_json(incomplete / "ner2id.json", corpus.schema.type_index)
        splits, schema = read_folder(incomplete)
        made_from = {"kind": NAME, "seed": seed, "documents": list(documents), "deleted": options.deleted}
        write_prepared(out, splits, schema, name=NAME, synthetic=True, source=made_from)
    for split, facts in deleted.items():
        write_predictions(out / f"deleted-{split}.json", (Prediction(*fact) for fact in facts))


SOURCE = Source(
    name=NAME,
    help="The embedded SYNTHETIC corpus in DocRED's form, with a known share of its facts deleted.",
    titles={NAME: "Embedded, DocRED's form"},
    form="docred",
    prepare=prepare,
    order=9,
    Options=Options,
    synthetic=True,
    raw=None,
    needs_raw=False,
)
