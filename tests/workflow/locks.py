"""The locks, read."""

from __future__ import annotations

import re

from clones import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = "requirements.lock"
CPU = "requirements-cpu.lock"
CUDA = "requirements-cuda.lock"
LOCKS = (LOCK, CPU, CUDA)


def locked(name: str) -> dict[str, tuple[Requirement, set[str]]]:
    """Of a lock, the requirement and the hashes of each package."""
    lines = (ROOT / name).read_text().replace("\\\n", "").splitlines()
    found: dict[str, tuple[Requirement, set[str]]] = {}
    for line in lines:
        if line and not line.startswith("#"):
            requirement = Requirement(line.split("--hash")[0])
            found[canonicalize_name(requirement.name)] = (requirement, set(re.findall(r"--hash=sha256:(\w{64})", line)))
    return found
