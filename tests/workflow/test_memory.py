"""Jobs run side by side on one machine as far as its memory allows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.resources import Resources

from workflow.lib import memory

ROOT = Path(__file__).parents[2]


def call(*, nodes: int | None = None, main: bool = True, **limits: int) -> Any:
    """What Snakemake knows of a call: on a cluster it has ``nodes``."""
    resources = Resources.from_mapping(limits)
    return SimpleNamespace(
        nodes=nodes, is_main_process=main, global_resources=resources, register_resource=resources.__setitem__
    )


@pytest.fixture
def ten_gb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "memory", lambda: 10_000_000_000)


@pytest.mark.usefixtures("ten_gb")
def test_jobs_may_ask_for_nine_tenths_of_the_memory_together() -> None:
    workflow = call()
    memory.keep_within_memory(workflow)
    assert workflow.global_resources["mem_mb"].value == 9000


@pytest.mark.usefixtures("ten_gb")
@pytest.mark.parametrize("name", ["mem_mb", "mem"])
def test_a_limit_that_the_call_gives_holds(name: str) -> None:
    workflow = call(**{name: 70})
    before = dict(workflow.global_resources)
    memory.keep_within_memory(workflow)
    assert dict(workflow.global_resources) == before


@pytest.mark.usefixtures("ten_gb")
@pytest.mark.parametrize("workflow", [call(nodes=20), call(main=False)], ids=["on a cluster", "inside a job"])
def test_a_scheduler_s_limits_are_its_own(workflow: Any) -> None:
    memory.keep_within_memory(workflow)
    assert "mem_mb" not in workflow.global_resources


@pytest.mark.parametrize(("said", "bytes_there"), [("7000\n", 7000), ("max\n", None), (None, None), (str(2**60), None)])
def test_a_container_has_what_it_may_take(
    said: str | None, bytes_there: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "LIMIT", tmp_path / "memory.max")
    if said is not None:
        memory.LIMIT.write_text(said)
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert memory.memory() == (bytes_there or machine)


SNAKEFILE = """
import sys
sys.path[:0] = ["{root}"]
from workflow.lib import memory
memory.memory = lambda: 10_000_000_000
memory.keep_within_memory(workflow)
rule all:
    input: "a.txt", "b.txt"
rule one:
    output: "{{name}}.txt"
    resources: mem_mb=5000
    shell: "mkdir running && sleep 1 && rmdir running && touch {{output}}"
"""


def test_two_jobs_that_do_not_fit_run_one_after_the_other(tmp_path: Path) -> None:
    """Each makes the same folder, which fails where the other's is still there."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(root=ROOT))
    command = [sys.executable, "-m", "snakemake", "--cores", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 'Resource("mem_mb", 9000)' in done.stderr
    assert (tmp_path / "a.txt").exists()
    assert (tmp_path / "b.txt").exists()
