"""What a reader calls corpora, backbones and methods, known and unknown, and the order in which they stand."""

from __future__ import annotations

import pytest

from logire.reporting.names import BACKBONE, Corpus, Names


@pytest.mark.parametrize(
    ("backbone", "method", "expected"),
    [
        ("bilstm", BACKBONE, "BiLSTM"),
        ("context_aware", "logire", "Context-Aware + LogiRE"),
        ("atlop", "logire_plus", "ATLOP + LogiRE+"),
        ("somebody_elses", "logire", "somebody_elses + LogiRE"),
        ("gain", "magic", "GAIN + magic"),
    ],
)
def test_a_row_is_named_by_backbone_and_method(backbone: str, method: str, expected: str) -> None:
    names = Names.of(backbone, method)
    assert names.label == expected
    if method != BACKBONE:
        assert f"{names.backbone} + {names.method}" == expected


def test_rows_stand_in_the_papers_order_and_unknown_names_last() -> None:
    order = [
        *(("cnn", BACKBONE), ("cnn", "logire"), ("cnn", "logire_plus"), ("cnn", "a_method"), ("cnn", "b_method")),
        *(("context_aware", BACKBONE), ("atlop", BACKBONE), ("a_backbone", BACKBONE), ("b_backbone", "logire")),
    ]
    places = [Names.of(*pair).order for pair in order]
    assert places == sorted(set(places))


@pytest.mark.parametrize(
    ("name", "synthetic", "title", "form", "papers"),
    [
        ("dwie", False, "DWIE", "dwie", True),
        ("dwie", True, "DWIE", "dwie", False),
        ("docred", False, "DocRED", "docred", True),
        ("redocred", False, "Re-DocRED", "docred", False),
        ("embedded", True, "Embedded", "dwie", False),
        ("my corpus", False, "my corpus", "dwie", False),
    ],
)
def test_a_corpus(name: str, synthetic: bool, title: str, form: str, papers: bool) -> None:
    corpus = Corpus.of(name, synthetic)
    assert (corpus.title, corpus.form, corpus.papers) == (title, form, papers)
    assert corpus.warning == ("SYNTHETIC corpus: not comparable with the paper. " if synthetic else "")
