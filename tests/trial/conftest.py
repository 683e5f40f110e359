"""A backbone's run and its folds on a small embedded corpus."""

from __future__ import annotations

import pytest
from trial_runs import Made, write_run

from logire.corpus.folds import Fold
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.sources.embedded import prepare_embedded


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("trial")
    prepare_embedded(folder / "documents", documents=(24, 10, 8))
    corpus = PreparedCorpus.open(folder / "documents")
    run = write_run(folder / "run", corpus, seed=3)
    folds = [write_run(folder / f"fold{k}", corpus, seed=3, fold=Fold(k, 2, 3)) for k in (1, 2)]
    return Made(folder / "documents", run, folds)
