"""From raw data to a prepared corpus: DWIE to Table 1's digits, DocRED's files in all their names."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from corpus_builders import annotation, write_lines

from logire.corpus.annotations import read_dwie
from logire.corpus.data import DATA
from logire.corpus.prepared import SPLITS, PreparedCorpus, read_indices
from logire.corpus.sources import docred
from logire.corpus.sources import dwie as dwie_source
from logire.corpus.sources.dwie import dwie_schema
from logire.ground.errors import InputError
from logire.ground.files import read_json


def record(title: str, relation: str = "P17") -> dict[str, Any]:
    return {
        "title": title,
        "sents": [["Ann", "of", "Ulm"]],
        "vertexSet": [
            [{"name": "Ann", "sent_id": 0, "pos": [0, 1], "type": "PER"}],
            [{"name": "Ulm", "sent_id": 0, "pos": [2, 3], "type": "LOC"}],
        ],
        "labels": [{"r": relation, "h": 0, "t": 1, "evidence": []}],
    }


def prepare_docred(raw: Path, out: Path) -> None:
    docred.SOURCE.prepare(raw, out, docred.Options())


def prepare_dwie(raw: Path, out: Path, **options: Any) -> None:
    dwie_source.SOURCE.prepare(raw, out, dwie_source.Options(**options))


def put(folder: Path, **files: Any) -> Path:
    """Write JSON files named by keyword (``train_json_gz`` is ``train.json.gz``)."""
    folder.mkdir(exist_ok=True)
    for name, value in files.items():
        stem, zipped = name.removesuffix("_gz"), name.endswith("_gz")
        data = json.dumps(value).encode()
        file = folder / (stem.removesuffix("_json") + ".json" + (".gz" if zipped else ""))
        file.write_bytes(gzip.compress(data) if zipped else data)
    return folder


def test_docred_with_its_meta_files(tmp_path: Path) -> None:
    raw = put(
        tmp_path / "raw",
        train_annotated_json=[record("A"), record("B", "P6")],
        dev_json_gz=[record("C")],
        test_json=[{k: v for k, v in record("D").items() if k != "labels"}],
        rel2id_json={"P6": 2, "Na": 0, "P17": 1},
        ner2id_json={"PER": 1, "BLANK": 0, "LOC": 2},
    )
    prepare_docred(raw, tmp_path / "out")
    corpus = PreparedCorpus.open(tmp_path / "out")
    assert corpus.schema.relations == ("P17", "P6")
    assert corpus.schema.types == ("BLANK", "PER", "LOC")
    assert {split: [d.title for d in corpus.documents(split)] for split in SPLITS} == {
        "train": ["A", "B"],
        "dev": ["C"],
        "test": ["D"],
    }
    assert corpus.test[0].facts == ()
    assert (corpus.name, corpus.synthetic) == ("docred", False)
    assert read_json(tmp_path / "out" / "rel2id.json") == {"Na": 0, "P17": 1, "P6": 2}
    assert corpus.training_facts == {("Ann", "Ulm"): frozenset({"P17", "P6"})}
    statistics = read_json(tmp_path / "out" / "statistics.json")
    assert {s: v["facts"] for s, v in statistics["splits"].items()} == {"train": 2, "dev": 1, "test": None}


def test_docred_without_meta_files_takes_the_names_that_occur_sorted(tmp_path: Path) -> None:
    raw = put(
        tmp_path / "raw",
        train_revised_json_gz=[record("A", "P6")],
        dev_revised_json=[record("B", "P17")],
        test_revised_json_gz=[record("C", "P6")],
    )
    prepare_docred(raw, tmp_path / "out")
    schema = PreparedCorpus.open(tmp_path / "out").schema
    assert (schema.relations, schema.types) == (("P17", "P6"), ("LOC", "PER"))


def three(**more: Any) -> dict[str, Any]:
    return {"train_json": [record("A")], "dev_json": [record("B")], "test_json": [record("C")]} | more


@pytest.mark.parametrize(
    ("files", "file", "problem"),
    [
        ({"train_json": [record("A")], "dev_json": [record("B")]}, "", "no file for the test split"),
        (three(train_revised_json=[record("A")]), "", "several files for the train split: train.json, train_revised"),
        (three(dev_json_gz=[record("B")]), "", "several files for the dev split: dev.json, dev.json.gz"),
        (three(test_json=[]), "test.json", "holds no document"),
        (three(rel2id_json={"Na": 0, "P6": 1}), "train.json", "unknown relation 'P17'"),
        (three(rel2id_json={"Na": 0, "P17": 7}), "rel2id.json", "the numbers must be 0 to 1, each once"),
        (three(rel2id_json=["Na"]), "rel2id.json", "expected `object`, got `array`"),
        (three(rel2id_json={"Na": 0, "P17": True}), "rel2id.json", "expected `int`, got `bool`"),
        (three(rel2id_json={}), "rel2id.json", "the numbers must be 0 to"),
        (three(ner2id_json={"PER": 0}), "train.json", "unknown entity type 'LOC'"),
    ],
)
def test_what_is_wrong_with_a_docred_folder(tmp_path: Path, files: dict[str, Any], file: str, problem: str) -> None:
    raw = put(tmp_path / "raw", **files)
    with pytest.raises(InputError) as caught:
        prepare_docred(raw, tmp_path / "out")
    assert caught.value.file == str(raw / file)
    assert problem in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


@pytest.mark.parametrize("name", ["", "any", "Na", "~in0", "#in0", "in0 ", "in^0", "a<-b", "in\n0", "in\u20280"])
def test_a_relation_that_rules_cannot_name(tmp_path: Path, name: str) -> None:
    """In ``head <- atom ^ ~atom``, and in the words of the other commands, it would mean something else."""
    raw = put(tmp_path / "raw", **three(train_json=[record("A", name)]))
    with pytest.raises(InputError, match="no relation can have the name"):
        prepare_docred(raw, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]
    prepare_docred(put(tmp_path / "good", **three()), tmp_path / "out")
    numbers = {"Na": 0, "P17": 1, name: 2}
    (tmp_path / "out" / "rel2id.json").write_text(json.dumps(numbers))
    if name != "Na":
        with pytest.raises(InputError, match="no relation can have the name"):
            _ = PreparedCorpus.open(tmp_path / "out").schema


def test_a_document_in_two_splits_is_pointed_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    changed = record("B") | {"sents": [["Ann", "off", "Ulm"]]}
    raw = put(tmp_path / "raw", **three(dev_json=[record("A"), record("B")], test_json=[changed, record("A")]))
    prepare_docred(raw, tmp_path / "out")
    assert [line.split(": ", 1)[1] for line in caplog.messages] == [
        "1 document of dev is also in train: A",
        "1 document of test is also in train: A",
        "1 document of test is also in dev: A",
    ]


def test_of_many_shared_documents_three_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shared = [record(title) for title in "ABCD"]
    prepare_docred(put(tmp_path / "raw", **three(train_json=shared, dev_json=shared)), tmp_path / "out")
    assert caplog.messages[0].endswith("4 documents of dev are also in train: A, B, C")


def test_a_corpus_without_its_note_has_the_folders_name_and_is_not_synthetic(tmp_path: Path) -> None:
    out = tmp_path / "folders" / "that" / "are not there"
    prepare_docred(put(tmp_path / "raw", **three()), out)
    (out / "corpus.json").unlink()
    corpus = PreparedCorpus.open(out)
    assert (corpus.name, corpus.synthetic) == ("are not there", False)


def test_a_docred_path_that_is_not_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        prepare_docred(tmp_path / "nowhere", tmp_path / "out")


def test_a_prepared_corpus_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        PreparedCorpus.open(tmp_path / "out")
    prepare_docred(put(tmp_path / "raw", **three()), tmp_path / "out")
    (tmp_path / "out" / "dev.json").unlink()
    corpus = PreparedCorpus.open(tmp_path / "out")
    with pytest.raises(InputError, match=r"dev\.json: does not exist"):
        corpus.documents("dev")
    with pytest.raises(InputError, match="unknown split 'valid'"):
        corpus.documents("valid")


def test_preparing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    tags = {1: ["type::person"], 2: ["type::location"]}
    raw = write_lines(
        tmp_path / "raw.jsonl",
        *(annotation(t, "<1:Ann> of <2:Ulm>.", tags, [(1, "citizen_of", 2)]) for t in "ABC"),
    )
    split = tmp_path / "split.json"
    split.write_text(json.dumps({"train": ["A"], "dev": ["B"], "test": ["C"]}), encoding="utf-8")
    for out in ("one", "two"):
        prepare_dwie(raw, tmp_path / out, split=str(split))
    prepare_dwie(raw, tmp_path / "one", split=str(split))  # over the one that is there
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_papers_split_and_schema() -> None:
    split = read_json(DATA / "dwie_split.json")
    assert {name: len(ids) for name, ids in split.items()} == {"train": 602, "dev": 98, "test": 99}
    assert len({title for ids in split.values() for title in ids}) == 799
    schema = dwie_schema()
    assert (len(schema.relations), len(schema.types)) == (65, 10)
    assert read_indices(DATA / "dwie_rel2id.json")[0] == "Na"


@pytest.fixture(scope="module")
def dwie(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> PreparedCorpus:
    out = tmp_path_factory.mktemp("real") / "dwie"
    prepare_dwie(real_data / "dwie" / "annos_with_content.jsonl.gz", out)
    return PreparedCorpus.open(out)


@pytest.mark.real_data
def test_table_1_to_the_digit(dwie: PreparedCorpus) -> None:
    splits = read_json(dwie.path / "statistics.json")["splits"]
    assert [splits[s]["documents"] for s in SPLITS] == [602, 98, 99]
    assert [splits[s]["entities"] for s in SPLITS] == [16494, 2785, 2623]
    assert [splits[s]["facts"] for s in SPLITS] == [14410, 2624, 2459]


@pytest.mark.real_data
def test_what_is_known_of_the_real_documents(dwie: PreparedCorpus) -> None:
    self_relations = {s: sum(f.head == f.tail for d in dwie.documents(s) for f in d.facts) for s in SPLITS}
    assert self_relations == {"train": 7, "dev": 0, "test": 0}
    for split, over_1024 in (("dev", 13), ("test", 15)):
        lengths = [len(document.tokens) for document in dwie.documents(split)]
        assert sum(length > 1024 for length in lengths) == over_1024
        assert all(len(document.sentences) == 1 for document in dwie.documents(split))
    assert max(len(d.entities) for s in SPLITS for d in dwie.documents(s)) == 88


@pytest.mark.real_data
def test_sentence_boundaries_change_no_real_token(real_data: Path, dwie: PreparedCorpus, tmp_path: Path) -> None:
    ids = {"dev": [document.title for document in dwie.dev[:20]]}
    raw = real_data / "dwie" / "annos_with_content.jsonl.gz"
    cut = read_dwie(raw, ids, dwie_schema(), split_sentences=True)["dev"]
    for whole, document in zip(dwie.dev, cut, strict=False):
        assert len(document.sentences) > 1
        assert document.tokens == whole.tokens
        assert document.facts == whole.facts
        for a, b in zip(whole.entities, document.entities, strict=True):
            assert [whole.span(m) for m in a.mentions] == [document.span(m) for m in b.mentions]


@pytest.mark.real_data
def test_real_docred_files_are_prepared(real_data: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for name, source in (
        ("train_annotated.json.gz", "docred/train_first_200.json.gz"),
        ("dev_revised.json.gz", "redocred/dev_revised.json.gz"),
        ("test.json.gz", "docred/test.json.gz"),
        ("rel2id.json", "docred/rel2id.json"),
        ("ner2id.json", "docred/ner2id.json"),
    ):
        (raw / name).write_bytes((real_data / source).read_bytes())
    prepare_docred(raw, tmp_path / "out")
    statistics = read_json(tmp_path / "out" / "statistics.json")
    assert statistics["relations"] == 96
    assert {s: (v["documents"], v["entities"], v["facts"]) for s, v in statistics["splits"].items()} == {
        "train": (200, 3821, 2539),
        "dev": (500, 9684, 17284),
        "test": (1000, 19539, None),
    }
