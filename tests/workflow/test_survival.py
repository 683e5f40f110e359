"""Kills, a full disk, a read-only folder: the next run ends as if nothing had been, and nothing wrong is recorded."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from clones import RESULTS, Clone, jobs, tiny_clone

pytestmark = pytest.mark.long

CNN = {"epochs": 2, "hidden": 8, "word_dim": 8}
RUN = {"seeds": [1], "backbones": {"cnn": CNN}, "figure4": {"backbone": "cnn"}}
LONGER = RUN | {"backbones": {"cnn": CNN | {"epochs": 25, "patience": 25}}}
KILLS = [
    *(("checkpoint", "job"), ("job", "snakemake"), ("checkpoint", "dvc"), ("snakemake", "snakemake"), ("job", "job")),
    *(("checkpoint", "snakemake"), ("dvc", "dvc"), ("checkpoint", "job"), ("snakemake", "dvc"), ("job", "job")),
]
"""What is waited for, and what is killed at a random moment after that."""


def processes(clone: Clone, kind: str) -> list[psutil.Process]:
    """Live processes of a kind that work in a clone."""
    found = []
    for process in psutil.process_iter():
        try:
            line, here = process.cmdline(), process.cwd() == str(clone.path)
        except psutil.Error:
            continue
        words = {
            "job": {"logire"} <= set(line) and bool({"train", "fit"} & set(line)),
            "snakemake": "--allowed-rules" in line,
            "dvc": any(word.endswith("dvc") for word in line[:2]),
        }
        if here and words[kind]:
            found.append(process)
    return found


def await_sight(clone: Clone, kind: str, run: subprocess.Popen[bytes]) -> psutil.Process | None:
    """Wait for a process of a kind, or for a checkpoint; the process, None if there is none."""
    while run.poll() is None:
        if kind == "checkpoint" and has_checkpoint(clone):
            return None
        if kind != "checkpoint" and (found := processes(clone, kind)):
            return found[0]
        time.sleep(0.02)
    return None


def has_checkpoint(clone: Clone) -> bool:
    return any((clone.path / RESULTS / "runs").rglob("checkpoints/*.safetensors"))


def kill(clone: Clone, kind: str, run: subprocess.Popen[bytes]) -> bool:
    """Kill -9 a process of a kind as soon as there is one; whether there was before the run ended."""
    while victim := await_sight(clone, kind, run):
        try:
            victim.kill()
            return True
        except psutil.NoSuchProcess:
            continue
    return False


def test_ten_kills_at_random_moments_leave_the_same_results(tmp_path, compiled):
    untouched = tiny_clone(tmp_path / "untouched", compiled, **LONGER)
    untouched.snakemake()
    killed = tiny_clone(tmp_path / "killed", compiled, **LONGER)
    moments = random.Random(6)
    done, resumed, restarts = 0, 0, 0
    while done < len(KILLS):
        awaited, kind = KILLS[done]
        run, said = killed.start("dvc", "repro")
        await_sight(killed, awaited, run)
        time.sleep(moments.uniform(0, moments.choice((0.5, 4))))
        if kill(killed, kind, run):
            done += 1
            resumed += has_checkpoint(killed)
        else:
            assert run.wait() == 0, said.read_text()[-4000:]
        if run.wait() == 0:
            # too late, or a job of an earlier run was killed that this one waited for: all once more
            killed.forget()
            restarts += 1
    killed.dvc("repro")
    while any(processes(killed, kind) for kind in ("job", "snakemake", "dvc")):
        time.sleep(0.1)
    print(f"{done} kills, {resumed} with a checkpoint to go on from, {restarts} runs that ended before the kill")
    assert resumed
    mine, theirs = killed.results(), untouched.results()
    assert mine.keys() == theirs.keys()
    assert [name for name in mine if mine[name] != theirs[name]] == []
    assert "Nothing to be done" in killed.snakemake("-n")
    killed.dvc("status", "-q")


@pytest.fixture
def disk(tmp_path: Path, compiled: Path) -> Iterator[Clone]:
    """A clone whose results lie on a disk of their own, too small for them."""
    clone = tiny_clone(tmp_path / "clone", compiled, **RUN)
    results = clone.path / "results"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(results)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"NOT TESTED: a full disk and a read-only folder, for nothing can be mounted: {mounted.stderr}")
    yield clone
    subprocess.run(["umount", "--lazy", str(results)], check=True)


def remount(clone: Clone, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(clone.path / "results")], check=True)


def test_a_full_disk_and_a_read_only_folder_are_clear_errors(disk):
    full = disk.run("dvc", "repro", "runs@embedded")
    said = full.stdout + full.stderr
    assert full.returncode != 0
    assert "cannot be written (No space left on device)" in said
    assert "Traceback" not in said
    assert not any((disk.path / "results").rglob("*.part"))
    assert "runs@embedded" not in (disk.path / "dvc.lock").read_text()

    remount(disk, "size=100m")
    assert ("train_backbone", "backbone=cnn, dataset=embedded, seed=1") in jobs(disk.dvc("repro", "runs@embedded"))
    before, lock = disk.results(), (disk.path / "dvc.lock").read_bytes()

    remount(disk, "ro")
    disk.change(seeds=[2])
    for command in (("snakemake", "--cores", "1", "runs"), ("dvc", "repro", "runs@embedded")):
        refused = disk.run(*command)
        assert refused.returncode != 0
        assert "Read-only file system" in refused.stdout + refused.stderr
    assert disk.results() == before
    assert (disk.path / "dvc.lock").read_bytes() == lock
    remount(disk, "rw")
