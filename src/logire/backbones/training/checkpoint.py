"""Checkpoints of a training run, from which a killed run continues bit for bit: safetensors and JSON, no pickle.

``state.json`` is the commit point: it names the epoch whose files count and their digests, and is written after them.
Where one is missing or damaged, training starts over. Random numbers need no state, because each epoch sets its own
seed (see :mod:`logire.backbones.training.loop`).
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from logire.ground.adamw import AdamW
from logire.ground.digests import file_digest
from logire.ground.errors import InputError
from logire.ground.files import atomic, read_json, write_json

log = logging.getLogger(__name__)


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
        kept = self._files(state)
        digests = {file.name: file_digest(file) for file in kept}
        write_json(self.folder / "state.json", {"run": self.run, "state": asdict(state), "files": digests})
        for file in self.folder.glob("*.safetensors"):
            if file not in kept:
                file.unlink()

    def load(self, model: nn.Module, optimizer: AdamW) -> TrainingState | None:
        """Load the last saved epoch of this run; if there is none that is whole, return None and change nothing."""
        file = self.folder / "state.json"
        if not file.exists():
            return None
        try:
            saved = read_json(file)
            if saved["run"] != self.run:
                return None
            state = TrainingState(**saved["state"])
            self._check(state, saved.get("files", {}))
            tensors = _load(self._file("last", state.epoch), model, "model/")
        except (InputError, KeyError, TypeError, AttributeError) as error:
            log.warning("the checkpoint in %s is damaged: training starts over\n  (%s)", self.folder, error)
            return None
        model.load_state_dict(_under("model/", tensors))
        optimizer.restore(_under("optimizer/", tensors))
        return state

    def load_best(self, model: nn.Module, state: TrainingState) -> None:
        """Load the weights of the best epoch."""
        load_weights(self._file("best", state.best_epoch), model)

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _check(self, state: TrainingState, digests: Mapping[str, str]) -> None:
        """Raise InputError where a file is missing or damaged; checkpoints of earlier versions have no digests."""
        for file in self._files(state):
            if digests.get(file.name) not in (None, file_digest(file)) or not file.is_file():
                raise InputError("is damaged", file=file)

    def _files(self, state: TrainingState) -> tuple[Path, Path]:
        """The files that a state needs."""
        return self._file("best", state.best_epoch), self._file("last", state.epoch)

    def _file(self, kind: str, epoch: int) -> Path:
        return self.folder / f"{kind}-{epoch}.safetensors"


def save_weights(path: Path, model: nn.Module) -> None:
    """Write a model's weights as safetensors, atomically."""
    _save(path, model.state_dict())


def load_weights(path: Path, model: nn.Module) -> None:
    """Load weights that :func:`save_weights` wrote.

    Raises:
        InputError: the file is missing or damaged, or holds the weights of another model; the message names the tensor.
    """
    model.load_state_dict(_load(path, model))


def _load(path: Path, model: nn.Module, prefix: str = "") -> dict[str, Tensor]:
    """The tensors of a file; those below ``prefix`` fit the model and are finite."""
    remedy = "train the backbone again"
    try:
        tensors = load_file(path)
    except FileNotFoundError as error:
        raise InputError("does not exist", file=path, remedy=remedy) from error
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise InputError(f"is damaged ({error})", file=path, remedy=remedy) from error
    found, wanted = _under(prefix, tensors), model.state_dict()
    for name in sorted(wanted.keys() | found.keys()):
        problem = _problem(found.get(name), wanted.get(name))
        if problem:
            raise InputError(problem, file=path, field=prefix + name, remedy=remedy)
    return tensors


def _problem(found: Tensor | None, wanted: Tensor | None) -> str | None:
    """What is wrong with a stored tensor, compared with the model's own."""
    if found is None:
        return "is missing"
    if wanted is None:
        return "is not a tensor of this model"
    if found.shape != wanted.shape:
        return f"has the shape {list(found.shape)}, but {list(wanted.shape)} is expected"
    return None if torch.isfinite(found).all() else "has values that are not finite"


def _save(path: Path, tensors: Mapping[str, Tensor]) -> None:
    with atomic(path) as temporary:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, temporary)


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
