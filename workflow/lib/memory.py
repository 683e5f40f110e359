"""The memory that jobs share on one machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

LIMIT = Path("/sys/fs/cgroup/memory.max")
"""Where Linux says what a container or a user's session may take."""
SHARE = 0.9
"""What of it jobs may ask for together; the rest is the system's and that of jobs that do not say what they take."""
NAMES = ("mem", "mem_mb", "mem_mib")


def keep_within_memory(workflow: Any) -> None:
    """Let jobs run side by side as far as this machine's memory allows, unless the call says how far.

    Training and fitting say what they take (``cluster`` in params). A job that asks for more than there is runs alone.
    On a cluster the scheduler sees to it.
    """
    on_a_cluster = workflow.nodes is not None
    if not on_a_cluster and workflow.is_main_process and not any(name in workflow.global_resources for name in NAMES):
        workflow.register_resource("mem_mb", int(SHARE * memory() / 1e6))


def memory() -> int:
    """What this machine, or the container that this is, has: bytes."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(total, int(LIMIT.read_text()))
    except (OSError, ValueError):  # no such limit: not Linux, or ``max``
        return total
