"""A backbone's run and its folds on a small embedded corpus, made up: the logits see two thirds of the facts."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from logire.corpus.dump import write_dump
from logire.corpus.folds import Fold
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.runfolder import LOGITS
from logire.corpus.sources.embedded import prepare_embedded
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


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("trial")
    prepare_embedded(folder / "documents", documents=(24, 10, 8))
    corpus = PreparedCorpus.open(folder / "documents")
    run = write_run(folder / "run", corpus, seed=3)
    folds = [write_run(folder / f"fold{k}", corpus, seed=3, fold=Fold(k, 2, 3)) for k in (1, 2)]
    return Made(folder / "documents", run, folds)
