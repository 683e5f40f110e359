"""The documents that were labelled twice: which document goes where, and whose labels it has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.corpus.sources import registry

SOURCE = registry.find("docred-audit")


@pytest.fixture(scope="module")
def corpora(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, PreparedCorpus]:
    """By the labels of training."""
    made = {}
    for labels in ("original", "revised"):
        out = tmp_path_factory.mktemp("docred-audit") / labels
        SOURCE.prepare(real_data, out, SOURCE.Options(labels=labels))
        made[labels] = PreparedCorpus.open(out)
    return made


@pytest.mark.real_data
def test_the_real_counts(corpora: dict[str, PreparedCorpus]) -> None:
    for corpus in corpora.values():
        assert [len(corpus.documents(split)) for split in SPLITS] == [985, 212, 212]
    original, revised = (
        {(d.title, f.head, f.relation, f.tail) for d in corpora[labels].train for f in d.facts}
        for labels in ("original", "revised")
    )
    assert (len(original), len(revised), len(revised - original)) == (12_189, 34_518, 22_395)


@pytest.mark.real_data
def test_only_the_training_labels_differ(corpora: dict[str, PreparedCorpus], real_data: Path, tmp_path: Path) -> None:
    partial = registry.find("docred-partial")
    partial.prepare(real_data, tmp_path / "partial", partial.Options())
    theirs = PreparedCorpus.open(tmp_path / "partial")
    original, revised = corpora["original"], corpora["revised"]
    assert list(original.train) == [*theirs.dev, *theirs.test]
    assert [(d.title, d.entities, d.sentences) for d in revised.train] == [
        (d.title, d.entities, d.sentences) for d in original.train
    ]
    assert list(original.dev) == list(revised.dev) == list(theirs.train)[::2]
    assert list(original.test) == list(revised.test) == list(theirs.train)[1::2]


@pytest.mark.real_data
def test_the_record_says_whose_labels_these_are(corpora: dict[str, PreparedCorpus]) -> None:
    for labels, corpus in corpora.items():
        record = json.loads((corpus.path / "corpus.json").read_text(encoding="utf-8"))
        assert (record["name"], record["source"]["labels"]) == ("docred-audit", labels)
