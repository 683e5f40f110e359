"""The pieces of text to read, and suggestions that are read back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from audit_builders import Hidden

from logire.audit.evidence import AROUND, nearest, pieces, probability
from logire.audit.suggestion import SUGGESTIONS, Rankings, Suggestions
from logire.corpus.document import Document, Entity, Mention
from logire.ground.errors import InputError


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda v: v["suggestions"].append(v["suggestions"][0]), "occurs twice"),
        (lambda v: v["suggestions"][0].update(title="none"), "is not a fact of a document in the list"),
        (lambda v: v["suggestions"][0].update(head=99), "is not a fact of a document in the list"),
        (lambda v: v["suggestions"][0].update(kind="odd"), "'odd'"),
        (lambda v: v.update(format="other"), "'other'"),
    ],
)
def test_damaged_suggestions_are_named(world: Hidden, tmp_path: Path, change, problem: str) -> None:
    folder = shutil.copytree(world.audit, tmp_path / "audit")
    value = json.loads((folder / SUGGESTIONS).read_text())
    change(value)
    (folder / SUGGESTIONS).write_text(json.dumps(value))
    with pytest.raises(InputError, match=problem) as error:
        Suggestions.read(folder)
    assert error.value.file == str(folder / SUGGESTIONS)
    with pytest.raises(InputError, match="belongs to other suggestions"):
        Rankings.read(folder)


def build(sentences: list[int], *entities: list[tuple[int, int, int]]) -> Document:
    """A document with sentences of these lengths; entities as lists of (sentence, start, end)."""
    made = tuple(Entity(tuple(Mention("e", *span, "T") for span in spans)) for spans in entities)
    return Document("D", tuple(("w",) * length for length in sentences), made, ())


def test_pieces_are_the_words_around_the_nearest_mentions() -> None:
    document = build([200, 10], [(0, 5, 6), (0, 100, 101)], [(0, 110, 112), (1, 0, 1)], [(1, 4, 5)])
    one, other = nearest(document, 0, 1)
    assert (one.start, other.start) == (100, 110)
    assert pieces(document, [(0, 1)]) == [(0, 100 - AROUND, 112 + AROUND)]
    assert pieces(document, [(0, 1), (1, 2)]) == [(0, 100 - AROUND, 112 + AROUND), (1, 0, 10)]
    apart = build([200], [(0, 0, 1)], [(0, 199, 200)])
    assert pieces(apart, [(0, 1)]) == [(0, 0, 1 + AROUND), (0, 199 - AROUND, 200)]


def test_probabilities_do_not_overflow() -> None:
    assert [probability(m) for m in (-1000.0, 0.0, 1000.0)] == [0.0, 0.5, 1.0]
