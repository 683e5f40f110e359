"""`logire scale`: shards on disk, and the run that a fit on all documents gives, at once and in steps."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from scale_builders import noisy_logits
from typer.testing import CliRunner

from logire.cli.app import app
from logire.corpus.dump import read_dump, write_dump
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.shards import INDEX, Shards
from logire.corpus.sources.embedded import prepare_embedded
from logire.ground.digests import file_digest
from logire.ground.errors import InputError
from logire.rules.run import fit_run, load_run
from logire.scale.run import plan_fit

SETTINGS = {"rounds": 2, "max_length": 2, "l2": [3.0, 0.3], "closure": [0.0, 1.0], "closure_support": 3}


def scale(*words) -> str:
    done = CliRunner().invoke(app, ["scale", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """``corpus``, its ``logits.safetensors``, two dumps with half of the training documents each, and ``shards``."""
    folder = tmp_path_factory.mktemp("scale")
    prepare_embedded(folder / "corpus", documents=(30, 8, 8))
    corpus, rng = PreparedCorpus.open(folder / "corpus"), np.random.default_rng(1)
    logits = {
        split: {d.title: noisy_logits(corpus.schema.labels(d), rng) for d in corpus.documents(split)}
        for split in ("train", "dev", "test")
    }
    write_dump(folder / "logits.safetensors", logits)
    titles = list(logits["train"])
    for number in (0, 1):
        half = {"train": {title: logits["train"][title] for title in titles[number::2]}}
        write_dump(folder / f"fold{number}.safetensors", half)
    dumps = [word for number in (0, 1) for word in ("--logits", folder / f"fold{number}.safetensors")]
    said = scale("split", "--documents", folder / "corpus", *dumps, "--size", 7, "--full", "--out", folder / "shards")
    assert said.splitlines()[-1].startswith("30 documents in 5 shards: ")
    return folder


def words(folder: Path, out: Path) -> list[str | Path]:
    given = ["--dev", folder / "corpus", "--logits", folder / "logits.safetensors", "--out", out, "--seed", "2"]
    return [folder / "shards", *given, "--settings", json.dumps(SETTINGS), "--sampling", '{"floor": 1}']


def test_shards_hold_the_documents_in_their_order(folder: Path) -> None:
    shards = Shards.open(folder / "shards")
    found = [document for number in range(len(shards)) for document in shards.read(number)]
    whole = read_dump(folder / "logits.safetensors", PreparedCorpus.open(folder / "corpus"), "train")
    for ours, theirs in zip(found, whole, strict=True):
        assert ours.document == theirs.document
        np.testing.assert_array_equal(ours.logits, theirs.logits)


def test_a_fit_on_shards_is_the_fit_on_the_corpus(folder: Path, tmp_path: Path) -> None:
    dump = folder / "logits.safetensors"
    whole = fit_run(folder / "corpus", dump, tmp_path / "whole", settings=SETTINGS, seed=2, method="logire_plus")
    said = scale("fit", *words(folder, tmp_path / "parts"))
    assert said.splitlines()[-1].endswith(f"in round {whole.model.fitted.kept}: {tmp_path / 'parts'}")
    ours, theirs = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "parts"))
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=0, atol=1e-8)
    tried, of_parts = (pd.read_csv(tmp_path / name / "history.csv") for name in ("whole", "parts"))
    pd.testing.assert_frame_equal(tried, of_parts, rtol=1e-6)  # single precision, in batches of another size
    record = json.loads((tmp_path / "parts" / "run.json").read_text())
    assert record["dev_f1"] == whole.record.dev_f1
    assert record["threshold"] == pytest.approx(whole.record.threshold, rel=1e-6)
    assert record["shards_digest"] == file_digest(folder / "shards" / INDEX)
    assert not (tmp_path / "parts" / "checkpoints").exists()
    model, _, test = load_run(tmp_path / "parts", "test")
    assert [p[:4] for p in model.predict(test)] == [p[:4] for p in whole.model.predict(test)]


def test_steps_one_by_one_are_the_fit_at_once(folder: Path, tmp_path: Path) -> None:
    given = words(folder, tmp_path / "steps")
    shards = range(1, 1 + len(Shards.open(folder / "shards")))
    for shard in shards:
        scale("count", *given, "--part", f"{shard}/{len(shards)}")
    groups = {fact.relation for d in PreparedCorpus.open(folder / "corpus").train for fact in d.facts}
    for number in (1, 2):
        for shard in reversed(shards):
            scale("rows", *given, "--part", f"{shard}/{len(shards)}", "--round", number)
        for part in ("2/2", "1/2"):
            scale("weigh", *given, "--part", part, "--round", number)
        assert f"round {number}: blend " in scale("choose", *given, "--round", number)
    made = {file: file.stat().st_mtime_ns for file in (tmp_path / "steps" / "checkpoints").rglob("*") if file.is_file()}
    assert len(made) == 2 * len(shards) + 2 * (len(shards) + len(groups) + 1)
    scale("fit", *given)
    scale("fit", *words(folder, tmp_path / "at once"))
    for name in ("rules.csv", "history.csv", "model.safetensors"):
        assert (tmp_path / "steps" / name).read_bytes() == (tmp_path / "at once" / name).read_bytes()


@pytest.mark.parametrize("part", ["0/3", "4/3", "1", "1/", "a/b", "1/0", "-1/3"])
def test_parts_that_do_not_exist_are_refused(folder: Path, tmp_path: Path, part: str) -> None:
    given = words(folder, tmp_path / "run")
    with pytest.raises(InputError, match=r"--part.*is not a part"):
        scale("count", *given, f"--part={part}")


def test_a_part_is_every_so_manieth(folder: Path, tmp_path: Path) -> None:
    scale("count", *words(folder, tmp_path / "run"), "--part", "2/3")
    made = sorted(file.name for file in (tmp_path / "run").rglob("counts-*"))
    assert made == ["counts-00001.safetensors", "counts-00004.safetensors"]


def test_shards_of_another_schema_are_refused(folder: Path, tmp_path: Path) -> None:
    other = shutil.copytree(folder / "shards", tmp_path / "other")
    relations = json.loads((other / "rel2id.json").read_text())
    turned = {name: number for number, name in enumerate(["Na", *list(relations)[:0:-1]])}
    (other / "rel2id.json").write_text(json.dumps(turned))
    dump = folder / "logits.safetensors"
    with pytest.raises(InputError, match="has other relations or types, or in another order"):
        plan_fit(Shards.open(other), folder / "corpus", dump, tmp_path / "run", settings={}, sampling={}, seed=1)


def test_a_document_without_logits_or_with_two_is_named(folder: Path, tmp_path: Path) -> None:
    given = ["split", "--documents", folder / "corpus", "--out", tmp_path / "shards"]
    first = folder / "fold0.safetensors"
    for dumps, problem in (([first], "15 of 30 documents are in no dump"), ([first, first], "is in .* too")):
        with pytest.raises(InputError, match=problem):
            scale(*given, *(word for dump in dumps for word in ("--logits", dump)))
    assert not (tmp_path / "shards").exists()
