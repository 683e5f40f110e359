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
    assert len(list(cached.iterdir())) == 3


@pytest.mark.parametrize(
    "damage", [lambda b: b"", lambda b: b[:40], lambda b: b[:-1], lambda b: b[:99] + b"x" + b[100:]]
)
def test_a_damaged_file_is_made_anew(cached, tmp_path, damage):
    run(loaded(tmp_path / "one"))
    [file] = cached.iterdir()
    whole = file.read_bytes()
    assert damage(whole) != whole
    file.write_bytes(damage(whole))
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


def test_where_nothing_can_be_written_it_is_compiled_each_time(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    for _ in range(2):
        assert run(loaded(tmp_path / "one")) == ([2, 4, 6], True)


def test_the_folder_is_the_users_unless_another_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert kernels.folder() == tmp_path / "logire" / "kernels"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert kernels.folder() == tmp_path / ".cache" / "logire" / "kernels"


def test_processes_that_compile_at_the_same_time_do_not_disturb_each_other(cached, tmp_path):
    loaded(tmp_path / "one")
    code = "import numpy, doubling; values = numpy.ones(2); doubling.doubled(values); print(values)"
    paths = os.pathsep.join(filter(None, [str(tmp_path / "one"), os.environ.get("PYTHONPATH")]))
    command, environment = [sys.executable, "-c", code], os.environ | {"PYTHONPATH": paths}
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(3)]
    assert [process.communicate()[0].strip() for process in started] == ["[2. 2.]"] * 3
    assert run(loaded(tmp_path / "one")) == ([2, 4, 6], False)
    assert [file.suffix for file in cached.iterdir()] == [".kernel"]
