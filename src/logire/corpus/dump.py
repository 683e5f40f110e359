"""Logits dumps: all that LogiRE needs from a backbone, whichever it is.

A dump is one safetensors file. For every document it holds ``{split}/{title}/logits``, floats (N, N, R):
entry [h, t, r] is the backbone's logit of ``r(h, t)``, relations in the order of ``rel2id.json`` without ``Na``,
entities in the order of ``vertexSet``. A backbone that decides by a per-pair threshold class writes the logit minus
the threshold's. The diagonal is ignored (:data:`NEVER` is put there on reading). Labels and ``in_train`` follow from
the documents; a dump may carry its own as ``{split}/{title}/labels`` and ``.../in_train``, bool (N, N, R).

A compact dump, some fifty times smaller, has ``{split}/{title}/cells`` and so on (:mod:`logire.corpus.compact`) and is
read like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from logire.corpus import compact
from logire.corpus.authors_dump import authors_arrays, is_torch_file
from logire.corpus.document import BoolArray, Document, FloatArray, IntArray, Schema, TrainingFacts
from logire.corpus.predictions import Prediction, predict
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.stored import stored_arrays
from logire.ground.errors import InputError
from logire.ground.files import atomic, check_file
from logire.ground.thresholds import Threshold, best_of_documents

NEVER = -30.0
"""The logit of what is impossible: a relation of an entity to itself."""

FORMAT = "logire-logits-1"
"""What the metadata of a full dump say as ``format``."""


@dataclass(frozen=True)
class ScoredDocument:
    """A document with its backbone's logits.

    Attributes:
        document: the document itself (names and mentions, for explanations).
        types: (N,) entity type indices.
        logits: (N, N, R) float32, finite; the diagonal is :data:`NEVER`.
        labels: (N, N, R) bool.
        in_train: (N, N, R) bool, the fact occurs in training by mention names.
    """

    document: Document
    types: IntArray
    logits: FloatArray
    labels: BoolArray
    in_train: BoolArray

    @property
    def title(self) -> str:
        return self.document.title


def scored(
    document: Document,
    logits: FloatArray,
    schema: Schema,
    facts: TrainingFacts | None = None,
    *,
    file: str | Path | None = None,
) -> ScoredDocument:
    """Put a document and its logits together, checked.

    Args:
        facts: the training facts by name, for ``in_train``; without them it is all false.
        file: where the logits come from, for error messages.

    Raises:
        InputError: the logits' shape is not (N, N, R), or they hold NaN or infinity.
    """
    n, r = len(document.entities), len(schema.relations)
    if logits.shape != (n, n, r):
        raise InputError(
            f"logits of shape {tuple(logits.shape)}, but {n} entities and {r} relations need {(n, n, r)}",
            file=file,
            document=document.title,
            field="logits",
            remedy=_right_shape(logits, n, r),
        )
    if not np.isfinite(logits).all():
        bad = tuple(int(i) for i in np.argwhere(~np.isfinite(logits))[0])
        raise InputError(
            f"the logit at (head, tail, relation) {bad} is {logits[bad]}",
            file=file,
            document=document.title,
            field="logits",
            remedy="the backbone diverged: lower its learning rate, or clip the logits before dumping",
        )
    logits = np.array(logits, dtype=np.float32)
    logits[np.arange(n), np.arange(n)] = NEVER
    labels = schema.labels(document)
    in_train = schema.in_train(document, facts) if facts else np.zeros_like(labels)
    return ScoredDocument(document, schema.entity_types(document), logits, labels, in_train)


def _right_shape(logits: FloatArray, n: int, r: int) -> str:
    """What to do about logits that are not (N, N, R)."""
    if logits.shape == (r, n, n) and r != n:
        return "the relations come first here and last in a dump: write logits.transpose(1, 2, 0)"
    if logits.shape != (n, n, r + 1):
        return "dump the logits for the same documents, entities and relations as in the documents folder"
    # No relation holds between most pairs, so that column is the largest of most.
    largest = np.bincount(logits[~np.eye(n, dtype=np.bool_)].argmax(axis=1), minlength=r + 1)
    column, rest, none = (0, "1:", ":1") if largest[0] >= largest[r] else (r, ":-1", "-1:")
    share = largest[column] / max(largest.sum(), 1)
    return (
        "one column is no relation of rel2id.json. That of no relation (Na, first or last; here column "
        f"{column} is the largest of {share:.0%} of the pairs) does not belong into a dump: logits[:, :, {rest}]. "
        "Where a relation is predicted if it scores above that class (ATLOP), subtract it: "
        f"logits[:, :, {rest}] - logits[:, :, {none}]"
    )


def dev_threshold(documents: Sequence[ScoredDocument]) -> Threshold:
    """The threshold with the best F1 on documents; facts with h = t count as missed."""
    return best_of_documents((document.logits, document.labels) for document in documents)


def above(documents: Sequence[ScoredDocument], theta: float, schema: Schema) -> list[Prediction]:
    """What logits predict by themselves: the facts whose logit is at least ``theta``, document by document."""
    return [p for document in documents for p in predict(document.document, document.logits, theta, schema)]


def write_dump(path: str | Path, logits: Mapping[str, Mapping[str, FloatArray]], *, floor: float | None = None) -> None:
    """Write a dump atomically.

    Args:
        logits: split -> document title -> (N, N, R).
        floor: write the compact form, in which logits above it are kept; None: all, in single precision.
    """
    tensors: dict[str, npt.NDArray[Any]] = {}
    for split, documents in logits.items():
        for title, array in documents.items():
            if floor is None:
                tensors[f"{split}/{title}/logits"] = np.ascontiguousarray(array, dtype=np.float32)
            else:
                tensors |= _packed(f"{split}/{title}", array, floor)
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata={"format": FORMAT if floor is None else compact.FORMAT})


def _packed(document: str, logits: FloatArray, floor: float, theta: float | None = None) -> dict[str, npt.NDArray[Any]]:
    """The tensors of one document's logits in a compact dump, by their names in it."""
    return {f"{document}/{part}": found for part, found in compact.pack(logits, floor, theta).items()}


def write_compact(path: str | Path, dump: Path, *, floor: float, theta: float | None = None) -> None:
    """Write the compact form of a dump atomically: what is read from it is nearly what is read from ``dump``.

    Args:
        floor: logits above it are kept, in half precision.
        theta: the backbone's decision threshold, where it has one: its predictions stay the same.

    Raises:
        InputError: ``dump`` cannot be read, is damaged, or a document's logits are not of shape (N, N, R).
    """
    tensors: dict[str, npt.NDArray[Any]] = {}
    for name, array in stored_arrays(dump, ""):
        document, _, key = name.rpartition("/")
        if key != "logits":
            continue
        if array.ndim != 3 or array.shape[0] != array.shape[1]:
            raise InputError(f"logits of shape {array.shape}", file=dump, document=document, field=key)
        tensors |= _packed(document, array, floor, theta)
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata={"format": compact.FORMAT})


def read_dump(path: str | Path, corpus: PreparedCorpus, split: str) -> list[ScoredDocument]:
    """Read one split of a dump, in the order of the corpus's documents.

    A file that ``torch.save`` wrote is read as the authors' dump (:mod:`logire.corpus.authors_dump`).

    Raises:
        InputError: the file is missing or damaged, a document has no logits (or logits no document), a shape or a
            value is wrong, or ``labels`` in the dump are not the documents' (off the diagonal).
    """
    documents = corpus.documents(split)
    arrays = dict(_arrays(path, split, documents, corpus.schema))
    unknown = sorted({title for title, _ in arrays} - {d.title for d in documents})
    missing = [d.title for d in documents if (d.title, "logits") not in arrays]
    if unknown or missing:
        raise InputError(
            f"{split}: {len(missing)} documents have no logits, "
            f"{len(unknown)} have logits but are not in {corpus.path}",
            file=path,
            document=(missing or unknown)[0],
            remedy="dump the logits of the very documents that this folder holds",
        )
    result = []
    facts = corpus.training_facts if corpus.has_training_documents else None
    for document in documents:
        item = scored(document, arrays[document.title, "logits"], corpus.schema, facts, file=path)
        for key, ours in (("labels", item.labels), ("in_train", item.in_train)):
            given = arrays.get((document.title, key))
            if given is not None and given.shape != ours.shape:
                raise InputError(
                    f"shape {tuple(given.shape)}, {ours.shape} expected",
                    file=path,
                    document=document.title,
                    field=key,
                )
            # The diagonal is ignored: exporters differ in whether they keep relations of an entity to itself.
            apart = ~np.eye(len(ours), dtype=np.bool_)
            if given is not None and key == "labels" and not np.array_equal(given[apart], ours[apart]):
                raise InputError(
                    "these are not the document's labels",
                    file=path,
                    document=document.title,
                    field=key,
                    remedy="the dump was made from other documents, or with the entities or relations in other order",
                )
        result.append(item)
    return result


def _arrays(
    path: str | Path, split: str, documents: tuple[Document, ...], schema: Schema
) -> Iterator[tuple[tuple[str, str], FloatArray]]:
    """Yield ((title, key), array) of one split."""
    path = check_file(path, remedy="give the logits that a backbone dumped")
    if is_torch_file(path):
        yield from authors_arrays(path, split, documents, schema)
        return
    for name, array in stored_arrays(path, f"{split}/"):
        title, _, key = name.partition("/")[2].rpartition("/")
        yield (title, key), array.astype(np.float32 if key == "logits" else np.bool_, copy=False)
