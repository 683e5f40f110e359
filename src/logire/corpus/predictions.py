"""Predictions in DocRED's submission format, with a score: ``[{"title", "h_idx", "t_idx", "r", "score"}, ...]``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from logire.corpus.document import BoolArray, Document, FloatArray, Schema
from logire.ground.errors import InputError
from logire.ground.files import write_json
from logire.ground.typed import Whole, read_typed


class Prediction(NamedTuple):
    """A predicted fact ``relation(head, tail)`` of the document ``title``; the score is None if it is not known."""

    title: str
    head: int
    relation: str
    tail: int
    score: float | None = None


def predict(document: Document, scores: FloatArray, theta: float, schema: Schema) -> list[Prediction]:
    """The candidates of one document whose score is at least ``theta``, best first.

    Args:
        scores: (N, N, R); the diagonal (self-pairs) is never predicted.
    """
    return held(document, scores, scores >= theta, schema)


def held(document: Document, scores: FloatArray, facts: BoolArray, schema: Schema) -> list[Prediction]:
    """Some candidates of one document with their scores, best first.

    Args:
        scores: (N, N, R)
        facts: (N, N, R) the candidates; the diagonal (self-pairs) is left out.
    """
    apart = ~np.eye(len(document.entities), dtype=np.bool_)[:, :, None]
    found = [
        Prediction(document.title, int(h), schema.relations[r], int(t), float(scores[h, t, r]))
        for h, t, r in np.argwhere(facts & apart)
    ]
    return sorted(found, key=lambda p: (-(p.score or 0.0), p.head, p.tail, p.relation))


def write_predictions(path: str | Path, predictions: Iterable[Prediction]) -> None:
    """Write predictions atomically; scores are rounded to 6 digits so that files compare."""
    write_json(
        path,
        [
            {"title": p.title, "h_idx": p.head, "t_idx": p.tail, "r": p.relation}
            | ({} if p.score is None else {"score": round(p.score, 6)})
            for p in predictions
        ],
        indent=None,
    )


class _Row(Struct):
    title: str
    h_idx: Whole
    t_idx: Whole
    r: str
    score: float | None = None


def read_predictions(path: str | Path, documents: Sequence[Document], schema: Schema) -> list[Prediction]:
    """Read predictions from anywhere, checked against the documents; a fact given twice counts once.

    Raises:
        InputError: broken JSON, a missing field, or a title, an entity or a relation that does not exist.
    """
    sizes = {document.title: len(document.entities) for document in documents}
    found: dict[tuple[str, int, str, int], Prediction] = {}
    for i, row in enumerate(read_typed(path, list[_Row])):
        problem = _problem(row, sizes, schema)
        if problem:
            raise InputError(problem[1], file=path, document=row.title, field=f"[{i}].{problem[0]}")
        prediction = Prediction(row.title, row.h_idx, row.r, row.t_idx, row.score)
        found.setdefault(prediction[:4], prediction)
    return list(found.values())


def _problem(row: _Row, sizes: Mapping[str, int], schema: Schema) -> tuple[str, str] | None:
    """The field and what is wrong with it.

    Args:
        sizes: document title -> number of entities.
    """
    if row.title not in sizes:
        return "title", "no such document in this split"
    for key, entity in (("h_idx", row.h_idx), ("t_idx", row.t_idx)):
        if not 0 <= entity < sizes[row.title]:
            return key, f"entity {entity} does not exist: there are {sizes[row.title]}"
    if row.r not in schema.relation_index:
        return "r", f"unknown relation {row.r!r}"
    return None
