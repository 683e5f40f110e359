"""Seeds, threads, device: what has to be equal for two runs to be equal."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from logire.ground.errors import InputError

if TYPE_CHECKING:
    import torch


DEVICE = r"^(auto|cpu|cuda(:[0-9]{1,3})?|mps)$"
"""What a device may be called."""
SEEDS = 2**32
"""Seeds run from 0 to below this."""


def derive_seed(seed: int, *names: str | int) -> int:
    """A seed for one purpose, derived from the run's one seed; equal on every machine."""
    digest = hashlib.sha256("/".join(str(part) for part in (seed, *names)).encode()).digest()
    return int.from_bytes(digest[:6], "big")


def seed_torch(seed: int, *names: str | int) -> None:
    """Seed torch for one purpose and make its algorithms deterministic."""
    import torch

    torch.manual_seed(derive_seed(seed, *names))
    # What use_deterministic_algorithms(True, warn_only=True) does, but that imports torch's compiler first: 3 seconds.
    torch.set_deterministic_debug_mode("warn")
    # The mode fills every new tensor, an eighth of a training's time on a CPU; we read none before we write it.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def pick_device(device: str = "auto") -> torch.device:
    """``auto`` is the first GPU, or the CPU; others are called as torch calls them (``cpu``, ``cuda:1``, ``mps``).

    Raises:
        InputError: no such device here.
    """
    if not re.match(DEVICE, device):
        raise InputError(f"{device!r} is not a device", field="device", remedy="use auto, cpu, cuda, cuda:1 or mps")
    import torch

    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        picked = torch.device(device)
        torch.empty(0, device=picked)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"{device!r} is not usable here ({error})", field="device", remedy="use auto or cpu"
        ) from error
    return picked
