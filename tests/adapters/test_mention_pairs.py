"""GLiREL's and GLiNER-relex's scores of mention pairs become logits of entity pairs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapter_builders import (
    NER,
    SPANS,
    TEXT,
    TOKENS,
    adapted,
    docred,
    given_documents,
    gliner_record,
    glirel_record,
    logit,
    relation,
    write_jsonl,
)

from logire.corpus.dump import NEVER
from logire.corpus.prepared import PreparedCorpus
from logire.ground.errors import InputError


def test_glirel_by_hand(tmp_path: Path) -> None:
    report, [found] = adapted("glirel", write_jsonl(tmp_path / "g.jsonl", glirel_record()), tmp_path / "out")
    assert PreparedCorpus(tmp_path / "out").schema.relations == ("knows", "lives in")
    assert [entity.names for entity in found.document.entities] == [("Ada Byron",), ("Babbage",), ("London",)]
    assert [entity.type for entity in found.document.entities] == ["PER", "PER", "LOC"]
    assert [found.document.span(m) for m in found.document.entities[1].mentions] == [(4, 5), (6, 7)]
    expected = np.full((3, 3, 2), -10.0)
    expected[0, 1, 0] = logit(0.5)
    expected[1, 2, 1] = logit(0.75)  # the better of two pairs of mentions
    expected[range(3), range(3)] = NEVER
    np.testing.assert_allclose(found.logits, expected, rtol=1e-6)
    assert report["splits"]["test"] == {
        "documents": 1,
        "entities": 3,
        "facts": 0,
        "scored": 2,
        "candidates": 12,
        "notes": {
            "entities that were put together by their name alone": 1,
            "pairs of mentions of one entity, left out": 1,
            "scores of a relation that is left out": 1,
        },
    }


def test_gliner_by_hand(tmp_path: Path) -> None:
    _, [found] = adapted("gliner", write_jsonl(tmp_path / "g.jsonl", gliner_record()), tmp_path / "out")
    assert found.document.tokens == ("Ada", "Byron", "wrote", "to", "Babbage", ".", *TOKENS[6:])
    assert [found.document.span(m) for m in found.document.entities[1].mentions] == [(4, 5), (6, 7)]
    assert found.logits[1, 2, 1] == pytest.approx(logit(0.75))
    assert found.logits[0, 1, 0] == pytest.approx(0.0)
    assert (found.logits == -10).sum() == 3 * 2 * 2 - 2


def test_clusters_count_where_they_are_given(tmp_path: Path) -> None:
    """With clusters, the two mentions of Babbage are two entities, and Ada Byron is the second one."""
    record = glirel_record(clusters=[[0, 2]])
    _, [found] = adapted("glirel", write_jsonl(tmp_path / "g.jsonl", record), tmp_path / "out")
    assert [entity.names for entity in found.document.entities] == [("Ada Byron", "Babbage"), ("Babbage",), ("London",)]
    assert found.logits[0, 2, 1] == pytest.approx(logit(0.75))
    assert found.logits[1, 2, 1] == pytest.approx(logit(0.25))
    assert found.logits[0, 1, 0] == pytest.approx(logit(0.5))
    assert found.logits[1, 0, 0] == pytest.approx(logit(0.9))


def test_names_are_equal_whatever_their_case(tmp_path: Path) -> None:
    tokens = ["ADA", "met", "Ada", "in", "Rome"]
    ner = [[0, 0, "PER"], [2, 2, "PER"], [4, 4, "LOC"]]
    relations = [{"head_pos": [2, 3], "tail_pos": [4, 5], "label": "in", "score": 1.0}]
    record = {"tokenized_text": tokens, "ner": ner, "relations": relations}
    _, [found] = adapted("glirel", write_jsonl(tmp_path / "g.jsonl", record), tmp_path / "out")
    assert [entity.names for entity in found.document.entities] == [("ADA", "Ada"), ("Rome",)]
    assert found.title == "0"
    assert found.logits[0, 1, 0] == 10  # a certain fact is cut off at the floor's other side


def test_the_entities_of_given_documents_count(tmp_path: Path) -> None:
    vertices = [
        [{"name": "she", "sent_id": 0, "pos": [0, 2], "type": "P"}],
        [
            {"name": "Babbage", "sent_id": 0, "pos": [4, 5], "type": "P"},
            {"name": "him", "sent_id": 1, "pos": [0, 1], "type": "P"},
        ],
        [{"name": "London", "sent_id": 1, "pos": [3, 4], "type": "L"}],
    ]
    labels = [{"h": 1, "t": 2, "r": "lives in", "evidence": []}]
    document = {"title": "letter", "sents": [TOKENS[:6], TOKENS[6:]], "vertexSet": vertices, "labels": labels}
    (tmp_path / "docs.json").write_text(json.dumps([document]))
    source = write_jsonl(tmp_path / "g.jsonl", glirel_record())
    report, [found] = adapted("glirel", source, tmp_path / "out", documents=tmp_path / "docs.json")
    assert found.document.entities[1].names == ("Babbage", "him")
    assert found.labels[1, 2, 1]
    assert found.logits[1, 2, 1] == pytest.approx(logit(0.75))
    assert report["entities"] == "given"


def test_given_documents_without_scores_are_kept(tmp_path: Path) -> None:
    documents = given_documents(tmp_path / "d", docred("A", ["x", "y"]), docred("B", ["x", "y"]))
    record = {
        "title": "B",
        "tokenized_text": ["x", "y"],
        "ner": [[0, 0, "T"], [1, 1, "T"]],
        "relations": [{"head_pos": [0, 1], "tail_pos": [1, 2], "label": "s", "score": 0.5}],
    }
    report, found = adapted("glirel", write_jsonl(tmp_path / "g.jsonl", record), tmp_path / "out", documents=documents)
    assert [one.title for one in found] == ["A", "B"]
    assert set(found[0].logits[0, 1]) == {-10}
    assert found[1].logits[0, 1].tolist() == [-10, 0]
    assert report["splits"]["test"]["notes"] == {"documents without any score": 1}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"relations": [relation((4, 5), (9, 11), "knows", 0.5)]},
            r"relations\[0\].tail_pos: \[9, 11\] is not a mention",
        ),
        (
            {"relations": [relation((4, 5), (9, 10), "knows", 1.5)]},
            r"relations\[0\].score: .* 1.5 is not a probability",
        ),
        (
            {"relations": [relation((4, 5), (9, 10), "knows", -0.1)]},
            r"relations\[0\].score: .* -0.1 is not a probability",
        ),
        ({"relations": [relation((4, 5), (9, 10), "a ^ b", 0.5)]}, r"no relation can have the name 'a \^ b'"),
        ({"relations": [{"head": {}, "tail": {}}]}, r"field relations\[0\].head_pos: is missing"),
        ({"ner": [[0, 40, "PER", "x"], *NER[1:]]}, r"field ner\[0\]: \[0, 41\) lies outside the text of 11 tokens"),
        ({"ner": [[0, "PER"], *NER[1:]]}, r"field ner\[0\]: .* is not a mention"),
        ({"clusters": [[0, 9]]}, r"field clusters\[0\]: mention 9 does not exist: there are 4"),
        ({"clusters": [[0, 1], [1]]}, r"field clusters\[1\]: mention 1 is in cluster 0 too"),
        ({"ner": [], "relations": []}, "document letter: has no entity"),
        ({"relations": []}, "no fact has a score"),
        (
            {"relations": [relation((4, 5), (9, 10), "knows", 0.5) | {"head_text": ["Ada"]}]},
            r"\['Ada'\] was read where \['Babbage'\] is",
        ),
    ],
)
def test_what_is_wrong_with_a_glirel_record_is_said(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    source = write_jsonl(tmp_path / "g.jsonl", glirel_record(**changes))
    with pytest.raises(InputError, match=message) as caught:
        adapted("glirel", source, tmp_path / "out")
    assert caught.value.file == str(source)
    assert caught.value.remedy
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": TEXT[5:]}, r"field entities\[0\]: characters \[0, 9\) are 'yron wrot', not 'Ada Byron'"),
        ({"entities": SPANS[:3]}, r"field relations\[0\].tail: \[45, 51\) is not one of the entities"),
        ({"entities": [SPANS[0] | {"start": 60, "end": 61}]}, r"field entities\[0\]: "),
        ({"text": None}, "field text: expected `str`, got `null`"),
    ],
)
def test_what_is_wrong_with_a_gliner_record_is_said(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"document letter, {message}"):
        adapted("gliner", write_jsonl(tmp_path / "g.jsonl", gliner_record(**changes)), tmp_path / "out")


def test_a_mention_that_no_given_entity_has_is_an_error_or_left_out(tmp_path: Path) -> None:
    document = docred("letter", ["Babbage", "London"])
    documents = given_documents(tmp_path / "d", document, relations=("knows", "lives in"))
    source = write_jsonl(tmp_path / "g.jsonl", gliner_record())
    with pytest.raises(InputError, match=r"entities\[0\]: no entity of the given document has the mention 'Ada Byron'"):
        adapted("gliner", source, tmp_path / "out", documents=documents)
    report, [found] = adapted("gliner", source, tmp_path / "out", documents=documents, unknown="drop")
    assert found.logits[0, 1].tolist() == pytest.approx([-10, logit(0.75)])
    assert report["splits"]["test"]["notes"] == {"mentions that no entity of the given documents has, left out": 1}


def test_other_documents_than_the_given_ones_are_refused(tmp_path: Path) -> None:
    documents = given_documents(tmp_path / "d", docred("other", ["x", "y"]))
    source = write_jsonl(tmp_path / "g.jsonl", glirel_record())
    with pytest.raises(InputError, match="document letter: is not among the given documents"):
        adapted("glirel", source, tmp_path / "out", documents=documents)
    documents = given_documents(tmp_path / "d", docred("letter", ["x", "y"]))
    with pytest.raises(InputError, match="field tokenized_text: 11 tokens, which are not the given document's"):
        adapted("glirel", source, tmp_path / "out", documents=documents)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda line: line[:40], "document number 2: broken JSON: .*truncated"),
        (lambda line: line.replace("0.25", "NaN"), "document number 2: NaN is not a number of JSON"),
        (lambda line: line.replace("0.25", "-Infinity"), "document number 2: -Infinity is not a number of JSON"),
        (lambda line: line.replace("0.25", '"high"'), r"document letter, field relations\[0\].score: expected `float`"),
        (lambda line: line, "document letter, field title: this title occurs twice"),
        (lambda line: "{}", "is missing"),
    ],
    ids=["cut", "nan", "infinity", "word", "twice", "empty"],
)
def test_a_broken_line_is_named(tmp_path: Path, damage: Any, message: str) -> None:
    line = write_jsonl(tmp_path / "g.jsonl", glirel_record()).read_text().strip()
    (tmp_path / "g.jsonl").write_text(f"{line}\n{damage(line)}\n")
    with pytest.raises(InputError, match=message) as caught:
        adapted("glirel", tmp_path / "g.jsonl", tmp_path / "out")
    assert "g.jsonl" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_list_of_records_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text(json.dumps([glirel_record(), glirel_record(title="b")], indent=1))
    _, found = adapted("glirel", tmp_path / "g.json", tmp_path / "out")
    assert [one.title for one in found] == ["letter", "b"]
    (tmp_path / "g.json").write_text("[]")
    with pytest.raises(InputError, match="holds no document"):
        adapted("glirel", tmp_path / "g.json", tmp_path / "out")


def test_logits_are_taken_as_they_are(tmp_path: Path) -> None:
    record = glirel_record(relations=[relation((6, 7), (9, 10), "lives in", -12.5)])
    _, [found] = adapted("glirel", write_jsonl(tmp_path / "g.jsonl", record), tmp_path / "out", scores="logits")
    assert found.logits[1, 2, 0] == -12.5
