"""The registry of methods."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files

import pytest

from logire.ground.errors import InputError
from logire.ground.settings import Settings
from logire.rules import LogiRE, LogiREPlus, LogiREPlusSettings, LogiRESettings
from logire.rules.methods import find, methods


def test_every_method_loads_as_what_it_says():
    assert [method.title for method in methods()] == ["LogiRE", "LogiRE+"]
    for method in methods():
        kind = method.load()
        assert (kind.name, kind.Settings, kind.__module__) == (method.name, method.Settings, method.module)
        assert issubclass(method.Settings, Settings)
        assert find(method.name) is method
    assert [method.load() for method in methods()] == [LogiRE, LogiREPlus]
    assert [method.Settings for method in methods()] == [LogiRESettings, LogiREPlusSettings]


def test_what_is_not_a_method_is_named():
    with pytest.raises(InputError, match=r"unknown method 'magic'\n.*one of logire, logire_plus"):
        find("magic")


def test_methods_and_their_settings_load_without_torch_and_numba():
    code = "import sys; from logire.rules.methods import methods; methods()[1].Settings(); "
    code += "print(sorted({'torch', 'numba', 'pandas', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_logire_plus_is_named_in_its_own_package_alone():
    root = files("logire") / "rules"
    named = [path for path in root.rglob("*.py") if "logire_plus" in path.read_text(encoding="utf-8")]
    assert {path.relative_to(root).parts[0] for path in named} == {"plus"}
