"""ATLOP's and DREEAM's scores, an array (P, R + 1) for each document, as .npz or .npy.

The P pairs of N entities have the order in which these models take them: (0, 1), (0, 2), ..., (1, 0), (1, 2), ..., the
head first and without pairs of an entity with itself. Column 0 is the threshold class. A relation holds where it scores
higher, so the logit is the difference. The other columns have the order of ``rel2id.json`` without ``Na``.

A .npz has one array a document, under its title. A .npy has all documents' rows, in their order, one after the other.
Nothing in a file is executed: arrays of Python objects are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from logire.adapters.registry import Format, Source
from logire.adapters.scores import Adapted
from logire.corpus.document import Document, FloatArray
from logire.ground.errors import InputError
from logire.ground.files import check_file


def pair_logits(rows: npt.NDArray[Any], entities: int) -> FloatArray:
    """(P, R + 1) scores of the pairs of ``entities`` entities as logits (N, N, R); NaN on the diagonal."""
    result = np.full((entities, entities, rows.shape[1] - 1), np.nan, dtype=np.float32)
    result[~np.eye(entities, dtype=np.bool_)] = rows[:, 1:] - rows[:, :1]
    return result


def read(source: Source) -> Iterator[Adapted]:
    """The given documents with their scores.

    Raises:
        InputError: no documents or relations are given, a file is damaged or holds objects, a document has no scores,
            scores have no document, or a shape or a number is wrong.
    """
    assert source.given is not None
    if source.relations is None:
        remedy = "give --relations rel2id.json, the file that the model was trained with"
        raise InputError("the columns have no names", file=source.path, field="relations", remedy=remedy)
    arrays = _arrays(source)
    for title, document in source.given.items():
        rows = arrays[title]
        _check(source, document, rows, len(source.relations))
        logits = pair_logits(rows.astype(np.float32, copy=False), len(document.entities))
        kept = [r for r, name in enumerate(source.relations) if name not in source.options.leave_out]
        relations = tuple(source.relations[r] for r in kept)
        yield Adapted(document, relations, np.ascontiguousarray(logits[..., kept]))


def _arrays(source: Source) -> dict[str, npt.NDArray[Any]]:
    """Title -> rows, of every given document."""
    given = source.given or {}
    path = check_file(source.path)
    try:
        loaded = np.load(path, allow_pickle=False)
        arrays = None if isinstance(loaded, np.ndarray) else {name: np.asarray(loaded[name]) for name in loaded.files}
    except Exception as error:  # what numpy and zipfile raise on damaged bytes differs by where they are damaged
        problem = f"is not an array of numbers that can be read ({type(error).__name__})"
        remedy = "write it with numpy.save or numpy.savez, as arrays of floats, not of objects"
        raise InputError(problem, file=path, remedy=remedy) from error
    if arrays is None:
        return _divided(source, loaded)
    loaded.close()
    if odd := sorted(arrays.keys() ^ given.keys()):
        problem = "has scores, but is not among the documents" if odd[0] in arrays else "has no scores"
        remedy = "numpy.savez(file, **{title: scores}) for the very documents of --documents"
        raise InputError(problem, file=path, document=odd[0], remedy=remedy)
    return arrays


def _divided(source: Source, rows: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    given = source.given or {}
    sizes = [len(document.entities) * (len(document.entities) - 1) for document in given.values()]
    if rows.ndim != 2 or len(rows) != sum(sizes):
        problem = f"shape {rows.shape}, but the {len(sizes)} documents have {sum(sizes)} pairs of entities"
        remedy = "put the documents' scores one below the other, in their order: numpy.concatenate(scores)"
        raise InputError(problem, file=source.path, field="scores", remedy=remedy)
    return dict(zip(given, np.split(rows, np.cumsum(sizes)[:-1]), strict=True))


def _check(source: Source, document: Document, rows: npt.NDArray[Any], relations: int) -> None:
    n = len(document.entities)
    expected = n * (n - 1), relations + 1

    def wrong(problem: str, remedy: str) -> InputError:
        return InputError(problem, file=source.path, document=document.title, field="scores", remedy=remedy)

    if rows.shape != expected:
        remedy = "one row a pair (head, tail) without the diagonal, the threshold class's column first"
        if rows.shape == (expected[0], relations):
            remedy = "the threshold class is missing: dump the model's scores before its decision"
        raise wrong(f"shape {rows.shape}, {expected} expected: {n} entities, {relations} relations", remedy)
    if rows.dtype.kind not in "fiu":
        raise wrong(f"numbers of type {rows.dtype}", "write floats")
    if not np.isfinite(rows).all():
        pair, column = np.argwhere(~np.isfinite(rows))[0].tolist()
        raise wrong(
            f"the score of pair {pair}, class {column} is {rows[pair, column]}", "the model diverged: train again"
        )


FORMAT = Format(
    name="atlop",
    help="Scores (P, R + 1) of ATLOP or DREEAM, the threshold class first: .npz or .npy; needs --documents.",
    suffixes=(".npz", ".npy"),
    scores="logits",
    read=read,
    order=3,
    needs_documents=True,
)
