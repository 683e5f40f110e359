"""What a job runs in: the locks, the files of conda and of the container, and the code that a container's job gets."""

from __future__ import annotations

import re
import tomllib
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml
from clones import ROOT, tiny_clone
from locks import CUDA, LOCK, LOCKS, locked
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

INSTALL = Path("workflow/envs/logire.post-deploy.sh")
APPTAINER = """#!/bin/sh
# Says what it is asked for, and runs the command where it is.
if [ "$1" = --version ]; then echo "apptainer version 1.4.0"; exit; fi
echo "$@" >> apptainer.log
while [ $# -gt 2 ]; do shift; done
PYTHONPATH= exec bash "$@"
"""


def need(requirement: Requirement, seen: set[str]) -> None:
    """Add to ``seen`` what a requirement needs on this machine, itself included: ``name[extra]``."""
    name = canonicalize_name(requirement.name)
    for extra in ("", *requirement.extras):
        if (key := f"{name}[{extra}]") not in seen:
            seen.add(key)
            for line in distribution(name).requires or []:
                one = Requirement(line)
                if not one.marker or one.marker.evaluate({"extra": extra}):
                    need(one, seen)


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_lock_has_one_version_and_its_hashes(name: str) -> None:
    packages = locked(name)
    assert packages
    for requirement, hashes in packages.values():
        assert [one.operator for one in requirement.specifier] == ["=="], requirement
        assert hashes, requirement


def test_the_locks_divide_the_packages() -> None:
    whole, cpu, cuda = map(locked, LOCKS)
    assert not whole.keys() & cuda.keys()
    assert all(re.match("cuda-|nvidia-|triton$", name) for name in cuda)
    assert cpu.keys() == {"torch"}
    assert str(cpu["torch"][0].specifier) == f"{whole['torch'][0].specifier}+cpu"


def test_the_lock_holds_all_that_the_package_and_its_extras_need() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(one for many in project["optional-dependencies"].values() for one in many)]
    seen: set[str] = set()
    for line in asked:
        need(Requirement(line), seen)
    names = {name.split("[")[0] for name in seen}
    assert len(names) > 100
    assert names - locked(LOCK).keys() - locked(CUDA).keys() == {project["name"]}  # an extra may name another extra


def test_the_script_that_installs_the_locks_names_their_digests() -> None:
    """A new lock is then a new script, and a new script makes Snakemake create the environment anew."""
    named = re.findall(r"^# (\w+)  (\S+)$", (ROOT / INSTALL).read_text(), re.M)
    assert named == [(sha256((ROOT / file).read_bytes()).hexdigest(), file) for file in LOCKS]


def test_conda_gets_python_and_pip_from_one_channel_and_all_else_from_the_lock() -> None:
    for file in ("environment.yml", "workflow/envs/logire.yaml"):
        environment = yaml.safe_load((ROOT / file).read_text())
        assert environment["channels"] == ["conda-forge"], "conda 26.7 does not know `nodefaults`"
        assert {"python=3.11", "pip"} <= set(environment["dependencies"])
        assert not any(isinstance(one, dict) for one in environment["dependencies"]), "packages are the lock's"


def test_the_container_is_set_up_as_make_sets_up_its_environment() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
    steps = [line.split(maxsplit=1) for line in dockerfile.splitlines() if line and not line.startswith("#")]
    runs = [re.sub(" +", " ", words) for step, words in steps if step == "RUN"]
    recipe = (ROOT / "Makefile").read_text().replace("$(BIN)/", "").replace("$(VENV)", ".venv")
    made = re.search(r"-m venv \.venv\n((?:\t.*\n)+?)\ttouch", recipe)
    assert made
    assert runs[-2:] == [line.strip() for line in made[1].splitlines()]
    copied = [word for step, words in steps if step == "COPY" for word in words.split()[:-1] if word[:2] != "--"]
    assert {*LOCKS, str(INSTALL), "."} == set(copied)
    assert all((ROOT / file).exists() for file in copied)
    [user] = [words for step, words in steps if step == "USER"]
    assert user.split(":")[0] not in ("root", "0")
    python = re.search(r"python=([\d.]+)", (ROOT / "environment.yml").read_text())
    assert python
    assert steps[0] == ["FROM", f"python:{python[1]}-slim"]


@pytest.mark.slow
def test_a_job_in_a_container_runs_this_checkouts_code(tmp_path: Path, compiled: Path) -> None:
    """No container engine is needed: what Snakemake asks Apptainer for is written down and run without it."""
    clone = tiny_clone(tmp_path / "a clone", compiled)
    stub = clone.path / "stub" / "apptainer"
    stub.parent.mkdir()
    stub.write_text(APPTAINER)
    stub.chmod(0o755)
    path = f"PATH={stub.parent}:{clone.environment['PATH']}"
    clone.ok("env", path, "snakemake", "corpus", "--cores", "1", "--software-deployment-method", "apptainer")
    asked = (clone.path / "apptainer.log").read_text()
    assert "logire.sif bash -c" in asked
    assert f"export PYTHONPATH='{clone.path / 'src'}'" in asked
    assert "python -m logire prepare embedded" in asked
    assert "Nothing to be done" in clone.snakemake("corpus"), "the same results count with and without a container"
