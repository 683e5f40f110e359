"""Cross-fitting: backbones that each miss one fold of the training documents, and their logits on it.

A backbone's logits on its own training documents are better than any it will give on new text; rules that are
weighted on them trust atoms that will not be there. The logits of K backbones, each on the fold it has not seen,
look like those of new text.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from logire.backbones.inference import infer_logits
from logire.backbones.run import Training, write_history
from logire.corpus.dump import write_dump
from logire.corpus.folds import Fold, FoldCorpus
from logire.corpus.prepared import PreparedCorpus


def train_fold(
    corpus: PreparedCorpus,
    name: str,
    settings: Mapping[str, Any],
    out: Path,
    *,
    fold: Fold,
    device: str = "auto",
    progress: bool = True,
) -> None:
    """Train the backbone ``name`` without one fold and dump its logits on that fold.

    Writes ``logits.safetensors`` (split ``train``, the fold's documents alone), ``history.csv`` and, last,
    ``run.json``. The epoch is chosen on dev, as for the backbone itself; test documents are not read. A killed run
    goes on from ``out/checkpoints``.

    Raises:
        InputError: as :func:`~logire.backbones.run.train_backbone`; a fold that does not exist.
    """
    part = FoldCorpus.without(corpus, fold)
    seen = {"fold": fold.number, "folds": fold.of}
    training = Training.start(part, name, settings, Path(out), seed=fold.seed, device=device, about=seen)
    model, state = training.fit(progress=progress)
    write_history(training.out, state)
    write_dump(training.out / "logits.safetensors", {"train": infer_logits(model, part.held_out)})
    training.record(state, method="fold").write(training.out)
    training.finish()
