"""The record that a run keeps of how it was made: ``run.json``, one class for every kind of run.

A record names nothing personal: no host, no user, no absolute path.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from logire import __version__
from logire.ground.digests import content_digest
from logire.ground.errors import InputError
from logire.ground.files import read_object, write_json
from logire.ground.typed import FILE_NAME

if TYPE_CHECKING:
    import torch

RUN = "run.json"
VARIANT = r"^[a-z0-9_]{1,100}$"
"""What a variant may be called: a folder's name, and a column's."""
SOURCE = Path(__file__).parent
PACKAGES = ("numba", "numpy", "safetensors", "scipy", "torch", "torch_geometric", "transformers")
"""The packages whose versions a record names, beside Python's and this one's."""


FileName = Annotated[str, Field(pattern=FILE_NAME)]


class Dump(BaseModel):
    """A logits dump that a run read: its path from the run's folder, and its SHA-256."""

    file: FileName
    digest: str


class RunRecord(BaseModel):
    """What ``run.json`` says of a run. A field that was not set is not written; unknown fields are kept.

    Attributes:
        dataset, synthetic: the corpus it was made on.
        backbone: the backbone's name; of a fit on somebody else's dump, the dump's.
        method: ``backbone``, ``fold``, ``logire`` or ``logire_plus``.
        variant: the name of the settings where they are not the method's own.
        seed: everything random followed from it.
        fold, folds: which fold of how many was left out (``fold`` runs).
        threshold: the decision threshold chosen on dev.
        dev_f1: F1 on dev, 0 to 1.
        best_epoch, epochs: of a backbone's training.
        iteration, iterations: of EM: the one that was kept, and how many ran; of LogiRE+, rounds.
        rules: number of rules.
        settings: every setting of the method or backbone.
        documents, logits: where the corpus and the dump lie, seen from the run's folder.
        logits_digest: SHA-256 of the dump.
        out_of_fold: the dumps of the folds, where it was fitted on them.
        files: name -> SHA-256 of the files that were written with the record.
        params_digest: of everything that was chosen but the seed; equal choices give equal digests.
        data_digest: of the prepared corpus.
        git: ``commit`` and ``dirty`` of the code.
        wall_seconds, device, peak_memory_mib, peak_gpu_memory_mib, versions, hardware: how long, on what.
    """

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)

    dataset: str | None = None
    synthetic: bool | None = None
    backbone: str | None = None
    method: str | None = None
    variant: str | None = None
    seed: int | None = None
    fold: int | None = None
    folds: int | None = None
    threshold: float | None = None
    dev_f1: float | None = None
    best_epoch: int | None = None
    epochs: int | None = None
    iteration: int | None = None
    iterations: int | None = None
    rules: int | None = None
    settings: dict[str, Any] | None = None
    wall_seconds: float | None = None
    device: str | None = None
    documents: FileName | None = None
    logits: FileName | None = None
    logits_digest: str | None = None
    out_of_fold: list[Dump] = []
    files: dict[str, str] = {}
    peak_memory_mib: float | None = None
    peak_gpu_memory_mib: float | None = None
    git: dict[str, Any] = {}
    params_digest: str | None = None
    data_digest: str | None = None
    versions: dict[str, str | None] = {}
    hardware: dict[str, Any] = {}

    @classmethod
    def read(cls, folder: Path, *, remedy: str | None = None) -> Self:
        """The record of a run folder.

        Raises:
            InputError: there is none, or it is damaged; the message names the field.
        """
        file = folder / RUN
        value = read_object(file, remedy=remedy)
        empty = next((name for name in cls.model_fields if name in value and value[name] is None), None)
        if empty is not None:
            raise InputError("is null, a value was expected", file=file, field=empty, remedy=remedy)
        try:
            return cls(**value)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise InputError(f"{first['msg']} (found: {first['input']!r})", file=file, field=field) from error

    @classmethod
    def beside(cls, file: Path) -> Self | None:
        """The record of the run whose folder a file lies in; None where there is none."""
        return cls.read(file.parent) if (file.parent / RUN).exists() else None

    def write(self, folder: Path) -> None:
        """Write ``run.json``: the last file of a run, so that a folder with one holds a finished run."""
        write_json(folder / RUN, self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """The fields that were set, as JSON values."""
        return self.model_dump(mode="json", exclude_unset=True)


def made_now(*, params: Any, data: str, device: torch.device) -> dict[str, Any]:
    """The fields of a record that say how a run is made; taken when the run begins.

    Args:
        params: everything that was chosen but the seed, as JSON values; equal choices give equal digests.
        data: digest of the prepared corpus.
    """
    return {
        "git": git_state(),
        "params_digest": content_digest(params),
        "data_digest": data,
        "versions": {"python": platform.python_version(), "logire": __version__, **_versions()},
        "hardware": {"cpu": _cpu(), "cores": os.cpu_count(), "gpu": _gpu(device)},
    }


def peak_memory(device: torch.device) -> dict[str, Any]:
    """The most memory this process has held so far, in MiB; of the GPU too where it uses one."""
    # getrusage counts KiB, on macOS bytes.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak = {"peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)}
    if device.type == "cuda":
        import torch

        peak["peak_gpu_memory_mib"] = round(torch.cuda.max_memory_allocated(device) / 2**20, 1)
    return peak


def git_state() -> dict[str, Any]:
    """``commit`` and ``dirty`` of the repository this package runs from; both None where there is none.

    Dirty is a change of any tracked file, or a file in the package that is not tracked.
    """
    # An installed package may lie inside somebody else's repository: then git does not know this file.
    if _git("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return {"commit": None, "dirty": None}
    changed = _git("status", "--porcelain", "--untracked-files=no")
    untracked = _git("ls-files", "--others", "--exclude-standard")
    return {"commit": _git("rev-parse", "HEAD"), "dirty": bool(changed or untracked)}


def _git(*arguments: str) -> str | None:
    """What git answers in the package's folder; None where it fails or is not installed."""
    # Runs side by side must not wait for each other's lock on the index.
    environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(["git", *arguments], cwd=SOURCE, env=environment, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _cpu() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _gpu(device: torch.device) -> str | None:
    if device.type != "cuda":
        return None
    import torch

    return torch.cuda.get_device_name(device)
