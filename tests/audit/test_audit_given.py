"""LogiRE+ given the labels: the other labels of a document speak for a candidate, its own never does."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from audit_builders import SETTINGS, Hidden

from logire.audit.given import given_labels
from logire.corpus.dump import NEVER, ScoredDocument
from logire.corpus.prepared import PreparedCorpus
from logire.rules.extractor import Extractor
from logire.rules.outoffold import read_out_of_fold
from logire.rules.plus.model import LogiREPlus
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.queries import any_atom
from logire.rules.stages import ExtractorStage, apply_all

Fit = tuple[LogiREPlus, LogiREPlus, list[ScoredDocument]]


@pytest.fixture(scope="module", params=[3, 1])
def fit(request: pytest.FixtureRequest, world: Hidden) -> Fit:
    """A model of half of the documents, what it is given the labels, and the other documents."""
    corpus = PreparedCorpus.open(world.documents)
    documents = read_out_of_fold(world.dumps, corpus)
    chosen: dict[str, Any] = SETTINGS | {"max_length": request.param, "blend": [1.0]}
    settings = LogiREPlusSettings(**chosen)
    model = LogiREPlus(corpus.schema, settings, seed=1, device="cpu").fit(documents[:35], documents[35:45])
    return model, given_labels(model, documents[:35], documents[35:45]), documents[45:]


def test_a_candidates_own_label_is_not_in_its_score_and_others_are(fit: Fit) -> None:
    _, given, documents = fit
    document = documents[0]
    [before] = given.scores([document])
    n, _, relations = before.shape
    changed = 0
    for h, t, r in product(range(n), range(n), range(relations)):
        if h == t:
            continue
        labels = document.labels.copy()
        labels[h, t, r] = ~labels[h, t, r]
        [after] = given.scores([replace(document, labels=labels)])
        assert after[h, t, r] == before[h, t, r]
        changed += int((after != before).any())
    assert changed > n


def test_relations_of_an_entity_to_itself_say_nothing(fit: Fit) -> None:
    _, given, documents = fit
    document = documents[1]
    labels = document.labels.copy()
    labels[np.arange(len(labels)), np.arange(len(labels))] = True
    [before], [after] = given.scores([document]), given.scores([replace(document, labels=labels)])
    np.testing.assert_array_equal(before, after)


def test_bodies_are_short_and_none_is_the_identity(fit: Fit) -> None:
    model, given, documents = fit
    stage, fitted = given.fitted.last, given.fitted
    relation = fitted.queries.triples[stage.rules.query_of_rule, 0].tolist()
    assert {len(body) for body in stage.rules.bodies} == {1, 2}
    assert all(body != (own,) for body, own in zip(stage.rules.bodies, relation, strict=True))
    assert fitted.stages[:-1] == model.fitted.stages[: model.fitted.explained_from + 1]
    assert fitted.kept == model.fitted.kept + 1
    assert given.settings == model.settings
    assert len(documents) == 15


def test_labelled_facts_are_atoms_that_hold(fit: Fit) -> None:
    """Phi of a path of two atoms, taken literally; context follows from the logits alone."""
    _, given, documents = fit
    fitted, document = given.fitted, documents[2]
    stage = fitted.last
    [seen] = apply_all(fitted.stages[:-1], [document], fitted.queries)
    assert stage.around([seen]) == [seen]
    atoms = np.where(document.labels, np.maximum(seen.logits, 4.0), seen.logits)
    atoms[np.arange(len(atoms)), np.arange(len(atoms))] = NEVER
    np.testing.assert_array_equal(stage.atoms([seen])[0].logits, atoms)
    p = 1 / (1 + np.exp(-atoms.astype(np.float64)))
    relations = p.shape[2]
    sure = np.ones((len(p), len(p)))
    np.fill_diagonal(sure, 0)

    def atom(a: int) -> np.ndarray:
        if a == any_atom(relations):
            return sure
        return p[:, :, a] if a < relations else p[:, :, a - relations].T

    rules = stage.rules
    alone = replace(stage, context=None, extractor=Extractor.zeros(rules))
    checked = 0
    for k in np.flatnonzero(stage.extractor.weights)[::7].tolist():
        q, body = int(rules.query_of_rule[k]), rules.bodies[k]
        weights = np.zeros(len(rules))
        weights[k] = 1.0
        found = ExtractorStage.apply(
            replace(alone, extractor=replace(alone.extractor, weights=weights)), [seen], fitted.queries
        )
        phi = atom(body[0]) if len(body) == 1 else (atom(body[0])[:, :, None] * atom(body[1])[None]).max(axis=1)
        r, head, tail = fitted.queries.triples[q]
        here = (document.types == head)[:, None] & (document.types == tail) & ~np.eye(len(p), dtype=np.bool_)
        residual = alone.extractor.residual[q] * seen.logits[:, :, r] + alone.extractor.bias[q]
        np.testing.assert_allclose(found[0].logits[:, :, r][here], (residual + phi)[here], atol=1e-4)
        checked += int(here.any())
    assert checked > 5
