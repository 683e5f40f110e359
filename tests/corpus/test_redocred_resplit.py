"""Re-DocRED divided anew: which document goes where, and which labels it has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from logire.corpus.document import Document
from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.corpus.sources import registry
from logire.ground.errors import InputError

SOURCE = registry.find("redocred-resplit")
FILES = ("docred/rel2id.json", "docred/ner2id.json", "redocred/dev_revised.json", "redocred/test_revised.json")


def record(title: str, relation: str = "P17") -> dict[str, object]:
    """A DocRED record with one fact."""
    members = [[{"name": n, "sent_id": 0, "pos": [i, i + 1], "type": "LOC"}] for i, n in enumerate((title, "Italy"))]
    return {
        "title": title,
        "sents": [[title, "Italy"]],
        "vertexSet": members,
        "labels": [{"h": 0, "r": relation, "t": 1, "evidence": []}],
    }


def raw_folder(folder: Path, dev: int, test: int = 2) -> Path:
    """Raw data with documents ``d1, d2, ...`` in Re-DocRED's dev file and ``t1, t2, ...`` in its test file."""
    values = (
        {"Na": 0, "P17": 1, "P131": 2},
        {"BLANK": 0, "LOC": 1},
        [record(f"d{i}", "P131") for i in range(1, dev + 1)],
        [record(f"t{i}") for i in range(1, test + 1)],
    )
    for name, value in zip(FILES, values, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(value))
    return folder


def prepared(raw: Path, out: Path) -> PreparedCorpus:
    SOURCE.prepare(raw, out, SOURCE.Options())
    return PreparedCorpus.open(out)


def titles(corpus: PreparedCorpus) -> dict[str, str]:
    return {split: " ".join(document.title for document in corpus.documents(split)) for split in SPLITS}


@pytest.mark.parametrize(
    ("documents", "train", "dev"),
    [
        (5, "d1 d2 d3 d4", "d5"),
        (9, "d1 d2 d3 d4 d6 d7 d8 d9", "d5"),
        (11, "d1 d2 d3 d4 d6 d7 d8 d9 d11", "d5 d10"),
    ],
)
def test_every_fifth_document_is_for_development(tmp_path: Path, documents: int, train: str, dev: str) -> None:
    corpus = prepared(raw_folder(tmp_path / "raw", documents), tmp_path / "out")
    assert titles(corpus) == {"train": train, "dev": dev, "test": "t1 t2"}


def test_labels_are_those_of_the_file_and_the_lists_are_docreds(tmp_path: Path) -> None:
    corpus = prepared(raw_folder(tmp_path / "raw", 5), tmp_path / "out")
    found = {split: {fact.relation for d in corpus.documents(split) for fact in d.facts} for split in SPLITS}
    assert found == {"train": {"P131"}, "dev": {"P131"}, "test": {"P17"}}
    assert (corpus.schema.relations, corpus.schema.types) == (("P17", "P131"), ("BLANK", "LOC"))
    assert (corpus.name, corpus.synthetic) == ("redocred-resplit", False)


@pytest.mark.parametrize("missing", FILES)
def test_a_missing_file_is_named_before_and_by_preparing(tmp_path: Path, missing: str) -> None:
    raw = raw_folder(tmp_path / "raw", 5)
    assert SOURCE.check is not None
    SOURCE.check(raw, SOURCE.Options())
    SOURCE.check(None, SOURCE.Options())
    (raw / missing).unlink()
    for refuses in (lambda: SOURCE.check(raw, SOURCE.Options()), lambda: prepared(raw, tmp_path / "out")):
        with pytest.raises(InputError, match="does not exist") as caught:
            refuses()
        assert caught.value.file == str(raw / missing)
    assert not (tmp_path / "out").exists()


def test_too_few_documents_leave_no_development_split(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the dev split has no document"):
        prepared(raw_folder(tmp_path / "raw", 4), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def real(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> PreparedCorpus:
    return prepared(real_data, tmp_path_factory.mktemp("redocred-resplit") / "corpus")


@pytest.mark.real_data
def test_the_real_counts(real: PreparedCorpus) -> None:
    """Train and dev add up to Re-DocRED's dev file: 500 documents, 9,684 entities, 17,284 facts."""
    counted = {
        split: (len(found), sum(len(d.entities) for d in found), sum(len(d.facts) for d in found))
        for split in SPLITS
        for found in [real.documents(split)]
    }
    assert counted == {"train": (400, 7792, 13835), "dev": (100, 1892, 3449), "test": (500, 9779, 17448)}


@pytest.mark.real_data
def test_no_real_text_or_title_is_in_two_splits(real: PreparedCorpus) -> None:
    everything = [document for split in SPLITS for document in real.documents(split)]

    def text(document: Document) -> str:
        return "".join(document.tokens)

    assert len({text(document) for document in everything}) == len(everything) == 1000
    assert len({document.title for document in everything}) == 1000


@pytest.mark.real_data
def test_real_test_documents_are_those_of_the_partial_corpus_with_the_same_labels(
    real: PreparedCorpus, real_data: Path, tmp_path: Path
) -> None:
    partial = registry.find("redocred-partial")
    partial.prepare(real_data, tmp_path / "partial", partial.Options())
    theirs = PreparedCorpus.open(tmp_path / "partial")
    ours = {document.title: document for document in real.test}
    assert [ours[document.title] for document in theirs.test] == list(theirs.test)
    assert {d.title for d in theirs.dev} < {d.title for d in (*real.train, *real.dev)}
    assert {d.title for d in theirs.train}.isdisjoint(d.title for d in (*real.train, *real.dev, *real.test))
