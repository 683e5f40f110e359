"""A fit on shards as jobs of Snakemake: the run that `logire scale fit` writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from logire.corpus.dump import write_dump
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.sharding import shard_dumps
from logire.corpus.sources.embedded import prepare_embedded

ROOT = Path(__file__).parents[2]
SETTINGS = {"rounds": 2, "max_length": 2, "l2": [1.0], "closure": [0.0]}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("scale")
    prepare_embedded(folder / "corpus", documents=(20, 6, 6))
    corpus, rng = PreparedCorpus.open(folder / "corpus"), np.random.default_rng(2)
    logits: dict[str, dict[str, np.ndarray]] = {"train": {}, "dev": {}}
    for split, of_split in logits.items():
        for document in corpus.documents(split):
            labels = corpus.schema.labels(document)
            of_split[document.title] = 10 * labels - 6 + 2 * rng.normal(size=labels.shape)
    write_dump(folder / "logits.safetensors", logits)
    shard_dumps(folder / "corpus", [folder / "logits.safetensors"], folder / "shards", size=6)
    return {
        "shards": f"{folder}/shards",
        "dev": f"{folder}/corpus",
        "logits": f"{folder}/logits.safetensors",
    }


def snakemake(folder: Path, config: object, *words: str) -> subprocess.CompletedProcess[str]:
    file = folder / "config.json"
    file.write_text(json.dumps(config), encoding="utf-8")
    command = [Path(sys.executable).parent / "snakemake", "-s", "workflow/scale.smk", "--cores", "1", "--nolock"]
    return subprocess.run([*command, "--configfile", file, *words], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.slow
def test_jobs_of_parts_end_in_the_run_of_one_fit(given: dict[str, str], tmp_path: Path) -> None:
    config = given | {"out": f"{tmp_path}/it's a run", "parts": 2, "settings": SETTINGS, "seed": 3}
    done = snakemake(tmp_path, config)
    assert done.returncode == 0, done.stderr
    whole = tmp_path / "whole"
    words = ["--dev", given["dev"], "--logits", given["logits"], "--out", whole, "--seed", "3"]
    command = [sys.executable, "-m", "logire", "scale", "fit", given["shards"], *words]
    subprocess.run([*command, "--settings", json.dumps(SETTINGS)], check=True)
    for name in ("model.safetensors", "rules.csv", "history.csv"):
        assert (tmp_path / "it's a run" / name).read_bytes() == (whole / name).read_bytes()
    again = snakemake(tmp_path, config, "--dry-run")
    assert "Nothing to be done" in again.stdout + again.stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"dev": None}, "config.dev"),
        ({"parts": 0}, "config.parts"),
        ({"settings": {"round": 1}}, "settings.round"),
        ({"sampling": {"floor": 0}}, "sampling.floor"),
        ({"shard": "x"}, "config.shard: there is no such setting"),
    ],
)
def test_a_wrong_config_stops_before_any_job(
    given: dict[str, str], tmp_path: Path, wrong: dict[str, object], said: str
) -> None:
    done = snakemake(tmp_path, given | {"out": f"{tmp_path}/run"} | wrong, "--dry-run")
    assert done.returncode == 1
    assert f"config: field {said}" in done.stderr
    assert "Traceback" not in done.stderr
