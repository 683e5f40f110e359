"""Compiled kernels: shared by every copy of a source, renewed when it changes, never broken by a damaged file."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from logire.rules import kernels

SOURCE = """
from logire.rules.kernels import kernel

@kernel()
def doubled(values):
    for i in range(len(values)):
        values[i] *= {factor}
"""


@pytest.fixture
def cached(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    # Python takes a source of the same length, written in the same second, for the one that it has compiled.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    kernels._digest.cache_clear()
    return tmp_path / "cache" / "kernels"


def loaded(folder: Path, factor: int = 2, name: str = "doubling"):
    """The kernel of a copy of the source in this folder, as a new process would have it."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.py"
    file.write_text(SOURCE.format(factor=factor), encoding="utf-8")
    kernels._digest.cache_clear()
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.doubled


def run(function, dtype=np.float64):
    """What it makes of 1, 2, 3; and whether it was compiled for that, rather than loaded."""
    compiled = []
    keep = function._cache.save_overload
    function._cache.save_overload = lambda *arguments: compiled.append(keep(*arguments))
    values = np.array([1, 2, 3], dtype=dtype)
    function(values)
    return values.tolist(), bool(compiled)


def test_a_copy_in_another_folder_is_not_compiled_again(cached, tmp_path):
    assert run(loaded(tmp_path / "one")) == ([2, 4, 6], True)
    assert run(loaded(tmp_path / "two")) == ([2, 4, 6], False)
    assert len(list(cached.iterdir())) == 1


def test_another_source_or_another_type_is(cached, tmp_path):
    assert run(loaded(tmp_path / "one")) == ([2, 4, 6], True)
    assert run(loaded(tmp_path / "one", factor=3)) == ([3, 6, 9], True)
    assert run(loaded(tmp_path / "one"), np.int64) == ([2, 4, 6], True)
    assert run(loaded(tmp_path / "one")) == ([2, 4, 6], False)
    assert len(list(cached.glob("*/*.nbc"))) == 3


@pytest.mark.parametrize("kind", ["*.nbi", "*.nbc"])
@pytest.mark.parametrize("left", [0, 40, -1])
def test_a_damaged_file_is_made_anew(cached, tmp_path, kind, left):
    run(loaded(tmp_path / "one"))
    [file] = cached.glob(f"*/{kind}")
    file.write_bytes(file.read_bytes()[:left])
    assert run(loaded(tmp_path / "one")) == ([2, 4, 6], True)
    assert run(loaded(tmp_path / "one")) == ([2, 4, 6], False)


def test_the_ones_used_last_are_kept(cached, tmp_path, monkeypatch):
    monkeypatch.setattr(kernels, "MOST", 2)
    for age, factor in ((3, 2), (2, 3)):
        run(loaded(tmp_path / "one", factor))
        newest = max(cached.iterdir(), key=lambda file: file.stat().st_mtime)
        os.utime(newest, (1e9 - age, 1e9 - age))
    assert run(loaded(tmp_path / "one", 2))[1] is False  # used: no longer the oldest
    assert run(loaded(tmp_path / "one", 4))[1] is True
    assert len(list(cached.iterdir())) == 2
    assert run(loaded(tmp_path / "one", 2))[1] is False
    assert run(loaded(tmp_path / "one", 3))[1] is True


def side_by_side(folder: Path, types: list[str]) -> list[str]:
    """What processes started together make of 1, 2, 3 of these types, and how many loaded the kernel."""
    code = """
import sys, numpy, doubling
values = numpy.array([1, 2, 3], dtype=sys.argv[1])
doubling.doubled(values)
print(values.tolist(), sum(doubling.doubled.stats.cache_hits.values()))
"""
    paths = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": paths}
    commands = [[sys.executable, "-c", code, name] for name in types]
    started = [subprocess.Popen(c, stdout=subprocess.PIPE, text=True, env=environment) for c in commands]
    return [process.communicate()[0].strip() for process in started]


def test_processes_that_compile_at_the_same_time_do_not_disturb_each_other(cached, tmp_path):
    """Of other types too: numba itself might let two of them take the same name for their files."""
    loaded(tmp_path / "one")
    types = ["int64", "float64", "float32", "int64"]
    doubled = ["[2, 4, 6]", "[2.0, 4.0, 6.0]", "[2.0, 4.0, 6.0]", "[2, 4, 6]"]
    first = side_by_side(tmp_path / "one", types)
    assert [line.rpartition(" ")[0] for line in first] == doubled
    assert sorted(file.suffix for file in cached.glob("*/*")) == [".nbc", ".nbc", ".nbc", ".nbi"]
    assert side_by_side(tmp_path / "one", types) == [f"{values} 1" for values in doubled]


@pytest.mark.parametrize("folder", ["file", "file/deeper"])
def test_where_nothing_can_be_written_it_is_compiled_each_time(tmp_path, monkeypatch, folder):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / folder))
    for _ in range(2):
        assert run(loaded(tmp_path / "one")) == ([2, 4, 6], True)


def test_a_user_without_a_home_compiles_each_time(tmp_path, monkeypatch):
    for name in ("NUMBA_CACHE_DIR", "LOGIRE_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", none)
    for _ in range(2):
        assert run(loaded(tmp_path / "one")) == ([2, 4, 6], True)


def test_the_folder_is_the_users_unless_another_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert kernels.folder() == tmp_path / "logire" / "kernels"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert kernels.folder() == tmp_path / ".cache" / "logire" / "kernels"
