"""Out-of-fold logits: a split from several dumps, each by a backbone that has not seen its documents."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from logire.corpus.document import FloatArray
from logire.corpus.dump import ScoredDocument, scored
from logire.corpus.dumpcheck import check_logits
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.stored import stored_arrays
from logire.ground.errors import InputError
from logire.ground.files import check_file

_WORDS = {"train": "training", "dev": "dev", "test": "test"}


def read_out_of_fold(files: Sequence[str | Path], corpus: PreparedCorpus, split: str = "train") -> list[ScoredDocument]:
    """The documents of a split with the logits of the one dump that holds each, in the corpus's order.

    Raises:
        InputError: a file is missing or damaged, a document is in no dump or in two, or logits do not fit it.
    """
    found: dict[str, tuple[Path, FloatArray]] = {}
    for file in map(Path, files):
        for title, logits in _logits(file, split).items():
            if title in found:
                raise InputError(
                    f"is in {found[title][0]} too", file=file, document=title, remedy="give each fold's dump once"
                )
            found[title] = file, logits
    documents = corpus.documents(split)
    missing = [d.title for d in documents if d.title not in found]
    unknown = sorted(found.keys() - {d.title for d in documents})
    if missing or unknown:
        raise InputError(
            f"{len(missing)} {_WORDS[split]} documents are in no dump, "
            f"{len(unknown)} documents of the dumps are not in {corpus.path}",
            file=", ".join(str(file) for file in files),
            document=(missing or unknown)[0],
            remedy="give the dumps of all folds of this very corpus: logire train --fold 1/3, 2/3, 3/3",
        )
    facts = corpus.training_facts if corpus.has_training_documents else None
    read = [scored(d, found[d.title][1], corpus.schema, facts, file=found[d.title][0]) for d in documents]
    for file in map(Path, files):
        check_logits([item for item in read if found[item.title][0] == file], corpus.schema, file)
    return read


def _logits(file: Path, split: str) -> dict[str, FloatArray]:
    check_file(file, remedy="train the fold first: logire train --fold 1/3")
    named = ((name.partition("/")[2].rpartition("/"), array) for name, array in stored_arrays(file, f"{split}/"))
    return {title: array.astype(np.float32, copy=False) for (title, _, key), array in named if key == "logits"}
