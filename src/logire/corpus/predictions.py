"""Predictions in DocRED's submission format, with a score: ``[{"title", "h_idx", "t_idx", "r", "score"}, ...]``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from logire.corpus.document import Document, FloatArray, Schema
from logire.ground.errors import InputError
from logire.ground.files import read_json, write_json


class Prediction(NamedTuple):
    """A predicted fact ``relation(head, tail)`` of the document ``title``; the score is None where none is known."""

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
    hit = scores >= theta
    n = len(document.entities)
    hit[np.arange(n), np.arange(n)] = False
    found = [
        Prediction(document.title, int(h), schema.relations[r], int(t), float(scores[h, t, r]))
        for h, t, r in np.argwhere(hit)
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


def read_predictions(path: str | Path, documents: Sequence[Document], schema: Schema) -> list[Prediction]:
    """Read predictions from anywhere, checked against the documents; a fact given twice counts once.

    Raises:
        InputError: broken JSON, a missing field, or a title, an entity or a relation that does not exist.
    """
    rows = read_json(path)
    if not isinstance(rows, list):
        raise InputError("a list of predictions was expected", file=path)
    sizes = {document.title: len(document.entities) for document in documents}
    found: dict[tuple[str, int, str, int], Prediction] = {}
    for i, row in enumerate(rows):
        prediction = _prediction(row, f"[{i}]", path, sizes, schema)
        found.setdefault(prediction[:4], prediction)
    return list(found.values())


def _prediction(row: Any, field: str, path: str | Path, sizes: dict[str, int], schema: Schema) -> Prediction:
    if not isinstance(row, dict):
        raise InputError("an object was expected", file=path, field=field)
    for key, kind in (("title", str), ("h_idx", int), ("t_idx", int), ("r", str)):
        if not isinstance(row.get(key), kind):
            raise InputError(f"{kind.__name__} expected, {row.get(key)!r} found", file=path, field=f"{field}.{key}")
    title, head, tail, relation = row["title"], row["h_idx"], row["t_idx"], row["r"]
    if title not in sizes:
        raise InputError("no such document in this split", file=path, document=title, field=f"{field}.title")
    for key in ("h_idx", "t_idx"):
        if not 0 <= row[key] < sizes[title]:
            raise InputError(
                f"entity {row[key]} does not exist: there are {sizes[title]}",
                file=path,
                document=title,
                field=f"{field}.{key}",
            )
    if relation not in schema.relation_index:
        raise InputError(f"unknown relation {relation!r}", file=path, document=title, field=f"{field}.r")
    score = row.get("score")
    if score is not None and not isinstance(score, (int, float)):
        raise InputError(f"a number was expected, {score!r} found", file=path, document=title, field=f"{field}.score")
    return Prediction(title, head, relation, tail, None if score is None else float(score))
