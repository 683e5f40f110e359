"""A library that an extra brings is named with the extra, and every extra exists."""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path

import pytest

from logire.cli.app import run
from logire.ground.errors import InputError
from logire.ground.extras import EXTRAS, extras

ROOT = Path(__file__).parents[2]
INSTALLED_AS = {"sklearn": "scikit-learn"}
"""Library -> the package that brings it, where the two are called differently."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def name_of(requirement: str) -> str:
    """``torch_geometric>=2.6`` -> ``torch-geometric``."""
    return requirement.partition(">")[0].partition("[")[0].lower().replace("_", "-")


def test_a_missing_library_is_one_message_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"torch is not installed\n.*pip install 'logire\[torch\]'"), extras():
        import torch  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match="nowhere"), extras():
        import nowhere  # noqa: F401


def test_a_command_without_its_library_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    report = ["report", str(ROOT / "reference" / "dwie"), "--only", "figure4", "--out", str(tmp_path)]
    assert run(report) == 1
    assert (
        capsys.readouterr().err == "logire: matplotlib is not installed\n  what to do: pip install 'logire[report]'\n"
    )


def test_the_extras_bring_what_they_are_said_to() -> None:
    bring = {
        extra: {name_of(requirement) for requirement in requirements}
        for extra, requirements in PROJECT["optional-dependencies"].items()
    }
    for library, extra in EXTRAS.items():
        assert INSTALLED_AS.get(library, library).lower().replace("_", "-") in bring[extra], library


def test_every_library_that_is_imported_is_installed_or_an_extra() -> None:
    core = {name_of(requirement) for requirement in PROJECT["dependencies"]} | {"yaml"}
    found = set()
    for path in (ROOT / "src" / "logire").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    libraries = found - set(sys.stdlib_module_names) - {"logire", "__future__"}
    assert {name.lower().replace("_", "-") for name in libraries - set(EXTRAS)} <= core
