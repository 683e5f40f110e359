"""The world that the cases damage, made once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hostile_world import World, quiet  # noqa: F401 (a fixture)

from logire.corpus.dump import write_dump
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.sources.embedded import prepare_embedded
from logire.evaluation.files import evaluate_run
from logire.rules.run import fit_run, predict_run

QUICK = {"rounds": 1, "max_length": 2, "l2": [3.0], "blend": [0.5], "closure": [0.0], "open_rules": 0}


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``raw.jsonl``, ``corpus/``, ``logits.safetensors``, ``run/``, ``gold.json``, ``rules.txt`` and ``split.json``."""
    folder = tmp_path_factory.mktemp("sound")
    prepare_embedded(folder / "corpus", raw=folder / "raw.jsonl", documents=(12, 4, 4))
    corpus = PreparedCorpus.open(folder / "corpus")
    rng = np.random.default_rng(3)
    logits = {
        split: {
            document.title: np.where(corpus.schema.labels(document), 3.0, -5.0)
            + rng.normal(0, 2, corpus.schema.labels(document).shape)
            for document in corpus.documents(split)
        }
        for split in ("train", "dev", "test")
    }
    write_dump(folder / "logits.safetensors", logits)
    fit_run(
        folder / "corpus", folder / "logits.safetensors", folder / "run", settings=QUICK, seed=1, method="logire_plus"
    )
    for split in ("dev", "test"):
        predict_run(folder / "run", split)
    list(evaluate_run(folder / "run", corpus, ("dev", "test")))
    gold = [{"title": d.title, "h_idx": f.head, "t_idx": f.tail, "r": f.relation} for d in corpus.test for f in d.facts]
    (folder / "gold.json").write_text(json.dumps(gold), encoding="utf-8")
    (folder / "rules.txt").write_text("citizen_of <- citizen_of ^ in0\n", encoding="utf-8")
    titles = {split: [d.title for d in corpus.documents(split)] for split in ("train", "dev", "test")}
    (folder / "split.json").write_text(json.dumps(titles), encoding="utf-8")
    return folder


@pytest.fixture
def world(
    sound: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    quiet: None,  # noqa: F811
) -> World:
    """A copy of the world, which is the working folder."""
    folder = tmp_path / "world"
    shutil.copytree(sound, folder)
    monkeypatch.chdir(folder)
    return World(folder, capsys)
