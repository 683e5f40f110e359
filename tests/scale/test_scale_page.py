"""docs/scale.md: the commands that train a backbone on shards run, in their order."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from logire.cli.app import run
from logire.corpus.docred import write_docred
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.shards import Shards
from logire.corpus.sources.embedded import prepare_embedded

PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")
SMALL = json.dumps({"word_dim": 8, "hidden": 8, "epochs": 1})


def test_the_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    section = PAGE[PAGE.index("## A backbone for these documents") :]
    block = re.search(r"```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    assert block
    monkeypatch.chdir(tmp_path)
    prepare_embedded(Path("documents"), documents=(30, 10, 6))
    train = PreparedCorpus.open("documents").train
    write_docred("train_distant.json", train)
    lines = block[1].strip().split("\n")
    assert [line.split()[2] for line in lines] == ["documents", *["train"] * 3, *["infer"] * 2, "fit"]
    for line in lines:
        name, *words = shlex.split(line)
        assert name == "logire"
        more = {"documents": ["--size", "6"], "train": ["--settings", SMALL]}
        assert run([*words, *more.get(words[1], [])]) == 0, line
    shards = Shards.open("shards")
    assert [d.document for number in range(len(shards)) for d in shards.read(number)] == list(train)
    assert json.loads(Path("run/run.json").read_text())["method"] == "logire_plus"
