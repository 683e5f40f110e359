"""Checkpoints of a training run, from which a killed run continues bit for bit: safetensors and JSON, no pickle.

``state.json`` is the commit point: it names the epoch whose files count, and is written after them. Random numbers
need no state, because each epoch sets its own seed (see :mod:`logire.backbones.training.loop`).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from logire.ground.adamw import AdamW
from logire.ground.files import atomic, read_json, write_json


@dataclass
class TrainingState:
    """The state of a run after an epoch.

    Attributes:
        epoch: epochs done.
        step: optimiser steps done.
        best_epoch: the epoch with the best development F1, counted from 1; 0 before the first.
        best_f1: that F1, 0 to 1.
        history: a row for every epoch.
        seconds: wall time so far.
    """

    epoch: int = 0
    step: int = 0
    best_epoch: int = 0
    best_f1: float = -1.0
    history: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0


class Checkpoints:
    """The last and the best epoch of one run in ``folder``.

    Args:
        folder: created by the first save.
        run: what the run is (backbone, settings, seed, corpus); a checkpoint of another run is ignored.
    """

    def __init__(self, folder: Path, run: Mapping[str, Any]) -> None:
        self.folder = folder
        self.run = dict(run)

    def save(self, state: TrainingState, model: nn.Module, optimizer: AdamW) -> None:
        """Write the state after an epoch; the model is the best one if ``state.best_epoch == state.epoch``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if state.best_epoch == state.epoch:
            save_weights(self._file("best", state.best_epoch), model)
        moments = {f"optimizer/{name}": value for name, value in optimizer.moments().items()}
        _save(self._file("last", state.epoch), {f"model/{k}": v for k, v in model.state_dict().items()} | moments)
        write_json(self.folder / "state.json", {"run": self.run, "state": asdict(state)})
        kept = {self._file("best", state.best_epoch), self._file("last", state.epoch)}
        for file in self.folder.glob("*.safetensors"):
            if file not in kept:
                file.unlink()

    def load(self, model: nn.Module, optimizer: AdamW) -> TrainingState | None:
        """Load the last saved epoch of this run; if there is none, return None and change nothing."""
        file = self.folder / "state.json"
        if not file.exists():
            return None
        saved = read_json(file, remedy="delete the folder; training then starts again")
        if saved["run"] != self.run:
            return None
        state = TrainingState(**saved["state"])
        tensors = load_file(self._file("last", state.epoch))
        model.load_state_dict(_under("model/", tensors))
        optimizer.restore(_under("optimizer/", tensors))
        return state

    def load_best(self, model: nn.Module, state: TrainingState) -> None:
        """Load the weights of the best epoch."""
        load_weights(self._file("best", state.best_epoch), model)

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, kind: str, epoch: int) -> Path:
        return self.folder / f"{kind}-{epoch}.safetensors"


def save_weights(path: Path, model: nn.Module) -> None:
    """Write a model's weights as safetensors, atomically."""
    _save(path, model.state_dict())


def load_weights(path: Path, model: nn.Module) -> None:
    """Load weights that :func:`save_weights` wrote."""
    model.load_state_dict(load_file(path))


def _save(path: Path, tensors: Mapping[str, Tensor]) -> None:
    with atomic(path) as temporary:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, temporary)


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
