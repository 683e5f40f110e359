"""The fitted rule model, whichever method fitted it: scores, predictions, rules to read, explanations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, cast

import numpy as np

from logire.corpus.document import BoolArray, FloatArray, Schema
from logire.corpus.dump import ScoredDocument
from logire.corpus.predictions import Prediction, held
from logire.ground.errors import InputError
from logire.ground.settings import Settings, settings_from
from logire.rules.explain import Explanation, Parts
from logire.rules.fitted import Fitted
from logire.rules.layout import sigmoid
from logire.rules.stages import apply_all
from logire.rules.store import load, save

if TYPE_CHECKING:
    import pandas as pd  # a third of a second, which predicting does without

S = TypeVar("S", bound=Settings)

Report = Callable[[str, int, int], None]
"""Called as report(what, done, total) on long steps."""

Decide = Callable[[ScoredDocument, FloatArray], BoolArray]
"""Which facts of a document hold, (N, N, R), by its scores (N, N, R)."""

History = list[dict[str, float]]
"""What a fit has tried so far, one row an iteration or a choice."""


def silent(what: str, done: int, total: int) -> None:
    """Report nothing."""


def ignore(history: History) -> None:
    """Log nothing."""


@dataclass(frozen=True)
class _Trace:
    """A document on its way through the last stages: the parts that each makes of its scores, and these scores."""

    document: ScoredDocument
    parts: tuple[Parts, ...]
    scores: FloatArray


class RuleModel(ABC, Generic[S]):
    """A rule model on top of a backbone's logits. Subclasses give ``name``, ``Settings`` and :meth:`fit`.

    Args:
        schema: relations and entity types, as ``PreparedCorpus.schema`` gives them.
        settings: every choice; the defaults of ``Settings`` where left out.
        seed: everything random is derived from it.
        device: where a rule generator is trained; ``auto`` takes a GPU if there is one.
    """

    name: ClassVar[str]
    Settings: ClassVar[type[Any]]

    def __init__(self, schema: Schema, settings: S | None = None, *, seed: int = 1, device: str = "auto") -> None:
        self.schema = schema
        self.settings: S = settings or self.Settings()
        self.seed = seed
        self.device = device
        self._fitted: Fitted | None = None

    @abstractmethod
    def fit(
        self,
        train: Sequence[ScoredDocument],
        dev: Sequence[ScoredDocument],
        *,
        checkpoint: Path | None = None,
        report: Report = silent,
        log: Callable[[History], None] = ignore,
    ) -> Self:
        """Learn on ``train``; everything that is chosen is chosen on ``dev``."""

    @classmethod
    def learns_generator(cls, settings: S) -> bool:
        """Whether a fit with these settings trains a rule generator, and so needs torch."""
        return True

    @property
    def fitted(self) -> Fitted:
        """What the fit has left behind.

        Raises:
            InputError: the model is not fitted.
        """
        if self._fitted is None:
            raise InputError("this model is not fitted", remedy="call fit() first, or load() a run")
        return self._fitted

    @property
    def history(self) -> pd.DataFrame:
        """What the fit has tried; empty before it."""
        if self._fitted is not None:
            return self._fitted.history
        import pandas as pd

        return pd.DataFrame()

    def scores(self, documents: Sequence[ScoredDocument]) -> list[FloatArray]:
        """For each document (N, N, R) score(q, z).

        The diagonal and rejected candidates are :data:`logire.rules.fitted.REJECTED`.
        """
        fitted = self.fitted
        return fitted.finished(apply_all(fitted.stages, documents, fitted.queries))

    def predict(self, documents: Sequence[ScoredDocument], *, decide: Decide | None = None) -> list[Prediction]:
        """The facts whose score reaches the dev threshold, or that ``decide`` holds, by document, best first."""
        return self._decided(documents, self.scores(documents), decide)

    def predict_dev(self, dev: Sequence[ScoredDocument]) -> list[Prediction]:
        """What :meth:`predict` gives for the fit's dev documents; scores that the fit still has are not made anew."""
        fitted = self.fitted
        return self._decided(dev, fitted.finished(fitted.dev)) if fitted.dev else self.predict(dev)

    def _decided(
        self, documents: Sequence[ScoredDocument], scores: Sequence[FloatArray], decide: Decide | None = None
    ) -> list[Prediction]:
        found: list[Prediction] = []
        for document, of_document in zip(documents, scores, strict=True):
            found += self._held(document, of_document, decide)
        return found

    def _held(self, document: ScoredDocument, scores: FloatArray, decide: Decide | None) -> list[Prediction]:
        facts = decide(document, scores) if decide else scores >= self.fitted.theta
        return held(document.document, scores, facts, self.schema)

    def rules(self, relation: str | None = None) -> pd.DataFrame:
        """The learnt rules, of one relation or all; columns as in :data:`logire.rules.ruletable.COLUMNS`.

        Raises:
            InputError: the schema has no such relation.
        """
        table = self.fitted.table
        if relation is None:
            return table
        self._check_relation(relation)
        return table[table["relation"] == relation].reset_index(drop=True)

    def explain(
        self, document: ScoredDocument, head: int, tail: int, relation: str | None = None, *, most: int = 5
    ) -> list[Explanation]:
        """Why the relations of (head, tail) got their scores; without ``relation``, every predicted one.

        Args:
            most: how many reasons to keep, the largest contributions first.

        Raises:
            InputError: there is no such entity or relation.
        """
        n = len(document.types)
        for name, entity in (("head", head), ("tail", tail)):
            if not 0 <= entity < n:
                raise InputError(f"entity {entity} does not exist: there are {n}", document=document.title, field=name)
        if relation is not None:
            self._check_relation(relation)
        [trace] = self._traces([document])
        predicted = np.flatnonzero(trace.scores[head, tail] >= self.fitted.theta).tolist()
        asked = predicted if relation is None else [self.schema.relation_index[relation]]
        return [self._explanation(trace, head, tail, r, most) for r in asked]

    def explanations(self, documents: Sequence[ScoredDocument], *, most: int = 5) -> Iterator[dict[str, Any]]:
        """Every prediction with its reasons, as JSON objects (entity names, atom scores)."""
        for _, explained in self.explained(documents, most=most):
            yield explained

    def explained(
        self, documents: Sequence[ScoredDocument], *, most: int = 5, decide: Decide | None = None
    ) -> Iterator[tuple[Prediction, dict[str, Any]]]:
        """What :meth:`predict` and :meth:`explanations` give, side by side for the price of one."""
        for trace in self._traces(documents):
            for p in self._held(trace.document, trace.scores, decide):
                r = self.schema.relation_index[p.relation]
                yield p, self._explanation(trace, p.head, p.tail, r, most).as_dict(trace.document, self.schema)

    def explained_facts(
        self, documents: Sequence[ScoredDocument], facts: Sequence[Sequence[tuple[int, int, int]]], *, most: int = 5
    ) -> Iterator[list[Explanation]]:
        """Why chosen candidates (head, tail, number of the relation) got their scores, document by document."""
        for trace, asked in zip(self._traces(documents), facts, strict=True):
            yield [self._explanation(trace, h, t, r, most) for h, t, r in asked]

    def _traces(self, documents: Sequence[ScoredDocument]) -> Iterator[_Trace]:
        """Each document's way through the stages; path searches are shared by all of its facts."""
        fitted = self.fitted
        first, queries = fitted.explained_from, fitted.queries
        step = apply_all(fitted.stages[:first], documents, queries)
        parts: list[list[Parts]] = []
        for stage in fitted.stages[first:]:
            parts.append(stage.parts(step, queries))
            step = stage.apply(step, queries)
        for d, (document, scores) in enumerate(zip(documents, fitted.finished(step), strict=True)):
            yield _Trace(document, tuple(of_stage[d] for of_stage in parts), scores)

    def _explanation(self, trace: _Trace, head: int, tail: int, r: int, most: int) -> Explanation:
        fitted, document = self.fitted, trace.document
        first, *later = (parts(head, tail, r, most) for parts in trace.parts)
        # The stages after the extractor take its score as it is, and only add reasons.
        reasons = [reason for part in (first, *later) for reason in part.reasons]
        reasons.sort(key=lambda reason: (-abs(reason.contribution), reason.body))
        seen = fitted.queries.index[r, document.types[head], document.types[tail]] >= 0
        return Explanation(
            title=document.title,
            head=head,
            relation=self.schema.relations[r],
            tail=tail,
            score=float(trace.scores[head, tail, r]),
            theta=fitted.theta,
            bias=first.bias,
            residual=first.residual if seen or not fitted.rejects_unseen else 0.0,
            backbone=float(sigmoid(document.logits[head, tail, r])),
            reasons=tuple(reasons[:most]),
            context=first.context,
            dropped=sum(part.dropped for part in later),
        )

    def _check_relation(self, relation: str) -> None:
        if relation not in self.schema.relation_index:
            raise InputError(f"unknown relation {relation!r}", remedy=f"one of {', '.join(self.schema.relations)}")

    def save(self, folder: str | Path) -> None:
        """Write ``model.safetensors``, ``rules.csv`` and ``history.csv``."""
        save(
            Path(folder),
            self.fitted,
            method=self.name,
            seed=self.seed,
            schema=self.schema,
            settings=cast(Any, self.settings).model_dump(),
        )

    @classmethod
    def load(cls, folder: str | Path, *, device: str = "auto") -> Self:
        """Read what :meth:`save` wrote.

        Raises:
            InputError: a file is missing or damaged, or belongs to another method.
        """
        fitted, origin = load(Path(folder), method=cls.name)
        settings = settings_from(cls.Settings, origin.settings, where=cls.name)
        model = cls(Schema(origin.relations, origin.types), settings, seed=origin.seed, device=device)
        model._fitted = fitted
        return model
