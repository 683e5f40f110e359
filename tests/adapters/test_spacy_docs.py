"""spaCy's documents with relations in an extension become documents and logits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapter_builders import adapted, logit

from logire.ground.errors import InputError

spacy = pytest.importorskip("spacy")


def write(path: Path, relations: Any, *, title: str | None = "T", sentences: bool = True, keep: bool = True) -> Path:
    """A DocBin of one document: Ada (0), Babbage (3 and 5), Greater London (8, two tokens)."""
    from spacy.tokens import Doc, DocBin, Span

    Doc.set_extension("rel", default={}, force=True)
    words = ["Ada", "wrote", "to", "Babbage", ".", "Babbage", "lived", "in", "Greater", "London", "."]
    starts = [i in (0, 5) for i in range(len(words))] if sentences else None
    doc = Doc(spacy.blank("en").vocab, words=words, sent_starts=starts)
    spans = ((0, 1, "PER"), (3, 4, "PER"), (5, 6, "PER"), (8, 10, "LOC"))
    doc.ents = [Span(doc, start, end, label=label) for start, end, label in spans]
    if relations is not None:
        doc._.rel = relations
    if title is not None:
        doc.user_data["title"] = title
    DocBin(docs=[doc], store_user_data=keep).to_disk(path)
    return path


RELATIONS = {(0, 3): {"knows": 0.5, "lives": 0.01}, (5, 8): {"lives": np.float32(0.75)}, (3, 8): {"lives": 0.25}}


def test_by_hand(tmp_path: Path) -> None:
    _, [found] = adapted("spacy", write(tmp_path / "d.spacy", RELATIONS), tmp_path / "out")
    assert found.title == "T"
    assert [len(sentence) for sentence in found.document.sentences] == [5, 6]
    assert [e.names for e in found.document.entities] == [("Ada",), ("Babbage",), ("Greater London",)]
    assert [found.document.span(m) for m in found.document.entities[1].mentions] == [(3, 4), (5, 6)]
    assert found.logits[0, 1].tolist() == pytest.approx([logit(0.5), logit(0.01)], abs=1e-6)
    assert found.logits[1, 2].tolist() == pytest.approx([-10, logit(0.75)])
    assert set(found.logits[2, :2].flatten()) == {-10}


def test_without_sentences_and_titles(tmp_path: Path) -> None:
    source = write(tmp_path / "d.spacy", RELATIONS, title=None, sentences=False)
    _, [found] = adapted("spacy", source, tmp_path / "out")
    assert (found.title, len(found.document.sentences)) == ("0", 1)


@pytest.mark.parametrize(
    ("relations", "message"),
    [
        ({(0, 4): {"r": 0.5}}, r"document T, field doc\._\.rel\[\(0, 4\)\]: no entity of doc\.ents starts at token 4"),
        ({(0, 3): {"r": 1.5}}, "the score 1.5 is not a probability"),
        ({(0, 3): {"r": float("nan")}}, "the score is nan"),
        ({(0, 3): {"r": "high"}}, "is not a pair's scores"),
        ({(0, 3, 5): {"r": 0.5}}, "is not a pair's scores"),
        ({(0, 3): 0.5}, "is not a pair's scores"),
        ([1, 2], r"field doc\._\.rel: holds tuple, not relations"),
        (None, "has no relations"),
    ],
)
def test_wrong_relations_are_named(tmp_path: Path, relations: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        adapted("spacy", write(tmp_path / "d.spacy", relations), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_without_user_data_or_damaged_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"document 0, field doc\._\.rel: has no relations\n.*store_user_data=True"):
        adapted("spacy", write(tmp_path / "d.spacy", RELATIONS, keep=False), tmp_path / "out")
    whole = write(tmp_path / "d.spacy", RELATIONS).read_bytes()
    for data in (whole[: len(whole) // 2], b"", b"words"):
        (tmp_path / "d.spacy").write_bytes(data)
        with pytest.raises(InputError, match="is not a DocBin file that can be read"):
            adapted("spacy", tmp_path / "d.spacy", tmp_path / "out")
