"""A fitted model's facts under constraints: of documents in memory, and of a run on disk."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

from logire.constraints.checked import read_constraints
from logire.constraints.declared import Constraints
from logire.constraints.obey import Change, obey
from logire.constraints.told import Told, tell
from logire.corpus.document import BoolArray, Document, FloatArray, Schema
from logire.corpus.dump import ScoredDocument
from logire.corpus.runfolder import CONSTRAINED, changes_name, predictions_name
from logire.ground.digests import file_digest
from logire.ground.errors import InputError
from logire.ground.files import atomic
from logire.rules.model import RuleModel
from logire.rules.run import load_run, write_explained

log = logging.getLogger(__name__)


class Count(NamedTuple):
    """How many facts a constraint removed and added."""

    removed: int
    added: int


class Obeying:
    """Decides documents under constraints, for ``decide`` of :class:`logire.rules.model.RuleModel`.

    Attributes:
        changes: of every document that was decided, in this order.
        unproved: number of groups of facts whose decision is not proved to be the best.
    """

    def __init__(self, declared: Constraints, theta: float) -> None:
        self._declared, self._theta = declared, theta
        self.changes: list[tuple[Document, tuple[Change, ...]]] = []
        self.unproved = 0

    @classmethod
    def of(cls, model: RuleModel[Any], constraints: str | Path | Constraints) -> Self:
        """With a model's threshold.

        Raises:
            InputError: what :func:`logire.constraints.checked.read_constraints` raises of a file.
        """
        if not isinstance(constraints, Constraints):
            constraints = read_constraints(constraints, model.schema)
        return cls(constraints, model.fitted.theta)

    def __call__(self, document: ScoredDocument, scores: FloatArray) -> BoolArray:
        found = obey(scores, document.types, self._theta, self._declared)
        self.changes.append((document.document, found.changes))
        if found.unproved:
            log.warning("%s: the best decision found, not proved to be the best", document.title)
        self.unproved += found.unproved
        return found.facts

    def told(self, schema: Schema) -> Iterator[Told]:
        """All changes in words."""
        for document, changes in self.changes:
            yield from (tell(change, document, schema) for change in changes)


def predict_obeying(
    run: Path,
    split: str,
    constraints: Path,
    *,
    documents: Path | None = None,
    logits: Path | None = None,
    out: Path | None = None,
) -> tuple[Path, dict[str, Count]]:
    """Write the predictions of a run that obey constraints, their reasons, and what the constraints changed.

    Arguments as of :func:`logire.rules.run.predict_run`.

    Returns:
        The predictions file: ``out``, by default ``RUN/constrained/predictions-SPLIT.json``, for the run's own stay as
        they are. ``explanations-SPLIT.jsonl`` and ``constraints-SPLIT.json`` are beside it. And how many facts each
        constraint changed, most first.

    Raises:
        InputError: what reading the constraints and predicting raise, or the run's own files would be replaced.
    """
    file = out or run / CONSTRAINED / predictions_name(split)
    if out is None and documents is not None and documents.is_file():
        remedy = "say where the predictions on new documents go: --out NEW/predictions.json --split test"
        raise InputError("is missing", field="--out", remedy=remedy)
    if file.parent.resolve() == run.resolve():
        remedy = f"choose another folder, such as {run / CONSTRAINED}"
        raise InputError("would lie among the run's own predictions", file=file, field="--out", remedy=remedy)
    model, _, scored = load_run(run, split, documents=documents, logits=logits)
    obeying = Obeying.of(model, constraints)
    explained = list(model.explained(scored, decide=obeying))
    told = list(obeying.told(model.schema))
    counted = _counted(told)
    content = {
        "constraints": file_digest(constraints),
        "counts": {words: count._asdict() for words, count in counted.items()},
        "unproved": obeying.unproved,
        "changes": [one.as_dict() for one in told],
    }
    with atomic(file.parent / changes_name(split)) as listed:
        listed.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        write_explained(file, split, explained)
    return file, counted


def _counted(told: list[Told]) -> dict[str, Count]:
    """How many facts each constraint changed, most first."""
    found: dict[str, Count] = {}
    for one in told:
        removed, added = found.get(one.constraint, Count(0, 0))
        found[one.constraint] = Count(removed, added + 1) if one.fact.kept else Count(removed + 1, added)
    return dict(sorted(found.items(), key=lambda item: (-sum(item[1]), item[0])))
