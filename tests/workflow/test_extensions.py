"""The two how-to lists of docs/architecture.md, as they stand there: a backbone and a corpus source, to Table 2."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from clones import ROOT, Clone, copy_repository

from logire.corpus.docred import as_record
from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.corpus.sources.embedded import prepare_embedded


@pytest.fixture
def clone(tmp_path: Path, compiled: Path) -> Clone:
    """A clone with every file that the page shows, and raw data for its source."""
    clone = Clone(copy_repository(tmp_path / "clone"), compiled)
    page = (ROOT / "docs" / "architecture.md").read_text()
    shown = dict(re.findall(r"^```(?:python|yaml)\n# (\S+)\n(.*?)^```", page, re.M | re.S))
    assert set(shown) == {
        "src/logire/backbones/words/bag/__init__.py",
        "src/logire/backbones/words/bag/model.py",
        "src/logire/corpus/sources/lines.py",
        "params/lines.yaml",
    }
    for name, text in shown.items():
        (clone.path / name).parent.mkdir(parents=True, exist_ok=True)
        (clone.path / name).write_text(text)
    prepare_embedded(tmp_path / "corpus", documents=(10, 5, 5))
    corpus = PreparedCorpus.open(tmp_path / "corpus")
    rows = [as_record(d) | {"part": split} for split in SPLITS for d in corpus.documents(split)]
    (clone.path / "lines.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return clone


@pytest.mark.slow
def test_a_backbone_and_a_source_are_their_own_files_alone(clone: Clone) -> None:
    python = ("env", "PYTHONPATH=src", "python", "-m")  # this clone's package, not the installed one
    for command, expected in (
        (["train", "--help"], "Bag of words"),
        (["train", "bag", "--help"], "slope"),
        (["settings", "bag"], "slope: 0.1"),
        (["prepare", "--help"], "Documents in DocRED's format, one a line."),
        (["prepare", "lines", "--help"], "--key"),
    ):
        assert expected in clone.ok(*python, "logire", *command)
    clone.ok(*python, "workflow.lib.defaults")
    schema = json.loads((clone.path / "workflow/schemas/params.schema.json").read_text())
    assert "bag" in schema["$defs"]["Backbones"]["properties"]
    assert "key" in schema["$defs"]["Data"]["properties"]
    assert "(lines)" in (clone.path / "params/default.yaml").read_text()

    clone.snakemake("results/lines/tables/table2.md")
    table = (clone.path / "results/lines/tables/table2.md").read_text()
    assert "| Bag of words |" in table
    assert "| Bag of words + LogiRE |" in table
    assert "Main results on Lines" in table
