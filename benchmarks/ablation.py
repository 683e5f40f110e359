"""What each change of a setting, alone, does to a backbone's dev F1; prints a Markdown table.

    python benchmarks/ablation.py --backbone atlop --documents data/dwie --limit 100
    python benchmarks/ablation.py --backbone gain --documents data/dwie --params params/dwie.yaml --seed 2

The first row has the settings of the params file, every other row one change to them. All rows have the same seed and
the same training documents, the first ones of the corpus. Each row is a process of one thread, printed when it is done.
CPU seconds are those of training and of scoring dev after each epoch; what is frozen has been read before.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
import yaml

from logire.backbones.registry import find
from logire.backbones.training.checkpoint import Checkpoints
from logire.backbones.training.inference import infer_encoded
from logire.backbones.training.loop import fit
from logire.corpus.prepared import PreparedCorpus
from logire.ground.runtime import seed_torch
from logire.ground.settings import settings_from

CHANGES: dict[str, list[dict[str, Any]]] = {
    "atlop": [
        {"type_dim": 0},
        {"negatives": 0, "min_negatives": 0},
        {"mention": "first"},
        {"markers": True},
        {"precision": "fp32"},
        {"learning_rate": 1e-3, "encoder_learning_rate": 1e-4},
    ],
    "gain": [
        {"type_dim": 0},
        {"reach": None},
        {"document_node": "cls"},
        {"path_mapping": True},
        {"edges": "last"},
        {"edge_dropout": 0.3},
        {"graph_dim": None},
        {"encoder_learning_rate": 3e-4},
        {"learning_rate": 3e-4, "encoder_learning_rate": 3e-4},
    ],
}


class Row(NamedTuple):
    """Of one training: dev F1 (0 to 1) after each epoch, and CPU seconds."""

    f1: list[float]
    seconds: float


def train(folder: Path, name: str, settings: Mapping[str, Any], seed: int, limit: int | None) -> Row:
    """Train on the first ``limit`` documents, from the weights that a run with this seed starts from."""
    torch.set_num_threads(1)
    corpus = PreparedCorpus.open(folder)
    documents = corpus.train[:limit]
    spec = find(name)
    seed_torch(seed, "initialisation")
    model = spec.load().build(settings_from(spec.Settings, settings, where=name), corpus)
    if settings.get("freeze_embeddings"):
        infer_encoded(model, [model.encode(document) for document in (*documents, *corpus.dev)])
    with tempfile.TemporaryDirectory() as scratch:
        checkpoints = Checkpoints(Path(scratch), {})
        started = time.process_time()
        state = fit(model, documents, corpus.dev, checkpoints, seed=seed, progress=False)
        return Row([row["dev_f1"] for row in state.history], time.process_time() - started)


def main() -> None:
    """Read the command line, train once for each row, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", choices=list(CHANGES), required=True)
    parser.add_argument("--documents", type=Path, required=True, help="a prepared corpus")
    parser.add_argument("--limit", type=int, help="training documents, the first of the corpus (default: all)")
    parser.add_argument("--params", type=Path, default=Path("params/dwie.yaml"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    name = options.backbone
    usual = yaml.safe_load(options.params.read_text())["backbones"][name]
    changes = [{}, *CHANGES[name]]
    for change in changes:  # a setting that does not exist is named now, not after hours
        settings_from(find(name).Settings, usual | change, where=name)
    print("| change | dev F1 by epoch | best dev F1 | CPU (s) |\n|---|---|---:|---:|", flush=True)
    context = multiprocessing.get_context("spawn")
    for change in changes:
        with context.Pool(1) as pool:
            row = pool.apply(train, (options.documents, name, usual | change, options.seed, options.limit))
        label = ", ".join(f"{key} {json.dumps(value)}" for key, value in change.items()) or "none"
        by_epoch = ", ".join(f"{100 * f1:.2f}" for f1 in row.f1)
        print(f"| {label} | {by_epoch} | {100 * max(row.f1):.2f} | {row.seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
