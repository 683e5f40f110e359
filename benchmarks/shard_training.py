"""What `logire scale documents`, `train` and `infer` cost, by the number of documents; prints a Markdown table.

    python benchmarks/shard_training.py WORK --documents 1000 --documents 3000

The documents have the entities and facts of ``benchmarks/planted.py`` and as many words as DocRED's, drawn from a
vocabulary of 50,000 by Zipf's law; 100 of them are dev, and 100 test. Each command is a process of its own; its peak of
memory and its CPU time are those that the system tells at its end. Beside documents, memory holds the vocabulary.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from planted import World

from logire.corpus.docred import as_record
from logire.corpus.document import Document
from logire.corpus.prepared import write_prepared
from logire.ground.runtime import derive_seed

WORDS, VOCABULARY, SENTENCES = 200, 50_000, 8
"""Words of a document (with those of entities), different words, sentences."""
OTHERS = 100
"""Documents of dev, and of test."""
BACKBONE = "bilstm"


def documents(world: World, split: str, count: int) -> Iterator[Document]:
    """Documents of the planted world with more words after their entities."""
    for number in range(count):
        document, _ = world.document(split, number)
        rng = np.random.default_rng(derive_seed(world.seed, "words", split, number))
        drawn = VOCABULARY ** rng.random(max(0, WORDS - len(document.tokens)))  # log-uniform ranks: Zipf's law
        words = [f"w{int(rank)}" for rank in drawn]
        sentences = tuple(tuple(words[k::SENTENCES]) for k in range(SENTENCES))
        yield Document(document.title, (*document.sentences, *sentences), document.entities, document.facts)


def write_source(path: Path, world: World, count: int) -> None:
    """A JSON list of documents, as DocRED's train_distant.json is one, with one document in memory."""
    with path.open("w", encoding="utf-8") as file:
        for number, document in enumerate(documents(world, "train", count)):
            file.write("[" if number == 0 else ", ")
            json.dump(as_record(document), file)
        file.write("]\n")


def measured(step: str, count: int, *words: object) -> None:
    """Run one command of `logire scale` and print its row."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "logire", "scale", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    wall, cpu = time.perf_counter() - started, used.ru_utime + used.ru_stime
    cells = (f"{count:,}", step, f"{wall:,.1f}", f"{cpu:,.1f}", f"{count / cpu:,.1f}", f"{used.ru_maxrss / 1024:,.0f}")
    print("| " + " | ".join(cells) + " |", flush=True)


def measure(folder: Path, count: int, size: int, settings: dict[str, Any]) -> None:
    """Measure the three commands on ``count`` documents."""
    folder.mkdir(parents=True, exist_ok=True)
    world = World.of(1)
    others = {split: list(documents(world, split, OTHERS)) for split in ("train", "dev", "test")}
    write_prepared(folder / "dev", others, world.schema, name="planted", synthetic=True)
    write_source(folder / "documents.json", world, count)
    shards, run = folder / "shards", folder / "run"
    meta = ("--meta", folder / "dev", "--out", shards, "--size", size)
    measured("documents", count, "documents", folder / "documents.json", *meta)
    how = ("--settings", json.dumps(settings), "--device", "cpu", "--overwrite")
    measured("train", count, "train", BACKBONE, "--shards", shards, "--dev", folder / "dev", "--out", run, *how)
    words = len(json.loads((run / "vocabulary.json").read_text(encoding="utf-8"))["words"])
    print(f"vocabulary of {words:,} words", file=sys.stderr)
    measured("infer", count, "infer", run, "--shards", shards, "--out", folder / "scored", "--device", "cpu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--documents", type=int, action="append", help="default: 1,000 and 3,000")
    parser.add_argument("--size", type=int, default=200, help="documents of a shard")
    parser.add_argument(
        "--settings", type=json.loads, default={"epochs": 1, "min_count": 5}, help="of the backbone, as a JSON object"
    )
    options = parser.parse_args()
    heads = ("documents", "command", "wall s", "CPU s", "documents a CPU s", "peak MiB")
    print("| " + " | ".join(heads) + " |\n" + "|---:|---" + "|---:" * 4 + "|", flush=True)
    for count in options.documents or (1000, 3000):
        measure(options.work / str(count), count, options.size, options.settings)


if __name__ == "__main__":
    main()
