"""`logire shard` and `logire fit --shards`: the run that a fit on all documents gives, from shards on disk."""

from __future__ import annotations

import json
import shutil

import pytest
from rules_builders import QUICK
from safetensors.numpy import load_file
from typer.testing import CliRunner

from logire.cli.app import app
from logire.corpus.dump import read_dump, write_dump
from logire.corpus.shards import INDEX, Shards
from logire.ground.digests import file_digest
from logire.ground.errors import InputError
from logire.ground.records import RunRecord
from logire.rules.run import fit_run

SETTINGS = QUICK | {"closure": [0.0, 1.0], "closure_support": 3}


def shard(*words) -> str:
    done = CliRunner().invoke(app, ["shard", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def cut(corpus, dump, tmp_path_factory):
    """Shards of the corpus's training documents, from two dumps with half of them each."""
    folder = tmp_path_factory.mktemp("cut")
    train = {document.title: document.logits for document in read_dump(dump, corpus, "train")}
    titles = list(train)
    halves = [titles[::2], titles[1::2]]
    for number, half in enumerate(halves):
        write_dump(folder / f"{number}.safetensors", {"train": {title: train[title] for title in half}})
    said = shard(
        "--documents", corpus.path, "--logits", folder / "0.safetensors", "--logits", folder / "1.safetensors",
        "--size", 7, "--full", "--out", folder / "shards",
    )  # fmt: skip
    assert said.splitlines()[-1].startswith(f"{len(titles)} documents in {-(-len(titles) // 7)} shards: ")
    return folder / "shards"


def test_shards_hold_the_documents_in_their_order(cut, corpus, dump):
    found = list(Shards.open(cut).documents())
    for ours, theirs in zip(found, read_dump(dump, corpus, "train"), strict=True):
        assert ours.document == theirs.document
        assert (ours.logits == theirs.logits).all()


def test_a_fit_on_shards_is_the_fit_on_the_corpus(cut, corpus, dump, tmp_path):
    whole = fit_run(corpus.path, dump, tmp_path / "whole", settings=SETTINGS, seed=2, method="logire_plus")
    parts = fit_run(corpus.path, dump, tmp_path / "parts", settings=SETTINGS, seed=2, method="logire_plus", shards=cut)
    for name in ("rules.csv", "history.csv"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()
    ours, theirs = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "parts"))
    assert ours.keys() == theirs.keys()
    assert all((ours[name] == theirs[name]).all() for name in ours)
    assert (whole.record.threshold, whole.record.dev_f1) == (parts.record.threshold, parts.record.dev_f1)
    assert not (tmp_path / "parts" / "checkpoints").exists()


def test_the_record_names_the_shards(cut, corpus, dump, tmp_path):
    fit_run(corpus.path, dump, tmp_path / "run", settings=SETTINGS, seed=2, method="logire_plus", shards=cut)
    written = json.loads((tmp_path / "run" / "run.json").read_text())["shards"]
    assert (tmp_path / "run" / written["file"]).resolve() == (cut / INDEX).resolve()
    assert written["digest"] == file_digest(cut / INDEX)
    assert RunRecord.read(tmp_path / "run").settings["sample"] == 1.0


def test_training_documents_are_given_once_and_to_a_method_that_streams(cut, corpus, dump, tmp_path):
    with pytest.raises(InputError, match=r"--shards.*excludes --out-of-fold"):
        fit_run(
            corpus.path, dump, tmp_path / "a", settings={}, seed=1, method="logire_plus", shards=cut, out_of_fold=[dump]
        )
    with pytest.raises(InputError, match=r"logire needs all training documents at once"):
        fit_run(corpus.path, dump, tmp_path / "a", settings={}, seed=1, method="logire", shards=cut)
    other = shutil.copytree(cut, tmp_path / "other")
    relations = json.loads((other / "rel2id.json").read_text())
    turned = {name: number for number, name in enumerate(["Na", *list(relations)[:0:-1]])}
    (other / "rel2id.json").write_text(json.dumps(turned))
    with pytest.raises(InputError, match="has other relations or types, or another order of them"):
        fit_run(corpus.path, dump, tmp_path / "a", settings={}, seed=1, method="logire_plus", shards=other)
    assert not (tmp_path / "a").exists()
