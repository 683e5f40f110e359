"""docs/audit.md does what it says: its commands and its Python lines run, in their order; its numbers are these."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from audit_builders import write_decisions

from logire.audit.suggestion import Suggestions
from logire.cli.app import run
from logire.corpus.prepared import PreparedCorpus

pytest.importorskip("torch")

TEXT = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(?P<kind>sh|python)\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = list(BLOCK.finditer(TEXT))
    assert len(blocks) == TEXT.count("\n```") // 2, "a block of another kind"
    scope: dict[str, Any] = {}
    for block in blocks:
        if block["kind"] == "python":
            exec(block["text"], scope)
            continue
        for line in block["text"].splitlines():
            command, *words = shlex.split(line, comments=True)
            if words[:2] == ["audit", "apply"]:
                found = Suggestions.read(Path("audit"))
                better = {d.title: d for d in PreparedCorpus.open("better").train}
                right = [
                    s
                    for s in found.of_kind("missing")
                    if s.triple in {(f.head, f.relation, f.tail) for f in better[s.title].facts}
                ]
                write_decisions(Path("decisions.json"), Path("audit"), [(s, "accept") for s in right])
            assert (command, run(words)) == ("logire", 0), capsys.readouterr().err
    facts = [sum(len(d.facts) for d in PreparedCorpus.open(name).train) for name in ("documents", "audited", "better")]
    assert facts[1] == facts[0] + len(right)
    assert facts[0] < facts[1] < facts[2]
    rows = {(r["kind"], r["method"], r["cut"]): r for r in json.loads(Path("judged.json").read_text())["rows"]}
    assert rows["missing", "logire_plus", 100]["share"]["value"] > 0.5
    assert rows["missing", "backbone", 100]["ratio"]["low"] > 1
    assert {path.name for path in Path("audit").iterdir()} == set(
        re.findall(r"^\| `(\w+\.\w+)` \|", TEXT, re.MULTILINE)
    )
