"""Where results come from: digests of what went in, and the record that a run keeps of how it was made.

A record names nothing personal: no host, no user, no absolute path.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logire import __version__
from logire.errors import InputError

if TYPE_CHECKING:
    import torch

SOURCE = Path(__file__).parent
PACKAGES = ("numba", "numpy", "safetensors", "scipy", "torch", "torch_geometric", "transformers")
"""The packages whose versions a record names, beside Python's and this one's."""


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes.

    Raises:
        InputError: the file can't be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from error


def files_digest(folder: Path, names: Iterable[str]) -> str:
    """One SHA-256 over files of a folder: their names and their bytes.

    Raises:
        InputError: a file can't be read.
    """
    return content_digest({name: file_digest(folder / name) for name in names})


def tree_digest(path: Path) -> str:
    """The digest of a file, or of all files below a folder."""
    if not path.is_dir():
        return file_digest(path)
    return files_digest(path, (file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()))


def content_digest(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form: keys sorted, no white space, ASCII.

    Unlike the digest of a file's bytes it does not depend on how the file was laid out or compressed.
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def relative_path(path: Path, folder: Path) -> str:
    """How to get from ``folder`` to ``path``; what is written into results, so that they can move together."""
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def run_record(*, params: Any, data: str, device: torch.device) -> dict[str, Any]:
    """What ``run.json`` keeps of how a run is made, beside its results; taken when the run begins.

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


def peak_memory(device: torch.device) -> dict[str, float]:
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
