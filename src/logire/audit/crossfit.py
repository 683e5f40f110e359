"""Scores that no label speaks for itself in: groups of documents, each scored by a model of the others."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from logire.audit.combined import Combined
from logire.audit.confidence import RuleConfidence
from logire.audit.given import given_labels
from logire.corpus.document import Document, FloatArray, Schema
from logire.corpus.dump import NEVER, ScoredDocument, dev_threshold
from logire.corpus.matching import matched
from logire.ground.errors import InputError
from logire.ground.runtime import derive_seed
from logire.ground.settings import settings_from
from logire.rules.model import Report, RuleModel
from logire.rules.plus.model import LogiREPlus
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.queries import QueryTypes
from logire.rules.run import load_run

log = logging.getLogger(__name__)

DEV_SHARE = 5
"""One in five of the other groups' documents chooses."""


@dataclass(frozen=True)
class Group:
    """Documents and a model that was fitted on none of them.

    Attributes:
        places: of each document, its place in the split.
        theta: the backbone's threshold on the dev documents that the model was chosen on.
        confidence: what rules alone say, from the labels that the model was fitted on.
        given: the model given the labels; a fitted run, which has no training logits that are out of fold, itself.
        combined: how its margin and the confidence are weighed together, fitted on the same dev documents.
    """

    documents: Sequence[ScoredDocument]
    places: Sequence[int]
    model: RuleModel[Any]
    theta: float
    confidence: RuleConfidence
    given: RuleModel[Any]
    combined: Combined

    def margins(self) -> list[FloatArray]:
        """(N, N, R) of each document: the model's score above its threshold."""
        return _margins(self.model, self.documents)

    def given_margins(self) -> list[FloatArray]:
        """The same of the model that is given the labels."""
        return _margins(self.given, self.documents)


def _margins(model: RuleModel[Any], documents: Sequence[ScoredDocument]) -> list[FloatArray]:
    return [(scores - model.fitted.theta).astype(np.float32) for scores in model.scores(documents)]


def draw(count: int, groups: int, seed: int) -> list[tuple[list[int], list[int], list[int]]]:
    """Groups of ``count`` documents: of each, its own documents, those to fit on and those to choose on, by place.

    Raises:
        InputError: too few documents, or less than two groups.
    """
    if groups < 2 or count < 2 * groups:
        problem = f"{count} documents cannot make {groups} groups"
        raise InputError(problem, field="--groups", remedy="ask for at least 2, of 2 documents or more each")
    order = np.random.default_rng(derive_seed(seed, "audit", "groups", groups)).permutation(count)
    found = []
    for number in range(groups):
        own = np.sort(order[number::groups])
        others = np.setdiff1d(order, own)
        rng = np.random.default_rng(derive_seed(seed, "audit", "dev", groups, number))
        drawn = rng.permutation(others)
        dev = max(1, len(others) // DEV_SHARE)
        found.append((own.tolist(), np.sort(drawn[dev:]).tolist(), np.sort(drawn[:dev]).tolist()))
    return found


def cross_fitted(
    documents: Sequence[ScoredDocument],
    schema: Schema,
    *,
    groups: int,
    seed: int,
    settings: Mapping[str, Any],
    report: Report,
) -> Iterator[Group]:
    """Fit LogiRE+ for each group on the documents of the others.

    Args:
        settings: those of LogiRE+ that differ from the defaults.

    Raises:
        InputError: a bad setting, too few documents, or documents without the labels that a fit needs.
    """
    chosen: LogiREPlusSettings = settings_from(LogiREPlusSettings, settings, where="logire_plus")
    for number, (own, fit, dev) in enumerate(draw(len(documents), groups, seed), start=1):

        def told(what: str, done: int, total: int, group: str = f"group {number} of {groups}") -> None:
            report(f"{group}: {what}", done, total)

        train, chooses = ([documents[place] for place in places] for places in (fit, dev))
        model = LogiREPlus(schema, chosen, seed=seed).fit(train, chooses, report=told)
        confidence = RuleConfidence.of(train, model.fitted.queries)
        report(f"group {number} of {groups}: labels", 0, 1)
        given = given_labels(model, train, chooses)
        yield _group([documents[place] for place in own], own, model, given, chooses, confidence)


def fitted(run: Path, documents: Sequence[ScoredDocument], given: Schema) -> Group:
    """All documents as one group, scored by a fitted run. What comes back is in the order of the run's relations.

    Args:
        given: the relations and types of the documents.

    Raises:
        InputError: the run's own documents or logits are missing or have changed, or its relations are others.
    """
    model, corpus, dev = load_run(run, "dev")
    documents = matched(documents, given, model.schema)
    titles = {document.title for document in documents}
    known = sorted(titles & {document.title for document in corpus.train})
    if known:
        log.warning(
            "%s: %d of these documents, %s the first, are in the run's training split: their labels speak for "
            "themselves; leave --run out",
            run,
            len(known),
            known[0],
        )
    others = [document for document in corpus.train if document.title not in titles] or corpus.train
    train = [_labelled(document, model.schema) for document in others]
    confidence = RuleConfidence.of(train, QueryTypes.of(train, model.schema))
    return _group(documents, range(len(documents)), model, model, dev, confidence)


def _group(
    documents: Sequence[ScoredDocument],
    places: Sequence[int],
    model: RuleModel[Any],
    given: RuleModel[Any],
    dev: Sequence[ScoredDocument],
    confidence: RuleConfidence,
) -> Group:
    theta = dev_threshold(dev).theta
    if not all(map(isfinite, (theta, model.fitted.theta, given.fitted.theta))):
        problem = f"no threshold: none of the facts of the {len(dev)} documents that choose is a candidate"
        raise InputError(problem, remedy="give more documents, or fewer groups: --groups 2")
    combined = Combined.of(_margins(given, dev), [confidence.values(d) for d in dev], [d.labels for d in dev])
    return Group(documents, places, model, theta, confidence, given, combined)


def _labelled(document: Document, schema: Schema) -> ScoredDocument:
    """A document whose logits do not matter."""
    labels = schema.labels(document)
    logits = np.full(labels.shape, NEVER, dtype=np.float32)
    return ScoredDocument(document, schema.entity_types(document), logits, labels, np.zeros_like(labels))
