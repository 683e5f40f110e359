"""docs/adapters.md does what it says: its files are written, its commands and its Python lines run, in their order."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapter_builders import write_jsonl

from logire.cli.app import run
from logire.corpus.predictions import read_predictions
from logire.corpus.prepared import NewDocuments, PreparedCorpus

pytest.importorskip("spacy")
pytest.importorskip("networkx")

PAGE = (Path(__file__).parents[2] / "docs" / "adapters.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"(?:^`(?P<file>[\w.]+)`:\n\n)?^```(?P<kind>json|sh|python)\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE
)
RELATIONS = ("leads", "part_of", "head_of")


def record(rng: np.random.Generator, title: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A document with its labels, and what a tool says of it: head_of follows from the others, and is never found."""
    n = int(rng.integers(4, 8))
    kinds = ["PER" if person else "ORG" for person in rng.integers(0, 2, n)]
    pairs = [(h, t) for h in range(n) for t in range(n) if h != t and kinds[t] == "ORG" and rng.random() < 0.3]
    facts = {(h, "leads" if kinds[h] == "PER" else "part_of", t) for h, t in pairs}
    facts |= {
        (h, "head_of", t) for h, r, m in facts if r == "leads" for m2, s, t in facts if s == "part_of" and m2 == m
    }
    tokens = [f"e{i}" for i in range(n)]
    vertices = [[{"name": f"e{i}", "sent_id": 0, "pos": [i, i + 1], "type": kind}] for i, kind in enumerate(kinds)]
    labels = [{"h": h, "t": t, "r": r, "evidence": []} for h, r, t in sorted(facts)]
    relations = []
    for h in range(n):
        for t in range(n):
            for name in RELATIONS if h != t else ():
                found = (h, name, t) in facts and name != "head_of"
                score = rng.uniform(0.9, 0.99) if found else rng.uniform(0.001, 0.1)
                if found or rng.random() < 0.2:
                    ends = {"head_pos": [h, h + 1], "tail_pos": [t, t + 1]}
                    relations.append(ends | {"label": name, "score": float(score)})
    document = {"title": title, "sents": [tokens], "vertexSet": vertices, "labels": labels}
    ner = [[i, i, kind, f"e{i}"] for i, kind in enumerate(kinds)]
    return document, {"title": title, "tokenized_text": tokens, "ner": ner, "relations": relations}


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``documents/`` and ``in/``, as the page asks for."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(2)
    for name in ("raw", "in"):
        Path(name).mkdir()
    for split, count in (("train", 40), ("dev", 15), ("test", 10)):
        documents, records = zip(*(record(rng, f"{split} {i}") for i in range(count)), strict=True)
        Path(f"raw/{split}.json").write_text(json.dumps(documents))
        write_jsonl(Path(f"in/{split}.jsonl"), *records)
    assert run(["prepare", "docred", "--raw", "raw", "--out", "documents"]) == 0
    return tmp_path


def test_the_page_runs(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = list(BLOCK.finditer(PAGE))
    assert len(blocks) == PAGE.count("\n```") // 2, "a block of another kind"
    for block in blocks:
        if block["kind"] == "json":
            Path(block["file"]).write_text(block["text"], encoding="utf-8")
    scope: dict[str, Any] = {}
    for block in blocks:
        if block["kind"] == "sh":
            for line in block["text"].splitlines():
                command, *words = shlex.split(line, comments=True)
                assert (command, run(words)) == ("logire", 0), capsys.readouterr().err
        elif block["kind"] == "python":
            exec(block["text"], scope)
    schema = PreparedCorpus(workplace / "documents").schema
    found = read_predictions(
        "new/predictions.json", NewDocuments(Path("new/test.json"), schema).documents("test"), schema
    )
    assert (0, "head_of", 2) in [(p.head, p.relation, p.tail) for p in found]
    facts = {(fact.head_name, fact.relation, fact.tail_name): fact for fact in scope["facts"]}
    assert facts["Ada", "head_of", "York"].before is None
    assert facts["Ada", "head_of", "York"].rule == "head_of <- leads ^ part_of"
    assert scope["graph"].number_of_edges() == len(facts)
    assert Path("facts.ttl").read_text() == scope["turtle"]
    assert {file.name for file in Path("import").iterdir()} == set(scope["files"])


def test_the_votes_are_what_the_page_says(workplace: Path) -> None:
    assert "three votes of three are 0.88, one of three 0.38" in PAGE
    assert (round(3.5 / 4, 2), round(1.5 / 4, 2)) == (0.88, 0.38)
