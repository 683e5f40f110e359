"""The package's modules import in one direction, it runs nothing that a data file says, and git keeps sources alone."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "logire"
MODULES = sorted(PACKAGE.rglob("*.py"))

MAY_IMPORT = {
    "ground": set(),
    "corpus": {"ground"},
    "backbones": {"ground", "corpus"},
    "rules": {"ground", "corpus"},
    "constraints": {"ground", "corpus", "rules"},
    "evaluation": {"ground", "corpus"},
    "adapters": {"ground", "corpus"},
    "scale": {"ground", "corpus", "rules"},
    "plugin": {"ground", "corpus", "adapters", "rules", "constraints"},
    "reporting": {"ground", "corpus", "backbones", "rules", "evaluation"},
    "trial": {"ground", "corpus", "rules", "constraints", "evaluation", "reporting"},
    "audit": {"ground", "corpus", "rules", "evaluation", "reporting"},
    "cli": {
        *("ground", "corpus", "adapters", "audit", "backbones", "rules", "constraints", "evaluation", "reporting"),
        *("scale", "trial"),
    },
    "__main__": {"cli"},
    "__init__": {"plugin"},
}
"""Part of the package -> the parts it may import, itself beside."""


def part_of(module: str) -> str:
    """``logire.rules.em`` -> ``rules``."""
    return module.split(".")[1]


def imported_modules(path: Path) -> Iterator[str]:
    """The modules of this package that a file imports, wherever in the file it does so."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("logire."))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            if node.module == "logire":
                yield from (f"logire.{alias.name}" for alias in node.names if alias.name != "__version__")
            elif node.module and node.module.startswith("logire."):
                yield node.module


def test_every_part_has_its_place() -> None:
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert parts == MAY_IMPORT.keys()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_run_one_way(path: Path) -> None:
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    wrong = [m for m in imported_modules(path) if part_of(m) not in MAY_IMPORT[part] | {part}]
    assert not wrong, f"{part} must not import {', '.join(wrong)}"


def test_no_import_cycle() -> None:
    names = {".".join(("logire", *path.relative_to(PACKAGE).with_suffix("").parts)): path for path in MODULES}
    edges = {name: {m for m in imported_modules(path) if m in names} for name, path in names.items()}
    while edges:
        leaves = {name for name, targets in edges.items() if not targets & edges.keys()}
        assert leaves, f"an import cycle among {', '.join(sorted(edges))}"
        edges = {name: targets for name, targets in edges.items() if name not in leaves}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_data_file_is_executed(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            call = f"{node.func.value.id}.{node.func.attr}"
            assert call not in {"pickle.load", "pickle.loads", "torch.jit.load"}, f"line {node.lineno}: {call}"
            if call == "torch.load":
                keywords = {k.arg: k.value for k in node.keywords}
                given = keywords.get("weights_only")
                assert isinstance(given, ast.Constant), f"line {node.lineno}: torch.load without weights_only"
                assert given.value is True, f"line {node.lineno}: torch.load without weights_only"


def test_git_keeps_no_packages_and_no_large_files() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    kept = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert ROOT / "pyproject.toml" in kept
    assert [file.name for file in kept if file.suffix in {".whl", ".so", ".pyc"}] == []
    assert [file.name for file in kept if file.exists() and file.stat().st_size > 2**19] == []
