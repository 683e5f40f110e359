"""A real conda: every job of a tiny run in an environment that Snakemake makes, with the versions of the lock."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from clones import ROOT, jobs, tiny_clone
from locks import LOCK, locked
from packaging.utils import canonicalize_name

pytestmark = [pytest.mark.slow, pytest.mark.long]

TRACER = '''\
"""Each process that used the package says in which environment, and whose code it ran."""
import atexit, sys
def tell():
    if "logire" in sys.modules:
        with open("{file}", "a") as file:
            file.write(f"{{sys.prefix}} {{sys.modules['logire'].__file__}}\\n")
atexit.register(tell)
'''


@pytest.fixture(scope="module")
def conda(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the command: the one on PATH, or one that is made of the kit beside the checkout."""
    if found := shutil.which("conda"):
        return Path(found).parent
    kit = ROOT.parent / "shared" / "tools" / "conda" / "make_conda.sh"
    if not kit.exists():
        pytest.skip(f"NOT TESTED: --use-conda, for no conda is on PATH, and none can be made without {kit}")
    prefix = tmp_path_factory.mktemp("conda") / "conda"
    subprocess.run(["bash", kit, prefix], check=True)
    return prefix / "bin"


def test_a_run_with_conda_makes_table_2_in_the_versions_of_the_lock(
    conda: Path, tmp_path: Path, compiled: Path
) -> None:
    clone = tiny_clone(tmp_path / "clone", compiled, seeds=[1])
    run = ("env", f"PATH={clone.environment['PATH']}{os.pathsep}{conda}", "snakemake", "--cores", "2", "--use-conda")
    table = "results/embedded/tables/table2"
    clone.ok(*run, f"{table}.md", "--conda-create-envs-only")
    [python] = (clone.path / ".snakemake" / "conda").glob("*/bin/python")
    environment = python.parents[1]

    pip = (str(python), "-I", "-m", "pip", "--disable-pip-version-check")
    listed = json.loads(clone.ok(*pip, "list", "--format=json"))
    installed = {canonicalize_name(one["name"]): one["version"].split("+")[0] for one in listed}
    expected = {
        name: next(iter(one.specifier)).version
        for name, (one, _) in locked(LOCK).items()
        if not one.marker or one.marker.evaluate()
    }
    assert len(expected) > 100
    assert {name: installed.get(name) for name in expected} == expected
    assert "No broken requirements" in clone.ok(*pip, "check")

    told = tmp_path / "told"
    [packages] = environment.glob("lib/python3.*/site-packages")
    (packages / "sitecustomize.py").write_text(TRACER.format(file=told))
    done = jobs(clone.ok(*run, f"{table}.md"))
    for ending in ("csv", "md", "tex", "html"):
        assert (clone.path / f"{table}.{ending}").stat().st_size > 100
    lines = told.read_text().splitlines()
    assert len(lines) >= len(done) > 5
    assert set(lines) == {f"{environment} {clone.path / 'src' / 'logire' / '__init__.py'}"}
    assert "Nothing to be done" in clone.snakemake(f"{table}.md"), "the same results count with and without conda"
