"""What one EM iteration leaves behind, and its form on disk (safetensors, bodies in the metadata)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from logire.ground.files import atomic
from logire.rules.extractor import Extractor
from logire.rules.mining import RuleTable
from logire.rules.ruleset import RuleSet


@dataclass(frozen=True)
class Learnt:
    """One EM iteration: the generator's parameters, z, the extractor, the posterior over z, the dev threshold.

    Attributes:
        theta: the threshold with the best dev F1, and ``dev_f1`` that F1 (0 to 1).
    """

    iteration: int
    generator: Mapping[str, torch.Tensor]
    rules: RuleSet
    extractor: Extractor
    posterior: npt.NDArray[np.float64]
    theta: float
    dev_f1: float

    def tensors(self) -> dict[str, torch.Tensor]:
        """The rules and the extractor as tensors."""
        arrays = {
            "bias": self.extractor.bias,
            "weights": self.extractor.weights,
            "residual": self.extractor.residual,
            "posterior": self.posterior,
            "start": self.rules.start,
            "counts": self.rules.counts,
            "log_prior": self.rules.log_prior,
        }
        return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}

    def notes(self) -> dict[str, Any]:
        """Everything else as JSON."""
        return {
            "bodies": self.rules.bodies,
            "iteration": self.iteration,
            "theta": self.theta,
            "dev_f1": self.dev_f1,
        }

    @classmethod
    def of(
        cls, tensors: Mapping[str, torch.Tensor], notes: Mapping[str, Any], generator: Mapping[str, torch.Tensor]
    ) -> Learnt:
        """The inverse of :meth:`tensors` and :meth:`notes`."""
        array = {name: tensor.numpy() for name, tensor in tensors.items()}
        bodies = tuple(tuple(body) for body in notes["bodies"])
        return cls(
            iteration=notes["iteration"],
            generator=generator,
            rules=RuleSet(array["start"], bodies, array["counts"], array["log_prior"]),
            extractor=Extractor(array["bias"], array["weights"], array["residual"]),
            posterior=array["posterior"],
            theta=notes["theta"],
            dev_f1=notes["dev_f1"],
        )


@dataclass
class EMState:
    """A point between two EM iterations: the last and the best of them, the history, the generator's target."""

    last: Learnt
    best: Learnt
    history: list[dict[str, float]]
    table: RuleTable

    def save(self, path: Path, key: str) -> None:
        """Write the state atomically; ``key`` says which run it belongs to."""
        tensors: dict[str, torch.Tensor] = {}
        for role, learnt in (("last", self.last), ("best", self.best)):
            # clones: safetensors refuses tensors that share memory, as last and best may
            tensors |= {f"{role}/{name}": value.clone() for name, value in learnt.tensors().items()}
            tensors |= {f"{role}/generator/{name}": value.clone() for name, value in learnt.generator.items()}
        notes = {
            "key": key,
            "last": self.last.notes(),
            "best": self.best.notes(),
            "history": self.history,
            "table": [list(rules.items()) for rules in self.table],
        }
        with atomic(path) as temporary:
            save_file(tensors, temporary, metadata={"state": json.dumps(notes)})

    @classmethod
    def load(cls, path: Path, key: str) -> EMState | None:
        """Read a state; None where there is none, or where it is damaged or another run's."""
        if not path.exists():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                notes = json.loads(file.metadata()["state"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        except (SafetensorError, KeyError, json.JSONDecodeError):
            return None
        if notes["key"] != key:
            return None
        found = {}
        for role in ("last", "best"):
            own = {n.removeprefix(f"{role}/"): t for n, t in tensors.items() if n.startswith(f"{role}/")}
            generator = {n.removeprefix("generator/"): t for n, t in own.items() if n.startswith("generator/")}
            rest = {name: tensor for name, tensor in own.items() if not name.startswith("generator/")}
            found[role] = Learnt.of(rest, notes[role], generator)
        table = [{tuple(body): weight for body, weight in rules} for rules in notes["table"]]
        return cls(found["last"], found["best"], notes["history"], table)
