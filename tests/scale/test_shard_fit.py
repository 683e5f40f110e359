"""A fit on shards on disk gives an ordinary run folder, as a whole or step by step."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scale_builders import noisy_logits
from typer.testing import CliRunner

from logire.cli.scale import scale
from logire.corpus.document import Schema
from logire.corpus.dump import ScoredDocument, read_dump, write_dump
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.sources.embedded import prepare_embedded
from logire.ground.digests import file_digest
from logire.ground.errors import InputError
from logire.rules.run import fit_run, load_run, predict_run
from logire.scale.run import fit_plan, plan_fit

CHOSEN = {"max_length": 2, "l2": [3.0, 0.3], "blend": [0.0, 0.5, 1.0], "closure_support": 3}


@dataclass(frozen=True)
class Folder:
    """Stands for a folder of shards: the training documents of a corpus in parts."""

    path: Path
    corpus: PreparedCorpus
    logits: Path
    parts: int

    @property
    def schema(self) -> Schema:
        return self.corpus.schema

    def __len__(self) -> int:
        return self.parts

    def need_logits(self) -> None:
        """Every part has logits."""

    def read(self, number: int) -> list[ScoredDocument]:
        return read_dump(self.logits, self.corpus, "train")[number :: self.parts]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A corpus and a dump of all its splits."""
    folder = tmp_path_factory.mktemp("made")
    prepare_embedded(folder / "corpus", documents=(30, 10, 8))
    corpus, rng = PreparedCorpus.open(folder / "corpus"), np.random.default_rng(0)
    logits = {
        split: {d.title: noisy_logits(corpus.schema.labels(d), rng) for d in corpus.documents(split)}
        for split in ("train", "dev", "test")
    }
    write_dump(folder / "logits.safetensors", logits)
    return corpus, folder / "logits.safetensors"


@pytest.fixture
def shards(made, tmp_path):
    corpus, logits = made
    folder = tmp_path / "shards"
    folder.mkdir()
    (folder / "shards.json").write_text('{"made": "up"}')
    return Folder(folder, corpus, logits, 3)


def fitted(shards, out: Path, **more):
    chosen = {"settings": CHOSEN, "sampling": {"floor": 1.0}, "seed": 4} | more
    return fit_plan(plan_fit(shards, shards.corpus.path, shards.logits, out, **chosen))


def test_a_run_folder_is_like_that_of_a_fit_in_memory(shards, tmp_path):
    found = fitted(shards, tmp_path / "run")
    dense = tmp_path / "dense"
    fit_run(shards.corpus.path, shards.logits, dense, settings=CHOSEN, seed=4, method="logire_plus")
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {path.name for path in dense.iterdir()}
    for split in ("dev", "test"):
        one, other = (json.loads(predict_run(folder, split).read_text()) for folder in (tmp_path / "run", dense))
        keys = [{(p["title"], p["h_idx"], p["t_idx"], p["r"]) for p in rows} for rows in (one, other)]
        assert keys[0] == keys[1]
        assert (tmp_path / "run" / f"explanations-{split}.jsonl").stat().st_size > 0
    model, _, documents = load_run(tmp_path / "run", "dev")
    assert len(model.rules()) == found.record.rules
    assert model.fitted.dev_f1 == found.record.dev_f1
    assert list(model.explanations(documents[:1]))
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["shards_digest"] == file_digest(shards.path / "shards.json")
    assert record["shards"] == "../shards"
    assert record["sampling"] == {"floor": 1.0, "times": 5.0}


def test_equal_runs_give_equal_files_and_another_sample_is_another_run(shards, tmp_path):
    sampling = {"floor": 0.05, "times": 2.0}
    for name in ("one", "two"):
        fitted(shards, tmp_path / name, sampling=sampling)
    for name in ("model.safetensors", "rules.csv", "history.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    with pytest.raises(InputError, match="holds another finished run: other settings"):
        fitted(shards, tmp_path / "one", sampling=sampling | {"floor": 0.1})


def test_shards_of_another_schema_are_refused(shards, tmp_path):
    other = Schema(shards.schema.relations[::-1], shards.schema.types)

    class Turned(Folder):
        schema = other

    with pytest.raises(InputError, match="has other relations or types"):
        fitted(Turned(shards.path, shards.corpus, shards.logits, 3), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.fixture
def call(shards, monkeypatch):
    """Calls a command on the shards, into a run folder."""
    monkeypatch.setattr("logire.corpus.shards.Shards.open", lambda folder: shards)

    def invoke(out: Path, *arguments: str):
        name, *more = arguments
        options = ["--dev", shards.corpus.path, "--logits", shards.logits, "--out", out, "--seed", "4"]
        options += ["--settings", json.dumps(CHOSEN), "--sampling", '{"floor": 0.05, "times": 2.0}']
        return CliRunner().invoke(scale, [name, str(shards.path), *map(str, options), *more])

    return invoke


def test_a_step_before_its_time_says_what_is_missing(call, tmp_path):
    for step in (("rows",), ("weigh",), ("choose",)):
        error = call(tmp_path / "run", *step).exception
        assert isinstance(error, InputError)
        assert "counts-00000.safetensors: does not exist" in str(error)
        assert "run the step that makes it first" in str(error)
