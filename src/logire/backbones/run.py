"""A backbone's run from a prepared corpus to its folder of results, and back from the folder to the model."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from logire.backbones.backbone import Backbone
from logire.backbones.checkpoint import Checkpoints, TrainingState, load_weights, save_weights
from logire.backbones.inference import choose_threshold, infer_logits
from logire.backbones.registry import resolve
from logire.backbones.settings import TrainingSettings
from logire.backbones.training import fit
from logire.corpus.document import FloatArray, Schema
from logire.corpus.dump import write_dump
from logire.corpus.predictions import predict, write_predictions
from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.ground.digests import relative_path
from logire.ground.files import read_json, write_json, write_text
from logire.ground.records import RunRecord, made_now, peak_memory
from logire.ground.runtime import pick_device, seed_torch
from logire.ground.settings import settings_from

WEIGHTS, SETTINGS = "model.safetensors", "settings.json"


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
    training = Training.start(corpus, name, settings, Path(out), seed=seed, device=device, resume=resume)
    model, state = training.fit(progress=progress)
    out = training.out
    save_weights(out / WEIGHTS, model)
    write_json(out / SETTINGS, training.settings.model_dump())
    model.save_extras(out)
    write_history(out, state)
    logits = {split: infer_logits(model, corpus.documents(split)) for split in SPLITS}
    write_dump(out / "logits.safetensors", logits)
    threshold = choose_threshold(logits["dev"], corpus.dev, corpus.schema)
    for split in ("dev", "test"):
        _write_split(out, corpus, split, logits[split], threshold.theta)
    training.record(state, method="backbone", threshold=threshold.theta, dev_f1=threshold.f1).write(out)
    training.finish()


@dataclass(frozen=True)
class Training:
    """One training from corpus to model, with its checkpoints and the record of how it was made."""

    corpus: PreparedCorpus
    name: str
    settings: TrainingSettings
    out: Path
    seed: int
    device: torch.device
    checkpoints: Checkpoints
    about: Mapping[str, Any]
    provenance: Mapping[str, Any]

    @classmethod
    def start(
        cls,
        corpus: PreparedCorpus,
        name: str,
        settings: Mapping[str, Any],
        out: Path,
        *,
        seed: int,
        device: str,
        resume: bool = True,
        about: Mapping[str, Any] | None = None,
    ) -> Training:
        """Check what is asked for; ``about`` tells this training from others of the same seed and settings."""
        parsed = settings_from(resolve(name).Settings, settings, where=name)
        target = pick_device(device)
        about = dict(about or {})
        run = {"backbone": name, "seed": seed, "settings": parsed.model_dump(), "corpus": corpus.digest} | about
        params = {"backbone": name, "settings": run["settings"]} | about
        record = made_now(params=params, data=corpus.digest, device=target)
        checkpoints = Checkpoints(out / "checkpoints", run)
        if not resume:
            checkpoints.remove()
        return cls(corpus, name, parsed, out, seed, target, checkpoints, about, record)

    def fit(self, *, progress: bool) -> tuple[Backbone[Any], TrainingState]:
        """The model with the best epoch's weights."""
        seed_torch(self.seed, "initialisation")
        model = resolve(self.name).build(self.settings, self.corpus).to(self.device)
        state = fit(model, self.corpus.train, self.corpus.dev, self.checkpoints, seed=self.seed, progress=progress)
        return model, state

    def record(self, state: TrainingState, *, method: str, **chosen: Any) -> RunRecord:
        """The run's record; ``chosen`` is what was chosen on dev after the training."""
        fields = {"dev_f1": state.best_f1} | chosen
        return RunRecord(
            dataset=self.corpus.name,
            synthetic=self.corpus.synthetic,
            backbone=self.name,
            method=method,
            seed=self.seed,
            **self.about,
            best_epoch=state.best_epoch,
            epochs=state.epoch,
            settings=self.settings.model_dump(),
            wall_seconds=round(state.seconds, 1),
            device=self.device.type,
            documents=relative_path(self.corpus.path, self.out),
            **fields,
            **peak_memory(self.device),
            **self.provenance,
        )

    def finish(self) -> None:
        """The results are written: the checkpoints go."""
        self.checkpoints.remove()


def write_history(out: Path, state: TrainingState) -> None:
    """Write ``history.csv``, a row an epoch."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(state.history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(state.history)
    write_text(out / "history.csv", buffer.getvalue())


def load_backbone(folder: Path, schema: Schema, *, device: str = "auto") -> Backbone[Any]:
    """The trained backbone of a run folder, in evaluation mode.

    Args:
        schema: of the corpus it was trained on.

    Raises:
        InputError: a file of the run is missing or broken.
    """
    folder = Path(folder)
    remedy = "give a folder that train_backbone wrote"
    name = str(RunRecord.read(folder, remedy=remedy).backbone)
    chosen = resolve(name)
    settings = settings_from(chosen.Settings, read_json(folder / SETTINGS, remedy=remedy), where=name)
    model = chosen.restore(settings, schema, folder)
    load_weights(folder / WEIGHTS, model)
    return model.to(pick_device(device)).eval()


def _write_split(out: Path, corpus: PreparedCorpus, split: str, logits: Mapping[str, FloatArray], theta: float) -> None:
    found = [p for d in corpus.documents(split) for p in predict(d, logits[d.title], theta, corpus.schema)]
    write_predictions(out / f"predictions-{split}.json", found)
