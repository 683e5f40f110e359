"""Cross-fitting: K backbones, each trained without one fold of the training documents, and their logits on it.

A backbone's logits are better on its own training documents than on new text, so rules weighted on them trust atoms
that new text will not have. The logits of the K backbones, each on the fold it has not seen, look like those of new
text.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from logire.backbones.registry import find
from logire.backbones.training.inference import infer_logits
from logire.backbones.training.run import SCORED, Training, write_history
from logire.corpus.dump import write_dump
from logire.corpus.folds import Fold, FoldCorpus
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.runfolder import HISTORY, LOGITS


def train_fold(
    corpus: PreparedCorpus,
    name: str,
    settings: Mapping[str, Any],
    out: Path,
    *,
    fold: Fold,
    device: str = "auto",
    progress: bool = True,
    overwrite: bool = False,
) -> None:
    """Train the backbone ``name`` without one fold and dump its logits on the documents that it has not seen.

    Writes ``logits.safetensors`` (of split ``train`` the fold's documents alone; all of ``dev`` and ``test``, so that
    the backbones of all folds can be averaged there), ``history.csv`` and, last, ``run.json``. The best epoch is
    chosen on dev, as for the backbone itself. A killed run resumes from ``out/checkpoints``; what a finished run left
    in ``out`` is removed first.

    Raises:
        InputError: as :func:`~logire.backbones.training.run.train_backbone`, or the fold does not exist.
    """
    part = FoldCorpus.without(corpus, fold)
    seen = {"fold": fold.number, "folds": fold.of}
    training = Training.start(part, find(name), settings, Path(out), seed=fold.seed, device=device, fold=seen)
    model, state = training.fit(progress=progress, overwrite=overwrite)
    write_history(training.out, state)
    documents = {"train": part.held_out} | {split: corpus.documents(split) for split in SCORED}
    write_dump(training.out / LOGITS, {split: infer_logits(model, of_split) for split, of_split in documents.items()})
    training.finish(training.record(state), (LOGITS, HISTORY))
