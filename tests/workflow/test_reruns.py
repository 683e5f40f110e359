"""What reruns after a change of code: by dry runs against a finished run, and by what the jobs really imported."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml
from clones import PLUS, ROOT, TINY, Clone, copy_repository

from logire.reporting.exhibits import find as find_exhibit
from workflow.lib.code import Code
from workflow.lib.jobs import CodeOf

pytestmark = pytest.mark.slow
WHOLE = TINY | PLUS | {"seeds": [1]}
TRACER = ROOT / "tests" / "workflow" / "tracer"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Clone:
    """A clone after a whole tiny run, whose jobs wrote what they imported to the folder `traced`."""
    clone = Clone(copy_repository(tmp_path_factory.mktemp("finished") / "clone"), compiled)
    (clone.path / "tiny.yaml").write_text(yaml.safe_dump(WHOLE))
    (clone.path / "traced").mkdir()
    traced = ("env", f"PYTHONPATH={TRACER}", f"TRACED={clone.path / 'traced'}")
    clone.ok(*traced, "snakemake", "--cores", "2", "--configfile", "tiny.yaml")
    return clone


def commands_of(rule: str, output: str) -> list[tuple[str, str]]:
    """The commands of the job that makes a file, each as :class:`CodeOf` names it."""
    if rule == "prepare_corpus":
        return [("prepare", "embedded")]
    if rule in ("train_backbone", "train_fold"):
        return [("train", "bilstm")]
    if rule in ("fit_logire", "score_logire"):
        method = re.search(r"runs/(?:variants/)?(\w+)/", output)
        assert method
        name = "logire_plus" if method[1] in ("logire_plus", "in_sample") else "logire"
        return [("fit", name)] if rule == "fit_logire" else [("predict", name), ("evaluate", "")]
    if rule == "score_backbone":
        return [("evaluate", "")]
    return [("browse", "")] if rule == "make_explanations" else [("report", find_exhibit(rule[5:]).module)]


def named(words: list[str]) -> str:
    """What a command line picks by its name: a source, a backbone, a method, an exhibit's module."""
    command = words[0]
    if command in ("prepare", "train"):
        return words[1]
    if command == "fit":
        return words[words.index("--method") + 1]
    if command == "predict":
        return "logire_plus" if {"logire_plus", "in_sample"} & set(words[1].split("/")) else "logire"
    return find_exhibit(words[words.index("--only") + 1]).module if command == "report" else ""


def dry_runs(clone: Clone, changes: list[list[tuple[str, str]]]) -> list[list[list[str]]]:
    """What each change would rerun."""
    command = ["python", str(ROOT / "tests/workflow/dryruns.py"), "tiny.yaml"]
    done = subprocess.run(
        command, cwd=clone.path, env=clone.environment, input=json.dumps(changes), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: list[list[list[str]]] = json.loads(done.stdout)
    return found


def test_a_comment_anywhere_reruns_nothing_and_a_constant_exactly_its_jobs(finished: Clone) -> None:
    code_of = CodeOf(Code(finished.path / "src" / "logire"))
    files = {}
    for name in code_of.code.modules:
        file = Path("src", *name.split("."))
        files[name] = str(file / "__init__.py" if (finished.path / file).is_dir() else file.with_suffix(".py"))
    prose = [(file, '\n"""A docstring."""\n# a comment\n') for file in files.values()]
    made = finished.snakemake("--configfile", "tiny.yaml", "--summary")
    rows = [line.split("\t") for line in made.splitlines() if line.startswith("results/")]
    commands = {row[0]: commands_of(row[2], row[0]) for row in rows}
    every = {command for found in commands.values() for command in found}
    assert len(every) > 15
    closures = {}
    for command in every:
        entry, plugins = code_of.roots(*command)
        closures[command] = code_of.code.closure(entry, *plugins) | {entry.module}
    # a constant that no command's function uses changes nothing in the module of the commands themselves
    own = {code_of.roots(*command)[0].module for command in every}
    held = {
        name: frozenset(
            output for output, found in commands.items() if any(name in closures[command] for command in found)
        )
        for name in files
    }
    # test_code.py tries every module on every command's digest; here one module stands for all that the same files need
    alike = {(frozenset() if name in own else held[name], name in own): name for name in files}
    constants = [[(files[name], "\nA_CONSTANT = 1\n")] for name in alike.values()]
    nothing, comments, *reruns = dry_runs(finished, [[], prose, *constants])
    assert nothing == comments == []
    for (expected, _), rerun in zip(alike, reruns, strict=True):
        assert {output for output, _, status in rerun if status == "params changed"} == expected
    assert sum(bool(held[name]) and name not in own for name in files) > 80
    assert sum(not held[name] or name in own for name in files) > 20
    assert len(alike) > 20


def test_the_three_examples_that_once_went_wrong(finished: Clone) -> None:
    names, queries, annotations = dry_runs(
        finished,
        [
            [("src/logire/corpus/sources/embedded/names.py", "# a comment\n")],
            [("src/logire/rules/queries.py", "A_CONSTANT = 1\n")],
            [("src/logire/corpus/annotations.py", "A_CONSTANT = 1\n")],
        ],
    )
    assert names == []
    assert {"score_logire", "fit_logire"} <= {rule for _, rule, status in queries if status == "params changed"}
    assert "prepare_corpus" in {rule for _, rule, status in annotations if status == "params changed"}


def test_no_job_imports_what_its_digest_leaves_out(finished: Clone) -> None:
    code_of = CodeOf(Code(finished.path / "src" / "logire"))
    tracing = ("env", f"PYTHONPATH={finished.path / 'src'}:{TRACER}", f"TRACED={finished.path}")
    always: set[str] = set()  # the commands, and what the registries find: names, titles, settings
    for command in (("settings",), ("prepare", "--help")):
        finished.ok(*tracing, "logire", *command)
        [file] = [file for file in finished.path.glob("*.json") if len(file.stem) == 32]
        always |= set(json.loads(file.read_text())["modules"])
        file.unlink()
    seen = Counter()
    for file in (finished.path / "traced").glob("*.json"):
        traced = json.loads(file.read_text())
        words = traced["words"]
        if not words or words[0] not in {"prepare", "train", "fit", "predict", "evaluate", "report", "browse"}:
            continue  # Snakemake itself
        name = named(words)
        entry, plugins = code_of.roots(words[0], name)
        missed = set(traced["modules"]) - code_of.code.closure(entry, *plugins) - always - {entry.module}
        assert not missed, (words[:3], missed)
        seen[words[0]] += 1
    assert set(seen) == {"prepare", "train", "fit", "predict", "evaluate", "report", "browse"}
