"""LogiRE as a plug-in for any relation model: fit on its logits, predict, read the rules, explain."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from logire.corpus.document import FloatArray, Schema
from logire.corpus.dump import ScoredDocument
from logire.corpus.predictions import Prediction, predict
from logire.errors import InputError
from logire.files import atomic, write_text
from logire.rules.em import History, Report, ignore, learn, silent, unseen_mask
from logire.rules.explain import Explanation, Reason, best_path
from logire.rules.grounding import AtomScores, ground, sigmoid
from logire.rules.learnt import Learnt
from logire.rules.queries import Instances, QueryTypes
from logire.rules.ruletable import rule_table
from logire.rules.settings import LogiRESettings
from logire.runtime import pick_device
from logire.settings import settings_from

T = TypeVar("T")

REJECTED = -1000.0
"""The score of a candidate that the type filter rejects (as in the authors' code)."""


class LogiRE:
    """LogiRE (Ru et al., EMNLP 2021) on top of a backbone's logits.

    Args:
        schema: relations and entity types, as ``PreparedCorpus.schema`` gives them.
        settings: every choice; see :class:`LogiRESettings`.
        seed: everything random is derived from it.
        device: where the rule generator is trained; ``auto`` takes a GPU if there is one.

    Example::

        corpus = PreparedCorpus.open("data/dwie")
        train, dev, test = (read_dump("logits.safetensors", corpus, split) for split in SPLITS)
        model = LogiRE(corpus.schema, seed=1).fit(train, dev)
        predictions = model.predict(test)
        print(model.rules("royalty_of"))
    """

    def __init__(
        self,
        schema: Schema,
        settings: LogiRESettings | None = None,
        *,
        seed: int = 1,
        device: str = "auto",
    ) -> None:
        self.schema = schema
        self.settings = settings or LogiRESettings()
        self.seed = seed
        self.device = device
        self._queries: QueryTypes | None = None
        self._learnt: Learnt | None = None
        self._table: pd.DataFrame | None = None
        self.history = pd.DataFrame()

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

    def fit(
        self,
        train: Sequence[ScoredDocument],
        dev: Sequence[ScoredDocument],
        *,
        checkpoint: Path | None = None,
        report: Report = silent,
        log: Callable[[History], None] = ignore,
    ) -> LogiRE:
        """Learn rules and weights by EM on ``train``; iteration and threshold are chosen on ``dev``.

        Args:
            checkpoint, report, log: a file to go on from after a kill, and what is told of the way; see
                :func:`logire.rules.em.learn`.

        Raises:
            InputError: a split is empty, or no training fact is labelled.
        """
        for name, split in (("training", train), ("development", dev)):
            if not split:
                raise InputError(f"the {name} split is empty", remedy="LogiRE needs labelled train and dev documents")
        self._queries = QueryTypes.of(train, self.schema)
        self._learnt, history = learn(
            train,
            dev,
            self.schema,
            self._queries,
            self.settings,
            seed=self.seed,
            device=pick_device(self.device),
            checkpoint=checkpoint,
            report=report,
            log=log,
        )
        self.history = pd.DataFrame(history)
        self._table = rule_table(self._learnt, self._queries, self.schema, train)
        return self

    def scores(self, documents: Sequence[ScoredDocument]) -> list[FloatArray]:
        """For each document (N, N, R) score(q, z); the diagonal and rejected candidates are :data:`REJECTED`."""
        learnt, queries = self.learnt, self.queries
        instances = Instances.of(documents, queries)
        features = ground(AtomScores.of(documents, queries), instances, learnt.rules, queries)
        values = learnt.extractor.scores(features, learnt.rules)
        relation = np.repeat(queries.triples[:, 0], np.diff(instances.start))
        result = []
        by_document = np.argsort(instances.document, kind="stable")
        bounds = np.searchsorted(instances.document[by_document], np.arange(len(documents) + 1))
        for d, document in enumerate(documents):
            scores = np.full(document.logits.shape, REJECTED, dtype=np.float32)
            if self.settings.unseen_types == "backbone":
                unseen = unseen_mask(document, queries)
                scores[unseen] = document.logits[unseen]
            rows = by_document[bounds[d] : bounds[d + 1]]
            scores[instances.head[rows], instances.tail[rows], relation[rows]] = values[rows]
            result.append(scores)
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
        scores = self.scores([document])[0][head, tail]
        theta = self.learnt.theta
        asked = (
            [self.schema.relation_index[relation]] if relation is not None else np.flatnonzero(scores >= theta).tolist()
        )
        return [self._explanation(document, head, tail, r, float(scores[r]), theta, most) for r in asked]

    def explanations(self, documents: Sequence[ScoredDocument], *, most: int = 5) -> Iterator[dict[str, Any]]:
        """Every prediction with its reasons, as JSON objects (entity names, atom scores)."""
        theta = self.learnt.theta
        for document, scores in zip(documents, self.scores(documents), strict=True):
            for p in predict(document.document, scores, theta, self.schema):
                r = self.schema.relation_index[p.relation]
                score = float(scores[p.head, p.tail, r])
                explanation = self._explanation(document, p.head, p.tail, r, score, theta, most)
                yield explanation.as_dict(document, self.schema)

    def _explanation(
        self, document: ScoredDocument, head: int, tail: int, r: int, score: float, theta: float, most: int
    ) -> Explanation:
        learnt = self.learnt
        q = int(self.queries.index[r, document.types[head], document.types[tail]])
        probabilities = sigmoid(document.logits)
        reasons: list[Reason] = []
        if q >= 0:
            part = learnt.rules.query(q)
            reasons = [
                Reason(body, float(weight), best_path(probabilities, body, head, tail))
                for body, weight in zip(learnt.rules.bodies[part], learnt.extractor.weights[part], strict=True)
            ]
            reasons.sort(key=lambda reason: (-abs(reason.contribution), reason.body))
        return Explanation(
            title=document.title,
            head=head,
            relation=self.schema.relations[r],
            tail=tail,
            score=score,
            theta=theta,
            bias=float(learnt.extractor.bias[q]) if q >= 0 else 0.0,
            backbone=float(probabilities[head, tail, r]),
            reasons=tuple(reasons[:most]),
        )

    def save(self, folder: str | Path) -> None:
        """Write ``extractor.safetensors``, ``generator.safetensors``, ``rules.csv`` and ``history.csv``."""
        folder, learnt = Path(folder), self.learnt
        notes = {
            "seed": self.seed,
            "settings": asdict(self.settings),
            "relations": self.schema.relations,
            "types": self.schema.types,
            "learnt": learnt.notes(),
        }
        tensors = learnt.tensors() | {"triples": torch.from_numpy(self.queries.triples)}
        with atomic(folder / "extractor.safetensors") as file:
            save_file(tensors, file, metadata={"logire": json.dumps(notes)})
        with atomic(folder / "generator.safetensors") as file:
            save_file({name: value.contiguous() for name, value in learnt.generator.items()}, file)
        write_text(folder / "rules.csv", self.rules().to_csv(index=False, float_format="%.6g"))
        write_history(folder / "history.csv", self.history)

    @classmethod
    def load(cls, folder: str | Path, *, device: str = "auto") -> LogiRE:
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
        settings = settings_from(LogiRESettings, notes["settings"], where="logire")
        model = cls(schema, settings, seed=notes["seed"], device=device)
        model._queries = QueryTypes.from_triples(values.pop("triples").numpy(), schema)
        model._learnt = Learnt.of(values, notes["learnt"], generator)
        model._table, model.history = table, history
        return model


def write_history(file: Path, history: pd.DataFrame) -> None:
    """Write the EM history as CSV, atomically."""
    write_text(file, history.to_csv(index=False, float_format="%.9g"))
