"""From a prepared corpus to a backbone's run folder, and from the folder back to the model."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from logire.backbones.base import Backbone
from logire.backbones.decisions import Decision
from logire.backbones.registry import BackboneSpec, find
from logire.backbones.settings import TrainingSettings
from logire.backbones.training.checkpoint import Checkpoints, TrainingState, load_weights, save_weights
from logire.backbones.training.inference import infer_logits
from logire.backbones.training.loop import fit
from logire.corpus.document import FloatArray, Schema
from logire.corpus.dump import write_dump
from logire.corpus.predictions import Prediction, predict, write_predictions
from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.corpus.runfolder import (
    ENCODER,
    HISTORY,
    LOGITS,
    MODEL,
    SETTINGS,
    VOCABULARY,
    begin_run,
    check_files,
    finish_run,
    predictions_name,
)
from logire.ground.digests import relative_path
from logire.ground.files import read_object, write_json, write_text
from logire.ground.records import RunRecord, made_now, peak_memory
from logire.ground.runtime import pick_device, seed_torch
from logire.ground.settings import settings_from

SCORED = ("dev", "test")
"""The splits that a backbone's predictions are written of."""


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
    overwrite: bool = False,
) -> None:
    """Train the backbone ``name`` and write its run folder ``out``.

    The folder holds ``model.safetensors`` (best epoch), ``settings.json``, ``history.csv``, ``logits.safetensors``
    (all splits), ``predictions-{dev,test}.json`` (by the model's decision; scores are logits), what the model itself
    needs to be read back (``vocabulary.json``, ``encoder/``) and ``run.json``, which is written last. What a finished
    run left in ``out`` is removed first.

    Args:
        settings: those that differ from the backbone's defaults.
        resume: continue from ``out/checkpoints`` if a killed run with the same settings, seed and corpus left them.
        overwrite: whether ``out`` may hold another finished run, which is removed.

    Raises:
        InputError: the backbone, a setting or the device is unknown, the corpus is broken, the loss is not finite, or
            ``out`` holds another run.
    """
    training = Training.start(corpus, find(name), settings, Path(out), seed=seed, device=device, resume=resume)
    model, state = training.fit(progress=progress, overwrite=overwrite)
    training.write(model, state, SPLITS)


@dataclass(frozen=True)
class Training:
    """One training from corpus to model, with its checkpoints; ``about`` is what its record says from the start."""

    corpus: PreparedCorpus
    backbone: BackboneSpec
    settings: TrainingSettings
    out: Path
    seed: int
    device: torch.device
    checkpoints: Checkpoints
    about: Mapping[str, Any]

    @classmethod
    def start(
        cls,
        corpus: PreparedCorpus,
        backbone: BackboneSpec,
        settings: Mapping[str, Any],
        out: Path,
        *,
        seed: int,
        device: str,
        resume: bool = True,
        fold: Mapping[str, Any] | None = None,
        chosen: Mapping[str, Any] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> Training:
        """Check the request.

        Args:
            fold: which fold of how many is left out, if one is.
            chosen: what else the model follows from, for the digest of its parameters.
            more: further fields of the record.
        """
        parsed = settings_from(backbone.Settings, settings, where=backbone.name)
        target = pick_device(device)
        fold = dict(fold or {})
        params = {"backbone": backbone.name, "settings": parsed.model_dump()} | fold | dict(chosen or {})
        run = params | {"seed": seed, "corpus": corpus.digest}
        checkpoints = Checkpoints(out / "checkpoints", run)
        if not resume:
            checkpoints.remove()
        about = {
            "dataset": corpus.name,
            "synthetic": corpus.synthetic,
            "backbone": backbone.name,
            "method": "fold" if fold else "backbone",
            "seed": seed,
            **fold,
            **(more or {}),
            **made_now(params=params, data=corpus.digest, device=target),
        }
        return cls(corpus, backbone, parsed, out, seed, target, checkpoints, about)

    def fit(self, *, progress: bool, overwrite: bool) -> tuple[Backbone[Any], TrainingState]:
        """Train; the model has the weights of the best epoch. What a finished run left in ``out`` is removed first."""
        seed_torch(self.seed, "initialisation")
        model = self.backbone.load().build(self.settings, self.corpus).to(self.device)
        begin_run(self.out, self.about, overwrite=overwrite)
        state = fit(model, self.corpus.train, self.corpus.dev, self.checkpoints, seed=self.seed, progress=progress)
        return model, state

    def record(self, state: TrainingState, **chosen: Any) -> RunRecord:
        """The run's record; ``chosen`` is what was chosen on dev after training."""
        return RunRecord(
            **self.about,
            best_epoch=state.best_epoch,
            epochs=state.epoch,
            settings=self.settings.model_dump(),
            wall_seconds=round(state.seconds, 1),
            device=self.device.type,
            documents=relative_path(self.corpus.path, self.out),
            **{"dev_f1": state.best_f1} | chosen,
            **peak_memory(self.device),
        )

    def write(self, model: Backbone[Any], state: TrainingState, splits: Iterable[str]) -> None:
        """Write the run's files: the model, the logits of ``splits``, dev and test among them, and the predictions."""
        out = self.out
        save_weights(out / MODEL, model)
        write_json(out / SETTINGS, self.settings.model_dump())
        model.save_extras(out)
        write_history(out, state)
        logits = {split: infer_logits(model, self.corpus.documents(split)) for split in splits}
        write_dump(out / LOGITS, logits)
        decision = model.decide(logits["dev"], self.corpus.dev)
        for split in SCORED:
            _write_split(out, self.corpus, split, logits[split], decision)
        record = self.record(state, threshold=decision.threshold, dev_f1=decision.f1)
        predictions = map(predictions_name, SCORED)
        self.finish(record, (MODEL, SETTINGS, VOCABULARY, ENCODER, HISTORY, LOGITS, *predictions))

    def finish(self, record: RunRecord, names: Iterable[str]) -> None:
        """Write the record, with the digests of the named files, and remove the checkpoints."""
        finish_run(self.out, record, names)
        self.checkpoints.remove()


def write_history(out: Path, state: TrainingState) -> None:
    """Write ``history.csv``, with a row for each epoch."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(state.history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(state.history)
    write_text(out / HISTORY, buffer.getvalue())


def load_backbone(folder: Path, schema: Schema, *, device: str = "auto") -> Backbone[Any]:
    """The trained backbone of a run folder, in evaluation mode.

    Args:
        schema: of the corpus that it was trained on.

    Raises:
        InputError: a file of the run is missing or broken.
    """
    folder = Path(folder)
    remedy = "give a folder that train_backbone wrote"
    record = RunRecord.read(folder, remedy=remedy)
    needed = (MODEL, SETTINGS, VOCABULARY, ENCODER)
    check_files(folder, record, (name for name in record.files if name.partition("/")[0] in needed))
    backbone = find(str(record.backbone))
    stored = read_object(folder / SETTINGS, remedy=remedy)
    settings = settings_from(backbone.Settings, stored, where=backbone.name)
    model = backbone.load().restore(settings, schema, folder)
    load_weights(folder / MODEL, model)
    return model.to(pick_device(device)).eval()


def _write_split(
    out: Path, corpus: PreparedCorpus, split: str, logits: Mapping[str, FloatArray], decision: Decision
) -> None:
    found: list[Prediction] = []
    for document in corpus.documents(split):
        scores = logits[document.title]
        chosen = np.where(decision.predicts(scores), scores, np.float32(-np.inf))
        found += predict(document, chosen, decision.threshold, corpus.schema)
    write_predictions(out / predictions_name(split), found)
