"""From DWIE's raw annotations to documents, on records worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from corpus_builders import SCHEMA, annotation, write_lines
from hypothesis import given, settings
from hypothesis import strategies as st

from logire.corpus.annotations import raw_annotations, read_dwie, write_annotations
from logire.corpus.document import Document, Fact, Mention
from logire.corpus.tokenizer import Tokenizer

PERSON, LOCATION, ORGANIZATION = ["type::entity", "type::person"], ["type::location"], ["type::organization"]


def convert(folder: Path, record: dict[str, Any], *, split_sentences: bool = False) -> Document:
    path = write_lines(folder / "raw.jsonl", record)
    return read_dwie(path, {"train": [record["id"]]}, SCHEMA, split_sentences=split_sentences)["train"][0]


def test_tokens_spans_types_and_facts(tmp_path: Path) -> None:
    record = annotation(
        "T1",
        "<7:Ann Lee> of <3:Ulm>\n\n<7:Lee>, a <5:UK-born> poet, left.",
        {3: LOCATION, 7: PERSON, 5: ["type::location", "type::person", "type::unknown"]},
        [(7, "citizen_of", 3), (7, "citizen_of", 3), (3, "in0", 5)],
    )
    document = convert(tmp_path, record)
    words = ["Ann", "Lee", "of", "Ulm", "\n\n", "Lee", ",", "a", "UK", "-", "born", "poet", ",", "left", "."]
    assert document.sentences == (tuple(words),)
    # entities in the order of the concepts, mentions in the order of the mentions, types the last known tag
    assert [entity.mentions for entity in document.entities] == [
        (Mention("Ulm", 0, 3, 4, "type::location"),),
        (Mention("Ann Lee", 0, 0, 2, "type::person"), Mention("Lee", 0, 5, 6, "type::person")),
        (Mention("UK-born", 0, 8, 11, "type::person"),),
    ]
    # duplicates are kept: they are in the paper's counts
    assert document.facts == (Fact(1, "citizen_of", 0), Fact(1, "citizen_of", 0), Fact(0, "in0", 2))


def test_a_concept_without_a_mention_is_dropped_with_its_relations(tmp_path: Path) -> None:
    record = annotation(
        "T1",
        "<2:Ann> is in <4:Ulm>.",
        {1: LOCATION, 2: PERSON, 4: LOCATION},
        [(2, "citizen_of", 1), (1, "in0", 4), (2, "citizen_of", 4)],
    )
    document = convert(tmp_path, record)
    assert [entity.name for entity in document.entities] == ["Ann", "Ulm"]
    assert document.facts == (Fact(0, "citizen_of", 1),)


def test_a_mention_without_a_type_takes_the_one_read_before(tmp_path: Path) -> None:
    record = annotation("T1", "<1:Big Co> sued <2:Ann> and <3:it>, said <2:Ann>.", {3: [], 2: PERSON, 1: ORGANIZATION})
    assert [entity.type for entity in convert(tmp_path, record).entities] == [
        "type::person",
        "type::person",
        "type::organization",
    ]


def test_a_first_mention_without_a_type_takes_the_first_type(tmp_path: Path) -> None:
    record = annotation("T1", "<1:It> left.", {1: []})
    assert convert(tmp_path, record).entities[0].type == SCHEMA.types[0]


def test_a_mention_inside_a_token_takes_the_token(tmp_path: Path) -> None:
    record = annotation("T1", "the anti<1:German>ic mood", {1: LOCATION})
    entity = convert(tmp_path, record).entities[0]
    assert entity.mentions == (Mention("German", 0, 1, 2, "type::location"),)


def test_sentences_are_cut_at_stops_and_newlines(tmp_path: Path) -> None:
    record = annotation("T1", "News\n\n<1:Ann> left. <2:Ulm> is far.", {1: PERSON, 2: LOCATION}, [(1, "citizen_of", 2)])
    whole, cut = (convert(tmp_path, record, split_sentences=flag) for flag in (False, True))
    assert len(whole.sentences) == 1
    assert cut.sentences == (("News", "\n\n"), ("Ann", "left", "."), ("Ulm", "is", "far", "."))
    assert [(e.mentions[0].sentence, e.mentions[0].start) for e in cut.entities] == [(1, 0), (2, 0)]
    assert cut.facts == whole.facts


def test_the_order_of_the_split_is_kept_and_other_documents_are_left_out(tmp_path: Path) -> None:
    records = [annotation(title, "<1:Ann> left. So did I.", {1: PERSON}) for title in ("A", "B", "C")]
    path = write_lines(tmp_path / "raw.jsonl", *records)
    splits = read_dwie(path, {"train": ["C", "A"], "dev": []}, SCHEMA)
    assert [d.title for d in splits["train"]] == ["C", "A"]
    assert splits["dev"] == []
    assert [len(d.sentences) for d in splits["train"]] == [1, 1], "the authors' form, unless asked otherwise"


def test_a_newline_at_the_end_starts_no_empty_sentence(tmp_path: Path) -> None:
    record = annotation("T1", "<1:Ann> left\n", {1: PERSON})
    assert convert(tmp_path, record, split_sentences=True).sentences == (("Ann", "left", "\n"),)


def test_no_sentence_ends_inside_a_mention(tmp_path: Path) -> None:
    record = annotation("T1", "Why<1:? Ann> left. <2:Ulm> is far.", {1: PERSON, 2: LOCATION})
    sentences = convert(tmp_path, record, split_sentences=True).sentences
    assert sentences == (("Why", "?", "Ann", "left", "."), ("Ulm", "is", "far", "."))


def test_a_mention_takes_every_token_that_it_overlaps(tmp_path: Path) -> None:
    """Its first character is a space behind the token before, its last one the next token's first."""
    record = annotation("T1", "Ann<1: of U>lm left.", {1: LOCATION})
    assert convert(tmp_path, record).entities[0].mentions == (Mention(" of U", 0, 1, 3, "type::location"),)


WORDS = st.sampled_from(["Ann", "U.S.", "left.", "Mr.", "a!", "St. Paul", "x\n\ny", "why?", "so", "B. C.", '"', "..."])


@settings(deadline=None)
@given(st.lists(st.tuples(WORDS, st.booleans()), min_size=1, max_size=25).filter(lambda ws: any(m for _, m in ws)))
def test_cutting_sentences_changes_no_token_and_splits_no_mention(
    tmp_path_factory: pytest.TempPathFactory, words: list[tuple[str, bool]]
) -> None:
    marked = " ".join(f"<{i}:{word}>" if mention else word for i, (word, mention) in enumerate(words))
    record = annotation("T", marked, {i: PERSON for i, (_, mention) in enumerate(words) if mention})
    folder = tmp_path_factory.mktemp("dwie")
    whole, cut = (convert(folder, record, split_sentences=flag) for flag in (False, True))
    assert whole.tokens == cut.tokens
    for one, other in zip(whole.entities, cut.entities, strict=True):
        for a, b in zip(one.mentions, other.mentions, strict=True):
            assert whole.span(a) == cut.span(b)
            assert b.end <= len(cut.sentences[b.sentence])


def test_every_form_of_raw_data_reads_the_same(tmp_path: Path) -> None:
    records = [annotation(title, "<1:Zoë> left.", {1: PERSON}) for title in ("A", "B")]
    folder = tmp_path / "folder"
    folder.mkdir()
    for record in records:
        (folder / f"{record['id']}.json").write_text(json.dumps(record), encoding="utf-8")
    write_annotations(tmp_path / "raw.jsonl", records)
    write_annotations(tmp_path / "raw.jsonl.gz", records)
    for path in (folder, tmp_path / "raw.jsonl", tmp_path / "raw.jsonl.gz"):
        lines = [line for _, line in raw_annotations(path)]
        assert list(map(json.loads, lines)) == records
        assert path == folder or "Zoë".encode() in lines[0]
    assert [where for where, _ in raw_annotations(tmp_path / "raw.jsonl")] == [
        f"{tmp_path / 'raw.jsonl'}:1",
        f"{tmp_path / 'raw.jsonl'}:2",
    ]


def test_equal_annotations_give_equal_bytes(tmp_path: Path) -> None:
    records = [annotation("A", "<1:Ann> left.", {1: PERSON})]
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        write_annotations(tmp_path / name, records)
    data = (tmp_path / "a.jsonl.gz").read_bytes()
    assert data == (tmp_path / "b.jsonl.gz").read_bytes()
    assert data[4:8] == bytes(4), "the time that a gzip header has"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("UK-born", ["UK", "-", "born"]),
        ("the 45-year-old", ["the", "45-year", "-", "old"]),
        ("2017-18", ["2017", "-", "18"]),
        ("U.S. troops\n\nleft", ["U.S.", "troops", "\n\n", "left"]),
    ],
)
def test_hyphens_split_between_letters_only(text: str, tokens: list[str]) -> None:
    found, starts = Tokenizer()(text)
    assert [token for token, _, _ in found] == tokens
    assert all(text[begin:end] == token for token, begin, end in found)
    assert starts == [0]
