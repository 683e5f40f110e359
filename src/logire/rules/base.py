"""What every LogiRE model has: scores, predictions, rules to read, explanations, a form on disk."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar, cast

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from scipy.special import expit

from logire.corpus.document import FloatArray, Schema
from logire.corpus.dump import ScoredDocument
from logire.corpus.predictions import Prediction, predict
from logire.ground.errors import InputError
from logire.ground.files import atomic, write_text
from logire.ground.settings import settings_from
from logire.rules.em import History, Report, ignore, silent, unseen_mask
from logire.rules.explain import BestPaths, Explanation, Reason
from logire.rules.grounding import AtomScores, ground, sigmoid
from logire.rules.learnt import Learnt
from logire.rules.queries import Instances, QueryTypes, rescored

Closing = Callable[[int, int, int], Reason | None]

T = TypeVar("T")
S = TypeVar("S")

REJECTED = -1000.0
"""The score of a candidate that the type filter rejects (as in the authors' code)."""


@dataclass(frozen=True)
class _Explained:
    """A document as explanations look at it: path searches are shared by all of its facts.

    Attributes:
        document: with the backbone's logits.
        seen: as the last extractor sees it.
        paths: of the extractor's atoms.
        closing: why the extractor's scores changed after it.
    """

    document: ScoredDocument
    seen: ScoredDocument
    paths: BestPaths
    closing: Closing


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
        self._queries: QueryTypes | None = None
        self._learnt: Learnt | None = None
        self._table: pd.DataFrame | None = None
        self.history = pd.DataFrame()

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

    @property
    @abstractmethod
    def rejects_unseen(self) -> bool:
        """Whether candidates of no query type are rejected; else they keep the backbone's logit."""

    def entering(self, documents: Sequence[ScoredDocument]) -> list[ScoredDocument]:
        """The documents as the (last) extractor sees them."""
        return list(documents)

    def atoms(self, documents: Sequence[ScoredDocument]) -> list[ScoredDocument]:
        """Documents that :meth:`entering` gave, with the logits whose sigmoid are the atoms' probabilities."""
        return list(documents)

    def leaving(self, documents: Sequence[ScoredDocument]) -> list[ScoredDocument]:
        """Documents whose logits are the (last) extractor's scores, as they are predicted from."""
        return list(documents)

    def closing(self, extracted: ScoredDocument) -> Closing:
        """Of a document that :meth:`leaving` takes: (head, tail, relation) to why it changes the score, if it does."""
        del extracted
        return lambda head, tail, relation: None

    @property
    def queries(self) -> QueryTypes:
        """The query types seen in training."""
        return self._fitted(self._queries)

    @property
    def learnt(self) -> Learnt:
        """The chosen EM iteration: rules, extractor, generator, threshold."""
        return self._fitted(self._learnt)

    @staticmethod
    def _fitted(value: T | None) -> T:
        if value is None:
            raise InputError("this LogiRE is not fitted", remedy="call fit() first, or load() a run")
        return value

    def scores(self, documents: Sequence[ScoredDocument]) -> list[FloatArray]:
        """For each document (N, N, R) score(q, z); the diagonal and rejected candidates are :data:`REJECTED`."""
        return self._scores(self.entering(documents))

    def _scores(self, entering: Sequence[ScoredDocument]) -> list[FloatArray]:
        return self._finished(entering, self._extracted(entering))

    def _extracted(self, entering: Sequence[ScoredDocument]) -> list[ScoredDocument]:
        """The documents with the extractor's scores for logits."""
        learnt, queries = self.learnt, self.queries
        instances = Instances.of(entering, queries)
        features = ground(AtomScores.of(self.atoms(entering), queries), instances, learnt.rules, queries)
        return rescored(entering, instances, learnt.extractor.scores(features, learnt.rules, instances), queries)

    def _finished(self, entering: Sequence[ScoredDocument], extracted: Sequence[ScoredDocument]) -> list[FloatArray]:
        result = []
        for before, after in zip(entering, self.leaving(extracted), strict=True):
            scores = after.logits
            rejected = np.eye(len(scores), dtype=np.bool_)[:, :, None] | (
                unseen_mask(before, self.queries) if self.rejects_unseen else False
            )
            result.append(np.where(rejected, np.float32(REJECTED), scores))
        return result

    def predict(self, documents: Sequence[ScoredDocument]) -> list[Prediction]:
        """The facts whose score reaches the dev threshold, document by document, best first."""
        found: list[Prediction] = []
        theta = self.learnt.theta
        for document, scores in zip(documents, self.scores(documents), strict=True):
            found += predict(document.document, scores, theta, self.schema)
        return found

    def rules(self, relation: str | None = None) -> pd.DataFrame:
        """The learnt rules, of one relation or all; columns as in :data:`logire.rules.ruletable.COLUMNS`.

        Raises:
            InputError: no such relation.
        """
        table = self._fitted(self._table)
        if relation is None:
            return table
        if relation not in self.schema.relation_index:
            raise InputError(f"unknown relation {relation!r}", remedy=f"one of {', '.join(self.schema.relations)}")
        return table[table["relation"] == relation].reset_index(drop=True)

    def explain(
        self, document: ScoredDocument, head: int, tail: int, relation: str | None = None, *, most: int = 5
    ) -> list[Explanation]:
        """Why the relations of (head, tail) got their scores; without ``relation``, every predicted one.

        Args:
            most: how many reasons to keep, the largest contributions first.

        Raises:
            InputError: no such entity or relation.
        """
        n = len(document.types)
        for name, entity in (("head", head), ("tail", tail)):
            if not 0 <= entity < n:
                raise InputError(f"entity {entity} does not exist: there are {n}", document=document.title, field=name)
        if relation is not None and relation not in self.schema.relation_index:
            raise InputError(f"unknown relation {relation!r}", remedy=f"one of {', '.join(self.schema.relations)}")
        [(scored, scores)] = self._explained([document])
        predicted = np.flatnonzero(scores[head, tail] >= self.learnt.theta).tolist()
        asked = predicted if relation is None else [self.schema.relation_index[relation]]
        return [self._explanation(scored, head, tail, r, float(scores[head, tail, r]), most) for r in asked]

    def explanations(self, documents: Sequence[ScoredDocument], *, most: int = 5) -> Iterator[dict[str, Any]]:
        """Every prediction with its reasons, as JSON objects (entity names, atom scores)."""
        for scored, scores in self._explained(documents):
            for p in predict(scored.document.document, scores, self.learnt.theta, self.schema):
                r = self.schema.relation_index[p.relation]
                score = float(scores[p.head, p.tail, r])
                yield self._explanation(scored, p.head, p.tail, r, score, most).as_dict(scored.document, self.schema)

    def _explained(self, documents: Sequence[ScoredDocument]) -> Iterator[tuple[_Explained, FloatArray]]:
        """What explanations look at, and the final scores (N, N, R), of each document."""
        entering = self.entering(documents)
        extracted = self._extracted(entering)
        finished = self._finished(entering, extracted)
        for document, seen, after, scores in zip(documents, entering, extracted, finished, strict=True):
            paths = BestPaths(sigmoid(self.atoms([seen])[0].logits))
            yield _Explained(document, seen, paths, self.closing(after)), scores

    def _explanation(self, scored: _Explained, head: int, tail: int, r: int, score: float, most: int) -> Explanation:
        learnt, document = self.learnt, scored.document
        logit = float(scored.seen.logits[head, tail, r])
        q = int(self.queries.index[r, document.types[head], document.types[tail]])
        reasons: list[Reason] = []
        if q >= 0:
            part = learnt.rules.query(q)
            reasons = [
                Reason(body, float(weight), scored.paths.find(body, head, tail))
                for body, weight in zip(learnt.rules.bodies[part], learnt.extractor.weights[part], strict=True)
            ]
            if closing := scored.closing(head, tail, r):
                reasons.append(closing)
            reasons.sort(key=lambda reason: (-abs(reason.contribution), reason.body))
        return Explanation(
            title=document.title,
            head=head,
            relation=self.schema.relations[r],
            tail=tail,
            score=score,
            theta=learnt.theta,
            bias=float(learnt.extractor.bias[q]) if q >= 0 else 0.0,
            # A candidate of no query type keeps its logit, or is rejected.
            residual=(float(learnt.extractor.residual[q]) if q >= 0 else float(not self.rejects_unseen)) * logit,
            backbone=float(expit(document.logits[head, tail, r])),
            reasons=tuple(reasons[:most]),
        )

    def save(self, folder: str | Path) -> None:
        """Write ``extractor.safetensors``, ``generator.safetensors``, ``rules.csv`` and ``history.csv``."""
        folder, learnt = Path(folder), self.learnt
        notes = {
            "seed": self.seed,
            "settings": cast(Any, self.settings).model_dump(),
            "relations": self.schema.relations,
            "types": self.schema.types,
            "learnt": learnt.notes(),
            **self.more_notes(),
        }
        tensors = learnt.tensors() | {"triples": torch.from_numpy(self.queries.triples)} | self.more_tensors()
        with atomic(folder / "extractor.safetensors") as file:
            save_file(tensors, file, metadata={"logire": json.dumps(notes)})
        with atomic(folder / "generator.safetensors") as file:
            save_file({name: value.contiguous() for name, value in learnt.generator.items()}, file)
        write_text(folder / "rules.csv", self.rules().to_csv(index=False, float_format="%.6g"))
        write_history(folder / "history.csv", self.history)

    @classmethod
    def load(cls, folder: str | Path, *, device: str = "auto") -> Self:
        """Read what :meth:`save` wrote.

        Raises:
            InputError: a file is missing or damaged.
        """
        folder = Path(folder)
        file = folder / "extractor.safetensors"
        if not file.exists():
            raise InputError("does not exist", file=file, remedy="fit a run first: logire fit --out RUN")
        try:
            with safe_open(file, framework="pt") as tensors:
                notes = json.loads(tensors.metadata()["logire"])
                values = {name: tensors.get_tensor(name) for name in tensors.keys()}  # noqa: SIM118
            generator = load_file(folder / "generator.safetensors")
            table, history = pd.read_csv(folder / "rules.csv"), pd.read_csv(folder / "history.csv")
        except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
            raise InputError(f"is damaged ({error})", file=file, remedy="fit the run again") from error
        schema = Schema(tuple(notes["relations"]), tuple(notes["types"]))
        settings = settings_from(cls.Settings, notes["settings"], where=cls.name)
        model = cls(schema, settings, seed=notes["seed"], device=device)
        model._queries = QueryTypes.from_triples(values.pop("triples").numpy(), schema)
        model._learnt = Learnt.of(values, notes["learnt"], generator)
        model._table, model.history = table, history
        model.take_up(values, notes)
        return model

    def more_tensors(self) -> dict[str, torch.Tensor]:
        """What this kind of model saves beside what all have."""
        return {}

    def more_notes(self) -> dict[str, Any]:
        """The same, as JSON."""
        return {}

    def take_up(self, tensors: dict[str, torch.Tensor], notes: dict[str, Any]) -> None:
        """Read what :meth:`more_tensors` and :meth:`more_notes` gave."""
        del tensors, notes


def write_history(file: Path, history: pd.DataFrame) -> None:
    """Write the EM history as CSV, atomically."""
    write_text(file, history.to_csv(index=False, float_format="%.9g"))


def check_splits(train: Sequence[ScoredDocument], dev: Sequence[ScoredDocument]) -> None:
    """Raise InputError where a split is empty."""
    for name, split in (("training", train), ("development", dev)):
        if not split:
            raise InputError(f"the {name} split is empty", remedy="LogiRE needs labelled train and dev documents")
