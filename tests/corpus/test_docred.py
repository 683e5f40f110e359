"""DocRED's format: what is written reads back the same, what is wrong is named, the real files read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from corpus_builders import SCHEMA
from hypothesis import given, settings
from hypothesis import strategies as st

from logire.corpus.docred import as_record, read_docred, write_docred
from logire.corpus.document import Document, Entity, Fact, Mention
from logire.ground.errors import InputError
from logire.ground.files import read_json


@st.composite
def documents(draw: st.DrawFn, title: str) -> Document:
    sentences = draw(st.lists(st.lists(st.text(max_size=6), min_size=1, max_size=6), min_size=1, max_size=4))

    def mention() -> Mention:
        sentence = draw(st.integers(0, len(sentences) - 1))
        start = draw(st.integers(0, len(sentences[sentence]) - 1))
        end = draw(st.integers(start + 1, len(sentences[sentence])))
        return Mention(draw(st.text(max_size=6)), sentence, start, end, draw(st.sampled_from(SCHEMA.types)))

    count = draw(st.integers(1, 4))
    entities = tuple(Entity(tuple(mention() for _ in range(draw(st.integers(1, 2))))) for _ in range(count))
    facts = st.builds(
        Fact,
        st.integers(0, count - 1),
        st.sampled_from(SCHEMA.relations),
        st.integers(0, count - 1),
        st.lists(st.integers(0, len(sentences) - 1), max_size=2).map(tuple),
    )
    return Document(title, tuple(map(tuple, sentences)), entities, tuple(draw(st.lists(facts, max_size=4))))


@settings(deadline=None)
@given(st.tuples(documents("A"), documents("B é"), documents("C")))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, written: tuple[Document, ...]) -> None:
    path = tmp_path_factory.mktemp("docred") / "train.json"
    write_docred(path, written)
    assert tuple(read_docred(path, relations=SCHEMA.relations, types=SCHEMA.types)) == written


def record() -> dict[str, Any]:
    return {
        "title": "A",
        "sents": [["Ann", "left", "Ulm"], ["She", "cried"]],
        "vertexSet": [
            [{"name": "Ann", "sent_id": 0, "pos": [0, 1], "type": "type::person"}],
            [{"name": "Ulm", "sent_id": 0, "pos": [2, 3], "type": "type::location"}],
        ],
        "labels": [{"r": "citizen_of", "h": 0, "t": 1, "evidence": [0]}],
    }


def write(folder: Path, value: Any) -> Path:
    path = folder / "train.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def read(path: Path) -> list[Document]:
    return read_docred(path, relations=SCHEMA.relations, types=SCHEMA.types)


def test_labels_may_be_missing_and_other_keys_are_ignored(tmp_path: Path) -> None:
    given = record() | {"index": 3}
    del given["labels"]
    assert read(write(tmp_path, [given]))[0].facts == ()


@pytest.mark.parametrize(
    ("path", "value", "field", "problem"),
    [
        (("sents", 1), "She cried", "sents[1]", "expected `array`, got `str`"),
        (("sents",), None, "sents", "expected `array`, got `null`"),
        (("vertexSet", 1), [], "vertexSet[1]", "expected `array` of length >= 1"),
        (("vertexSet", 1, 0, "pos"), [2, 4], "vertexSet[1][0].pos", "outside its sentence of 3 tokens"),
        (("vertexSet", 1, 0, "pos"), [2, 2], "vertexSet[1][0].pos", "outside its sentence"),
        (("vertexSet", 1, 0, "pos"), [2], "vertexSet[1][0].pos", "expected `array` of length 2"),
        (("vertexSet", 1, 0, "sent_id"), 2, "vertexSet[1][0].sent_id", "the document has 2 sentences"),
        (("vertexSet", 1, 0, "sent_id"), True, "vertexSet[1][0].sent_id", "expected `int`, got `bool`"),
        (("vertexSet", 1, 0, "type"), "type::dog", "vertexSet[1][0].type", "unknown entity type 'type::dog'"),
        (("labels", 0, "t"), 2, "labels[0].t", "entity 2 does not exist: there are 2"),
        (("labels", 0, "h"), -1, "labels[0].h", "entity -1 does not exist"),
        (("labels", 0, "r"), "eats", "labels[0].r", "unknown relation 'eats'"),
        (("labels", 0), {"r": "in0", "h": 0}, "labels[0].t", "is missing"),
        (("labels", 0, "evidence"), "0", "labels[0].evidence", "expected `array`, got `str`"),
        (("labels", 0, "evidence"), [0, 2], "labels[0].evidence", "2: the document has 2 sentences"),
        (("labels", 0, "evidence"), [-1], "labels[0].evidence", "-1: the document has 2 sentences"),
        (("labels", 0, "h"), False, "labels[0].h", "expected `int`, got `bool`"),
        (("labels", 0, "h"), 10**30, "labels[0].h", "expected `int` <= 2147483647"),
        (("labels",), {}, "labels", "expected `array`, got `object`"),
        (("vertexSet",), [], "vertexSet", "expected `array` of length >= 1"),
        (("vertexSet", 0, 0, "pos"), [0, True], "vertexSet[0][0].pos[1]", "expected `int`, got `bool`"),
        (("vertexSet", 0, 0, "pos"), [0, 1.0], "vertexSet[0][0].pos[1]", "expected `int`, got `float`"),
        (("vertexSet",), record()["vertexSet"][:1] * 2001, "vertexSet", "2001 entities, at most 2000 fit"),
    ],
)
def test_a_bad_field_is_named(
    tmp_path: Path, path: tuple[str | int, ...], value: Any, field: str, problem: str
) -> None:
    bad = record()
    place: Any = bad
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    file = write(tmp_path, [bad])
    with pytest.raises(InputError) as caught:
        read(file)
    assert (caught.value.file, caught.value.document, caught.value.field) == (str(file), "A", field)
    assert problem in str(caught.value)


def test_as_many_entities_as_fit_are_read(tmp_path: Path) -> None:
    many = record() | {"vertexSet": record()["vertexSet"] * 1000}
    assert len(read(write(tmp_path, [many]))[0].entities) == 2000


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([record(), record()], "this title occurs twice"),
        ([record(), {"sents": []}], "document number 1, field title: is missing"),
        ([], "holds no document"),
        (record(), "expected `array`, got `object`"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, value: Any, problem: str) -> None:
    file = write(tmp_path, value)
    with pytest.raises(InputError) as caught:
        read(file)
    assert caught.value.file == str(file)
    assert problem in str(caught.value)


def test_broken_json_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "train.json"
    file.write_text('[\n{"title": "A",\n]', encoding="utf-8")
    with pytest.raises(InputError, match="broken JSON at line 3"):
        read(file)


def test_a_truncated_gzip_is_named(tmp_path: Path) -> None:
    file = tmp_path / "train.json.gz"
    file.write_bytes(gzip.compress(json.dumps([record()]).encode())[:-12])
    with pytest.raises(InputError, match="cannot be decoded") as caught:
        read(file)
    assert caught.value.file == str(file)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "documents", "entities", "facts"),
    [
        ("docred/test.json.gz", 1000, 19539, 0),
        ("docred/train_first_200.json.gz", 200, 3821, 2539),
        ("docred/dev_hwe_699.json.gz", 699, 13716, 7342),
        ("docred/revisit_valid_revise_96.json.gz", 96, None, 1214),
        ("docred/revisit_valid_scratch_96.json.gz", 96, None, 3308),
        ("redocred/dev_revised.json.gz", 500, 9684, 17284),
        ("redocred/test_revised.json.gz", 500, 9779, 17448),
    ],
)
def test_real_files_read_and_round_trip(
    real_data: Path, tmp_path: Path, file: str, documents: int, entities: int | None, facts: int
) -> None:
    relations = json.loads((real_data / "docred" / "rel2id.json").read_text(encoding="utf-8"))
    types = json.loads((real_data / "docred" / "ner2id.json").read_text(encoding="utf-8"))
    found = read_docred(real_data / file, relations=relations, types=types)
    assert len(found) == documents
    assert entities in (None, sum(len(d.entities) for d in found))
    assert sum(len(d.facts) for d in found) == facts
    write_docred(tmp_path / "again.json", found)
    assert read_docred(tmp_path / "again.json") == found
    for raw, ours in zip(read_json(real_data / file), map(as_record, found), strict=True):
        assert (raw["title"], raw["sents"]) == (ours["title"], ours["sents"])
        for theirs, mentions in zip(raw["vertexSet"], ours["vertexSet"], strict=True):
            assert [{key: mention[key] for key in ("name", "sent_id", "pos", "type")} for mention in theirs] == mentions
        labels = [{key: label[key] for key in ("r", "h", "t")} for label in raw.get("labels", [])]
        assert labels == [{key: label[key] for key in ("r", "h", "t")} for label in ours["labels"]]
