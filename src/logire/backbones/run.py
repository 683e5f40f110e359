"""A backbone's run from a prepared corpus to its folder of results, and back from the folder to the model."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from logire.backbones.backbone import Backbone
from logire.backbones.checkpoint import Checkpoints, TrainingState, load_weights, save_weights
from logire.backbones.inference import choose_threshold, infer_logits
from logire.backbones.registry import resolve
from logire.backbones.training import fit
from logire.corpus.document import FloatArray, Schema
from logire.corpus.dump import write_dump
from logire.corpus.predictions import predict, write_predictions
from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.files import read_json, write_json, write_text
from logire.provenance import peak_memory, relative_path, run_record
from logire.runtime import pick_device, seed_torch
from logire.settings import settings_from

log = logging.getLogger(__name__)

WEIGHTS, SETTINGS, RUN = "model.safetensors", "settings.json", "run.json"


def train_backbone(
    corpus: PreparedCorpus,
    name: str,
    settings: Mapping[str, Any],
    out: Path,
    *,
    seed: int,
    device: str = "auto",
    progress: bool = True,
    resume: bool = True,
) -> None:
    """Train the backbone ``name`` and write its run folder ``out``.

    ``model.safetensors`` (best epoch), ``settings.json``, ``vocabulary.json`` (backbones that read words),
    ``history.csv``, ``logits.safetensors`` (all splits), ``predictions-{dev,test}.json`` (scores are logits, the
    threshold is the argmax of development F1) and, last, ``run.json``.

    Args:
        settings: what differs from the backbone's defaults.
        resume: go on from ``out/checkpoints`` if a killed run with the same settings, seed and corpus left them.

    Raises:
        InputError: an unknown backbone, setting or device, a broken corpus, or a loss that is not finite.
    """
    out = Path(out)
    chosen = resolve(name)
    parsed = settings_from(chosen.Settings, settings, where=name)
    target = pick_device(device)
    run = {"backbone": name, "seed": seed, "settings": parsed.model_dump(), "corpus": corpus.digest}
    record = run_record(params={"backbone": name, "settings": run["settings"]}, data=corpus.digest, device=target)
    checkpoints = Checkpoints(out / "checkpoints", run)
    if not resume:
        checkpoints.remove()
    seed_torch(seed, "initialisation")
    model = chosen.build(parsed, corpus).to(target)
    state = fit(model, corpus.train, corpus.dev, checkpoints, seed=seed, progress=progress)

    save_weights(out / WEIGHTS, model)
    write_json(out / SETTINGS, parsed.model_dump())
    model.save_extras(out)
    write_text(out / "history.csv", _csv(state.history))
    logits = {split: infer_logits(model, corpus.documents(split)) for split in SPLITS}
    write_dump(out / "logits.safetensors", logits)
    threshold = choose_threshold(logits["dev"], corpus.dev, corpus.schema)
    for split in ("dev", "test"):
        _write_split(out, corpus, split, logits[split], threshold.theta)
    summary = _summary(corpus, run, state, threshold.theta, threshold.f1, target.type)
    documents = relative_path(corpus.path, out)
    write_json(out / RUN, summary | {"documents": documents} | peak_memory(target) | record)
    checkpoints.remove()


def load_backbone(folder: Path, schema: Schema, *, device: str = "auto") -> Backbone[Any]:
    """The trained backbone of a run folder, in evaluation mode.

    Args:
        schema: of the corpus it was trained on.

    Raises:
        InputError: a file of the run is missing or broken.
    """
    folder = Path(folder)
    remedy = "give a folder that train_backbone wrote"
    name = read_json(folder / RUN, remedy=remedy)["backbone"]
    chosen = resolve(name)
    settings = settings_from(chosen.Settings, read_json(folder / SETTINGS, remedy=remedy), where=name)
    model = chosen.restore(settings, schema, folder)
    load_weights(folder / WEIGHTS, model)
    return model.to(pick_device(device)).eval()


def _write_split(out: Path, corpus: PreparedCorpus, split: str, logits: Mapping[str, FloatArray], theta: float) -> None:
    found = [p for d in corpus.documents(split) for p in predict(d, logits[d.title], theta, corpus.schema)]
    write_predictions(out / f"predictions-{split}.json", found)


def _summary(
    corpus: PreparedCorpus, run: Mapping[str, Any], state: TrainingState, theta: float, f1: float, device: str
) -> dict[str, Any]:
    return {
        "dataset": corpus.name,
        "synthetic": corpus.synthetic,
        "backbone": run["backbone"],
        "method": "backbone",
        "seed": run["seed"],
        "threshold": theta,
        "dev_f1": f1,
        "best_epoch": state.best_epoch,
        "epochs": state.epoch,
        "settings": run["settings"],
        "wall_seconds": round(state.seconds, 1),
        "device": device,
    }


def _csv(rows: Sequence[Mapping[str, float]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
