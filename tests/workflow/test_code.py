"""The digest of the code behind a job: what counts, what does not, and that nothing is missed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workflow.lib.code import DATA, Code, Entry
from workflow.lib.jobs import SOURCE, CodeOf

PACKAGE = {
    "__init__.py": "",
    "commands.py": '''
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from made_up.types import Kind

LIMIT = 3

def fit(x):
    """Fit."""
    from made_up.model import Model
    return Model(helper(x))

def helper(x):
    return x + LIMIT

def show(x):
    from made_up.page import page
    return page(x)
''',
    "model.py": '''
"""A model."""
from made_up import numbers
NAME = "names.json"

class Model:
    """It."""
    a = 1
''',
    "numbers.py": "ONE = 1\n",
    "types.py": "class Kind: ...\n",
    "page.py": "def page(x):\n    return x\n",
    "plugin.py": "from made_up.numbers import ONE\n",
    "names.json": "[]",
    "deep/__init__.py": "FACTOR = 2\n",
    "deep/inside.py": "",
}
FIT = Entry("made_up.commands", "fit")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "made_up"
    for name, text in PACKAGE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def digest(package: Path, *plugins: str, entry: Entry = FIT) -> str:
    return Code(package).digest(entry, *plugins)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_the_closure_is_what_the_function_reaches_by_imports(package: Path) -> None:
    code = Code(package)
    assert code.closure(FIT) == {"made_up", "made_up.model", "made_up.numbers"}
    assert code.closure(FIT, "made_up.deep.inside") >= {"made_up.deep", "made_up.deep.inside"}
    assert code.closure(Entry("made_up.commands", "show")) == {"made_up", "made_up.page"}
    assert code.data_files(FIT) == {"names.json"}
    assert not code.data_files(Entry("made_up.commands", "show"))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("commands.py", '"""Fit."""', '"""Fit it."""'),
        ("commands.py", "LIMIT = 3", "# how many\nLIMIT   =   3"),
        ("commands.py", "from made_up.page import page\n    return page(x)", "return x"),
        ("model.py", '"""It."""', '"""It, in two\n    lines."""'),
        ("model.py", '"""A model."""', ""),
        ("numbers.py", "ONE = 1\n", '\n\nONE = 1\n"""The number one."""\n'),
        ("types.py", "class Kind: ...", "class Kinds: ..."),
        ("page.py", "return x", "return -x"),
        ("deep/__init__.py", "2", "3"),
    ],
)
def test_what_makes_no_difference(package: Path, file: str, old: str, new: str) -> None:
    before = digest(package)
    edit(package / file, old, new)
    assert digest(package) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("commands.py", "LIMIT = 3", "LIMIT = 4"),
        ("commands.py", "return x + LIMIT", "return x - LIMIT"),
        ("commands.py", "return Model(helper(x))", "return Model(x)"),
        ("model.py", "a = 1", "a = 2"),
        ("numbers.py", "ONE = 1", "ONE = 1.0"),
        ("names.json", "[]", "[1]"),
    ],
)
def test_what_makes_a_difference(package: Path, file: str, old: str, new: str) -> None:
    before = digest(package)
    edit(package / file, old, new)
    assert digest(package) != before


def test_texts_for_readers_make_none(package: Path) -> None:
    file = package / "numbers.py"
    file.write_text('ONE = Field(1, ge=0, description="one")\nTWO = typer.Option(2, help="two")\n')
    before = digest(package)
    edit(file, '"one"', '"the number one"')
    edit(file, 'help="two"', 'help="the number two"')
    assert digest(package) == before
    edit(file, "ge=0", "ge=1")
    assert digest(package) != before


def test_a_package_runs_before_its_modules(package: Path) -> None:
    before = digest(package, "made_up.deep.inside")
    edit(package / "deep/__init__.py", "2", "3")
    assert digest(package, "made_up.deep.inside") != before


def test_the_cache_changes_nothing_and_may_be_damaged(package: Path, tmp_path: Path) -> None:
    cache = tmp_path / "kept" / "code.json"
    expected = digest(package)
    assert Code(package, cache).digest(FIT) == expected
    assert Code(package, cache).digest(FIT) == expected
    edit(package / "numbers.py", "1", "2")
    assert Code(package, cache).digest(FIT) == digest(package) != expected
    cache.write_bytes(b"{\xff")
    assert Code(package, cache).digest(FIT) == digest(package)
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert Code(package, blocked / "code.json").digest(FIT) == digest(package)


JOBS = [
    *(("prepare", name) for name in ("embedded", "dwie", "docred-partial")),
    ("fetch", "dwie"),
    *(("train", name) for name in ("cnn", "bilstm", "context_aware", "gain", "atlop")),
    ("fit", "logire"),
    ("fit", "logire_plus"),
    ("predict", "logire"),
    ("evaluate", ""),
    ("report", "logire.reporting.paper.table2"),
    ("report", "logire.reporting.paper.figure5"),
    ("browse", ""),
]


def test_a_constant_changes_exactly_the_jobs_whose_closure_holds_its_module(tmp_path: Path) -> None:
    copy = shutil.copytree(SOURCE, tmp_path / "logire", ignore=shutil.ignore_patterns("__pycache__"))
    cache = tmp_path / "code.json"
    code_of = CodeOf(Code(copy, cache))
    before = {job: code_of(*job) for job in JOBS}
    closures = {}
    for job in JOBS:
        entry, plugins = code_of.roots(*job)
        closures[job] = code_of.code.closure(entry, *plugins) | {entry.module}
    assert set().union(*closures.values()) < code_of.code.modules.keys()
    for name in code_of.code.modules:
        file = copy.joinpath(*name.split(".")[1:])
        file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
        text = file.read_text()
        file.write_text(f'{text}\n"""A docstring."""\n# a comment\n')
        same = CodeOf(Code(copy, cache))
        assert {job: same(*job) for job in JOBS} == before, f"a comment in {name}"
        file.write_text(f"{text}\nprint(1)\n")
        now = CodeOf(Code(copy, cache))
        changed = {job for job in JOBS if now(*job) != before[job]}
        assert changed == {job for job in JOBS if name in closures[job]}, f"a statement in {name}"
        file.write_text(text)


def test_every_data_file_counts_for_some_module(tmp_path: Path) -> None:
    code = Code(SOURCE)
    counted = {file for name in code.modules for file in code._data_files([code.modules[name]])}
    kept = {f.relative_to(SOURCE).as_posix() for f in SOURCE.rglob("*") if f.suffix in DATA and f.is_file()}
    others = {
        f.name for f in SOURCE.rglob("*") if f.is_file() and f.suffix not in {*DATA, ".py", ".pyc", ".nbi", ".nbc"}
    }
    assert counted == kept
    assert others == {"py.typed"}, "a data file with another ending: add it to workflow.lib.code.DATA"


@pytest.mark.parametrize(
    ("job", "holds", "lacks"),
    [
        (("train", "gain"), {"logire.backbones.transformers.gain.model"}, {"logire.corpus.sources", "logire.rules"}),
        (("train", "cnn"), {"logire.backbones.words.cnn.model"}, {"logire.backbones.transformers"}),
        (("fit", "logire"), {"logire.rules.queries", "logire.rules.grounding"}, {"logire.backbones.words"}),
        (("browse", ""), {"logire.corpus.gold"}, {"logire.backbones.training"}),
        (("evaluate", ""), {"logire.evaluation.metrics"}, {"logire.reporting", "logire.rules", "logire.backbones"}),
    ],
)
def test_some_closures_known_by_heart(job: tuple[str, str], holds: set[str], lacks: set[str]) -> None:
    code_of = CodeOf(Code(SOURCE))
    entry, plugins = code_of.roots(*job)
    found = code_of.code.closure(entry, *plugins)
    assert holds <= found
    assert not [name for name in found for prefix in lacks if name.startswith(f"{prefix}.")]
