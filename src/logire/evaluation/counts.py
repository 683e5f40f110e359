"""Counting facts: labelled, predicted, both. Counts are integer arrays whose last axis holds :data:`COUNTS`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from logire.corpus.document import BoolArray, Document, IntArray, Schema, TrainingFacts
from logire.corpus.predictions import Prediction
from logire.ground.errors import InputError

COUNTS = ("gold", "predicted", "correct", "gold_in_train", "correct_in_train")
"""What is counted. ``in_train``: the fact occurs in training through any pair of its entities' mention names."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FactTable:
    """The distinct facts of a split that are labelled, predicted or both: F rows, ordered by document.

    Attributes:
        document: (F,) index of the document.
        head, tail: (F,) entity indices.
        relation: (F,) relation index.
        gold, predicted: (F,) whether the fact is labelled, is predicted.
        in_train: (F,) whether it is labelled and occurs in training by mention names.
    """

    document: IntArray
    head: IntArray
    tail: IntArray
    relation: IntArray
    gold: BoolArray
    predicted: BoolArray
    in_train: BoolArray

    def counts(self, group: IntArray, groups: int) -> IntArray:
        """(groups, 5) counts of the facts by their ``group`` (F,), a number from 0 to ``groups`` - 1."""
        flags = (
            self.gold,
            self.predicted,
            self.gold & self.predicted,
            self.in_train,
            self.in_train & self.predicted,
        )
        counts = [np.bincount(group[flag], minlength=groups) for flag in flags]
        return np.stack(counts, axis=-1).astype(np.int64)


def fact_table(
    predictions: Iterable[Prediction], documents: Sequence[Document], schema: Schema, training_facts: TrainingFacts
) -> FactTable:
    """Bring the labelled and the predicted facts of a split together; a fact given twice counts once.

    Raises:
        InputError: a prediction for a document that is not among ``documents``.
    """
    predicted: dict[str, set[tuple[int, int, int]]] = {document.title: set() for document in documents}
    for title, head, relation, tail, _ in predictions:
        if title not in predicted:
            raise InputError("a prediction for a document that is not in this split", document=title)
        predicted[title].add((head, tail, schema.relation_index[relation]))
    keys: list[tuple[int, int, int, int]] = []
    flags: list[tuple[bool, bool, bool]] = []
    for index, document in enumerate(documents):
        gold = {(fact.head, fact.tail, schema.relation_index[fact.relation]) for fact in document.facts}
        found = predicted[document.title]
        for fact in sorted(gold | found):
            keys.append((index, *fact))
            flags.append(
                (fact in gold, fact in found, fact in gold and _in_train(document, fact, schema, training_facts))
            )
    columns = np.array(keys, dtype=np.int64).reshape(-1, 4).T
    marks = np.array(flags, dtype=np.bool_).reshape(-1, 3).T
    return FactTable(*columns, *marks)


def _in_train(document: Document, fact: tuple[int, int, int], schema: Schema, training_facts: TrainingFacts) -> bool:
    head, tail, relation = fact
    name = schema.relations[relation]
    pairs = product(document.entities[head].names, document.entities[tail].names)
    return any(name in training_facts.get(pair, ()) for pair in pairs)
