"""Commands load no large library that they do not need: an import at the wrong place costs seconds at every start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from logire.corpus.prepared import PreparedCorpus
from logire.corpus.sources.embedded import prepare_embedded
from logire.ground.records import RunRecord

LARGE = ("torch", "transformers", "numba", "matplotlib", "scipy.stats", "scipy", "pandas")
REFERENCE = Path(__file__).parents[1] / "reference" / "dwie"
RUNNER = f"""
import sys
from logire.cli.app import main
try:
    main()
except SystemExit as stopped:
    assert not stopped.code, stopped.code
print("loaded", *(name for name in {LARGE!r} if name in sys.modules), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small corpus, and the facts of its test split as predictions; runs that have these and no explanation."""
    folder = tmp_path_factory.mktemp("startup")
    prepare_embedded(folder / "corpus", documents=(4, 2, 2))
    rows = [
        {"title": d.title, "h_idx": f.head, "t_idx": f.tail, "r": f.relation}
        for d in PreparedCorpus.open(folder / "corpus").test
        for f in d.facts
    ]
    (folder / "gold.json").write_text(json.dumps(rows))
    for name, method in (("backbone", "backbone"), ("run", "logire")):
        logits = "../backbone/logits.safetensors"
        (folder / name).mkdir()
        RunRecord(method=method, backbone="cnn", seed=1, documents="../corpus", logits=logits).write(folder / name)
    (folder / "backbone/predictions-test.json").write_text(json.dumps(rows))
    (folder / "run/explanations-test.jsonl").write_text("")
    return folder


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        ("--help", ()),
        ("fit --help", ()),
        ("train --help", ()),
        ("prepare --help", ()),
        ("settings bilstm", ()),
        ("prepare embedded --documents 2 1 1 --out {folder}/other", ()),
        ("evaluate {folder}/gold.json --documents {folder}/corpus", ()),
        ("compare {folder}/gold.json {folder}/gold.json --documents {folder}/corpus", ()),
        ("browse {folder}/run", ()),
        (f"report {REFERENCE} --only table2 --out {{folder}}/report", ("scipy", "pandas")),
        (f"report {REFERENCE} --only figure4 --out {{folder}}/report", ("matplotlib", "scipy", "pandas")),
    ],
)
def test_only_what_is_needed_is_loaded(folder: Path, command: str, needed: tuple[str, ...]) -> None:
    words = [word.format(folder=folder) for word in command.split()]
    done = subprocess.run([sys.executable, "-c", RUNNER, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = done.stderr.rpartition("loaded")[2].split()
    assert set(loaded) <= set(needed)
