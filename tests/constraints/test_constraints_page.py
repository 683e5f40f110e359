"""docs/constraints.md does what it says: its file is read, its commands and its Python lines run, in their order."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from world_builders import SCHEMA, fit, world

from logire.cli.app import run
from logire.constraints.checked import KEYS, read_constraints

PAGE = (Path(__file__).parents[2] / "docs" / "constraints.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"(?:^`(?P<file>[\w.]+)`:\n\n)?^```(?P<kind>yaml|json|sh|python)\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE
)


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    world(tmp_path)
    fit(tmp_path)
    blocks = list(BLOCK.finditer(PAGE))
    assert len(blocks) == PAGE.count("\n```") // 2, "a block of another kind"
    scope: dict[str, Any] = {}
    for block in blocks:
        if block["kind"] == "yaml":
            Path(block["file"]).write_text(block["text"], encoding="utf-8")
        elif block["kind"] == "sh":
            for line in block["text"].splitlines():
                command, *words = shlex.split(line)
                assert (command, run(words)) == ("logire", 0), capsys.readouterr().err
        elif block["kind"] == "python":
            exec(block["text"], scope)
        else:
            shown = json.loads(block["text"])
            changes = json.loads(Path("run/constrained/constraints-test.json").read_text())["changes"]
            assert list(shown) == list(changes[0])
    [fact] = [fact for fact in scope["facts"] if fact.constraint]
    assert (fact.tail_name, fact.kept, fact.constraint) == ("Ruritania", False, "functional: capital_of")
    [other] = fact.conflict
    assert (other.head_name, other.relation, other.tail_name, other.kept) == ("Bern", "capital_of", "Switzerland", True)
    assert scope["constraints"].words.keys() == read_constraints("constraints.yaml", SCHEMA).words.keys()


def test_the_page_explains_every_key() -> None:
    assert [key for key in KEYS if f"`{key}" not in PAGE] == []
