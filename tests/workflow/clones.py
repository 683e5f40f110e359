"""Temporary clones of the repository, and the real tools run in them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
TINY = {
    "dataset": "tiny",
    "data": {"source": "embedded", "documents": [12, 6, 6]},
    "seeds": [1, 2],
    "backbones": {"bilstm": {"epochs": 2}},
    "evaluation": {"distances": [25, 50, 100]},
    "logire": {
        "iterations": 2,
        "hidden": 16,
        "heads": 2,
        "feedforward": 16,
        "generator_epochs": 5,
        "update_epochs": 2,
    },
    "logire_plus": None,
}
PLUS = {
    "logire_plus": {"rounds": 1},
    "crossfit": {"folds": 2, "backbones": ["bilstm"]},
    "variants": {
        "backbone": "bilstm",
        "seeds": [1],
        "runs": {
            "in_sample": {"method": "logire_plus", "out_of_fold": False},
            "newton": {"method": "logire", "settings": {"optimizer": "newton"}},
        },
    },
}
"""What LogiRE+, its cross-fitting and a table of variants add to the tiny run."""
PARAMS = "params/embedded.yaml"
RESULTS = "results/embedded"


def copy_repository(target: Path) -> Path:
    """The files a fresh clone of this working tree would hold."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


@dataclass
class Clone:
    """A clone with tiny default params, and the environment the tools run in."""

    path: Path
    compiled: Path

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "NUMBA_CACHE_DIR": str(self.compiled),
            "OMP_NUM_THREADS": "1",
            "CORES": "2",
            # DVC remembers files outside the repository: here each clone has a memory of its own
            "DVC_SITE_CACHE_DIR": str(self.path.with_name(f"{self.path.name}-dvc")),
        }

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=self.path, env=self.environment, capture_output=True, text=True)

    def start(self, *command: str) -> tuple[subprocess.Popen[bytes], Path]:
        """Start a command; it, and the file that all it says goes to."""
        said = self.path.with_name(f"said-{time.monotonic_ns()}")
        with said.open("w") as file:
            return subprocess.Popen(
                command, cwd=self.path, env=self.environment, stdout=file, stderr=file, start_new_session=True
            ), said

    def ok(self, *command: str) -> str:
        """Run a command that must succeed; all it said."""
        done = self.run(*command)
        assert done.returncode == 0, f"{' '.join(command)}\n{(done.stdout + done.stderr)[-4000:]}"
        return done.stdout + done.stderr

    def snakemake(self, *arguments: str) -> str:
        return self.ok("snakemake", "--cores", "2", *arguments)

    def dvc(self, *arguments: str) -> str:
        return self.ok("dvc", *arguments)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The Makefile's commands, with the environment the tests run in."""
        ready = self.path / ".venv" / ".ready"
        ready.parent.mkdir(exist_ok=True)
        ready.touch()
        return self.run("make", f"BIN={BIN}", *arguments)

    def commit(self, message: str) -> None:
        self.ok("git", "add", "-A")
        self.ok("git", "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "-qm", message)

    def change(self, **params: Any) -> None:
        """Change keys of the params of the default run; mappings are laid over."""
        file = self.path / PARAMS
        values = yaml.safe_load(file.read_text())
        for key, value in params.items():
            values[key] = values[key] | value if isinstance(value, dict) and key == "data" else value
        file.write_text(yaml.safe_dump(values, sort_keys=False))

    def forget(self) -> None:
        """Remove all that a run has made and recorded."""
        for folder in (RESULTS, ".snakemake"):
            shutil.rmtree(self.path / folder)
        (self.path / "dvc.lock").unlink()

    def results(self, pattern: str = "**/*") -> dict[str, bytes]:
        """Every result but what a run tells of itself, such as its wall time."""
        folder = self.path / RESULTS
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.glob(pattern))
            if path.is_file() and path.name != "run.json"
        }


def tiny_clone(path: Path, compiled: Path, **params: Any) -> Clone:
    """A clone, committed, whose default run is tiny: one dataset, with the given params."""
    clone = Clone(copy_repository(path), compiled)
    (clone.path / "dvc.lock").unlink(missing_ok=True)  # of the default run, not of this one
    small = {key: value for key, value in TINY.items() if key != "dataset"}
    (clone.path / PARAMS).write_text(yaml.safe_dump({"dataset": "embedded"} | small | params, sort_keys=False))
    defaults, two = clone.path / "params/default.yaml", "datasets: [embedded, embedded-docred]"
    assert two in defaults.read_text()
    defaults.write_text(defaults.read_text().replace(two, "datasets: [embedded]"))
    clone.ok("git", "init", "-q", "-b", "main")
    clone.commit("tiny")
    return clone


def jobs(said: str) -> list[tuple[str, str]]:
    """The jobs in Snakemake's output, run or planned: (rule, wildcards), targets left out."""
    found = []
    for block in re.split(r"\n(?=\[|(?:local)?rule )", said):
        head = re.match(r"(?:local)?rule (\w+):", block)
        if head and "    output:" in block:
            wildcards = re.search(r"wildcards: (.*)", block)
            found.append((head[1], ", ".join(sorted(wildcards[1].split(", "))) if wildcards else ""))
    return sorted(found)
