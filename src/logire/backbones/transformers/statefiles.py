"""Frozen states on disk, which the run on all documents, its folds and its seeds share."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from logire.ground.cachefolder import cache_folder
from logire.ground.errors import InputError
from logire.ground.files import atomic

MOST = 4 * 2**30
"""Bytes that are kept: eight times DWIE's. Files not used for longest go first."""


class StateFiles:
    """A file for each text, named by all that its states depend on; any number of processes may read and write.

    Where nothing can be written nothing is kept; a damaged file counts as missing.

    Args:
        about: what the states depend on beside the text (see :func:`identity`).
        folder: by default ``states`` in the user's cache folder.
        most: bytes to keep in ``folder``.
    """

    def __init__(self, about: bytes, folder: Path | None = None, most: int = MOST) -> None:
        self.about = about
        self.folder = cache_folder("states") if folder is None else folder
        self.most = most
        self.size: int | None = None

    def load(self, text: bytes) -> Tensor | None:
        """The states of a text, or None."""
        path = self._path(text)
        try:
            found = load_file(path)
            if int(found["check"]) == _check(found["states"]):
                os.utime(path)
                return found["states"]
        except (OSError, SafetensorError, KeyError, ValueError, RuntimeError):
            pass
        return None

    def save(self, text: bytes, states: Tensor) -> None:
        """Keep the states of a text."""
        path = self._path(text)
        with suppress(OSError, InputError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic(path) as temporary:
                save_file({"states": states.contiguous(), "check": torch.tensor(_check(states))}, temporary)
            self._bound(path.stat().st_size)

    def _path(self, text: bytes) -> Path:
        name = hashlib.sha256(self.about + text).hexdigest()
        return self.folder / name[:2] / f"{name}.safetensors"

    def _bound(self, added: int) -> None:
        """If too much is kept, delete the files not used for longest until a quarter of the room is free."""
        self.size = sum(size for _, size, _ in _files(self.folder)) if self.size is None else self.size + added
        if self.size <= self.most:
            return
        files = sorted(_files(self.folder))
        self.size = sum(size for _, size, _ in files)
        for _, size, path in files:
            if self.size <= self.most * 3 // 4:
                break
            path.unlink(missing_ok=True)
            self.size -= size


def identity(encoder: Any, parts: Iterable[nn.Module], *about: object) -> bytes:
    """A digest of the encoder's configuration, of the weights of the parts that run, and of what computes them."""
    digest = hashlib.sha256()
    attention = (
        encoder.config._attn_implementation
    )  # fused or not: rounded otherwise; the configuration's JSON lacks it
    computing = (torch.__version__, torch.backends.cpu.get_cpu_capability(), torch.get_num_threads())
    settings = (encoder.config.to_json_string(use_diff=False), attention, encoder.device.type)
    digest.update(repr((settings, computing, about)).encode())
    for part in parts:
        for name, value in part.state_dict().items():
            digest.update(name.encode() + value.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.digest()


def _check(states: Tensor) -> int:
    return zlib.crc32(states.contiguous().view(torch.uint8).numpy().tobytes())


def _files(folder: Path) -> list[tuple[float, int, Path]]:
    """Last use, size and path of every file; others may be deleting them."""
    found = []
    for path in folder.glob("*/*"):
        with suppress(OSError):
            about = path.stat()
            found.append((about.st_mtime, about.st_size, path))
    return found
