"""Made-up runs of a backbone and of its folds."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from logire.corpus.dump import write_dump
from logire.corpus.folds import Fold
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.runfolder import LOGITS
from logire.ground.records import RunRecord


class Made(NamedTuple):
    """The folders of a corpus, of a backbone's run and of its folds' runs."""

    documents: Path
    run: Path
    folds: list[Path]


def write_run(folder: Path, corpus: PreparedCorpus, *, seed: int, fold: Fold | None = None) -> Path:
    """A run's record and dump: logits high where a fact is labelled, for two thirds of the facts, with noise."""
    rng = np.random.default_rng([seed, fold.number if fold else 0])
    held_out = fold.split(corpus.train)[1] if fold else corpus.train
    logits = {}
    for split, documents in (("train", held_out), ("dev", corpus.dev), ("test", corpus.test)):
        logits[split] = {}
        for document in documents:
            labels = corpus.schema.labels(document)
            seen = labels & (rng.random(labels.shape) > 0.3)
            noise = rng.normal(0, 1.5, labels.shape)
            logits[split][document.title] = (np.where(seen, 3.0, -5.0) + noise).astype(np.float32)
    folder.mkdir(parents=True)
    write_dump(folder / LOGITS, logits)
    about = {"fold": fold.number, "folds": fold.of} if fold else {}
    record = RunRecord(
        dataset=corpus.name,
        synthetic=corpus.synthetic,
        backbone="bilstm",
        method="fold" if fold else "backbone",
        seed=seed,
        params_digest="0" * 64,
        data_digest=corpus.digest,
        **about,
    )
    record.write(folder)
    return folder
