"""What the tests of backbones on shards share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logire.backbones.training.sharded import train_on_shards
from logire.cli.app import app
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.shards import Shards, cut, write_documents
from logire.corpus.sources.embedded import prepare_embedded

SETTINGS: dict[str, Any] = {"word_dim": 8, "hidden": 8, "epochs": 3, "batch_size": 2, "word_dropout": 0.1}
COUNT, SIZE = 22, 5


def prepare(folder: Path) -> Path:
    """Write a prepared corpus, its training documents as five shards without logits, and as one."""
    prepare_embedded(folder / "corpus", documents=(COUNT, 6, 6))
    corpus = PreparedCorpus.open(folder / "corpus")
    write_documents(folder / "shards", corpus.schema, cut(corpus.train, SIZE))
    write_documents(folder / "one", corpus.schema, [corpus.train])
    return folder


def train(folder: Path, out: Path, shards: str = "shards", settings: dict[str, Any] = SETTINGS, **how: Any) -> None:
    """Train a small BiLSTM on the shards of a folder that :func:`prepare` wrote."""
    given: dict[str, Any] = {"seed": 3, "device": "cpu", "progress": False} | how
    train_on_shards(Shards.open(folder / shards), folder / "corpus", "bilstm", settings, out, **given)


def files(run: Path) -> dict[str, bytes]:
    """The bytes of every file below a folder but for the record."""
    found = (file for file in run.rglob("*") if file.is_file() and file.name != "run.json")
    return {file.relative_to(run).as_posix(): file.read_bytes() for file in found}


def scale(*words: object) -> None:
    """Run a command of `logire scale`."""
    app(["scale", *map(str, words)], standalone_mode=False)
