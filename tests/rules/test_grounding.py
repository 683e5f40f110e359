"""Grounding against a literal search over all paths (paper, section 3.2)."""

from __future__ import annotations

import json
import math
from importlib.resources import files
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules_builders import BODIES_WITH_ANY, all_candidates, relogited

from logire.corpus.annotations import read_dwie
from logire.corpus.document import Schema, training_facts
from logire.corpus.dump import NEVER, scored
from logire.corpus.predictions import predict
from logire.corpus.sources.dwie import dwie_schema
from logire.evaluation.scoring import evaluate
from logire.ground.thresholds import best_threshold
from logire.rules import grounding
from logire.rules.explain import BestPaths
from logire.rules.grounding import Split, ground, unseen
from logire.rules.layout import AtomScores, Instances, sigmoid
from logire.rules.queries import QueryTypes, RuleSet


def atom_matrix(probabilities: np.ndarray, atom: int) -> np.ndarray:
    n, _, r = probabilities.shape
    if atom == 2 * r:
        return np.array([[float(i != j) for j in range(n)] for i in range(n)])
    return probabilities[:, :, atom] if atom < r else probabilities[:, :, atom - r].T


def brute_force(probabilities: np.ndarray, body: tuple[int, ...], head: int, tail: int) -> float:
    n, best = len(probabilities), 0.0
    steps = [atom_matrix(probabilities, atom).tolist() for atom in body]
    for between in product(range(n), repeat=len(body) - 1):
        score, at = 1.0, head
        for step, following in zip(steps, (*between, tail), strict=True):
            score *= step[at][following]
            at = following
        best = max(best, score)
    return best


def dense(probabilities: np.ndarray, body: tuple[int, ...]) -> np.ndarray:
    result = atom_matrix(probabilities, body[0]).astype(np.float64)
    for atom in body[1:]:
        result = (result[:, :, None] * atom_matrix(probabilities, atom)[None]).max(axis=1)
    return result


def rule_set(queries: QueryTypes, bodies: list[set[tuple[int, ...]]]) -> RuleSet:
    return RuleSet.of([dict.fromkeys(b, 1) for b in bodies], [dict.fromkeys(b, 0.0) for b in bodies])


@given(seed=st.integers(0, 10_000), data=st.data(), self_pairs=st.booleans())
@settings(max_examples=60, deadline=None)
def test_features_equal_a_search_over_all_paths(seed, data, self_pairs, random_documents, schema):
    documents = random_documents(seed)
    queries = QueryTypes.of(documents, schema)
    # the same bodies for several query types, prefixes of each other among them
    bodies = [data.draw(st.sets(BODIES_WITH_ANY, min_size=1, max_size=4)) for _ in range(len(queries))]
    rules = rule_set(queries, bodies)
    instances = Instances.of(documents, queries, self_pairs=self_pairs)
    features = ground(AtomScores.of(documents, queries), instances, rules, queries)
    checked = 0
    for q in range(len(queries)):
        matrix = features.blocks[q].features
        for i, row in enumerate(range(instances.start[q], instances.start[q + 1])):
            probabilities = sigmoid(documents[instances.document[row]].logits)
            for k, rule in enumerate(rules.bodies[rules.query(q)]):
                expected = brute_force(probabilities, rule, instances.head[row], instances.tail[row])
                assert matrix[i, k] == pytest.approx(expected, abs=1e-6)
                checked += 1
    assert checked == features.values.size


def test_features_can_live_in_a_file(tmp_path, random_documents, schema):
    documents = random_documents(3)
    queries = QueryTypes.of(documents, schema)
    rules = rule_set(queries, [{(0,), (1, 4)} for _ in range(len(queries))])
    instances, atoms = Instances.of(documents, queries), AtomScores.of(documents, queries)
    in_memory = ground(atoms, instances, rules, queries)
    mapped = ground(atoms, instances, rules, queries, storage=tmp_path / "not" / "there" / "features.bin")
    assert isinstance(mapped.values, np.memmap)
    np.testing.assert_array_equal(mapped.values, in_memory.values)


@given(seed=st.integers(0, 10_000), body=BODIES_WITH_ANY)
@settings(max_examples=40, deadline=None)
def test_best_path_has_the_score_of_the_best_of_all_paths(seed, body, random_documents):
    (document,) = random_documents(seed, count=1, largest=6)
    probabilities = sigmoid(document.logits)
    n = len(document.types)
    for head, tail in product(range(n), repeat=2):
        path = BestPaths(probabilities).find(body, head, tail)
        assert path.entities[0] == head
        assert path.entities[-1] == tail
        assert len(path.scores) == len(body)
        assert path.score == pytest.approx(brute_force(probabilities, body, head, tail), abs=1e-6)


@pytest.mark.parametrize("self_pairs", [False, True])
def test_instances_are_all_pairs_of_the_types_self_pairs_where_asked_for(self_pairs, random_documents, schema):
    documents = random_documents(11, count=3)
    queries = QueryTypes.of(documents, schema)
    instances = Instances.of(documents, queries, self_pairs=self_pairs)
    found = {
        (q, int(instances.document[row]), int(instances.head[row]), int(instances.tail[row]))
        for q in range(len(queries))
        for row in range(instances.start[q], instances.start[q + 1])
    }
    expected = {
        (q, d, h, t)
        for q, (_, head_type, tail_type) in enumerate(queries.triples)
        for d, document in enumerate(documents)
        for h, t in product(range(len(document.types)), repeat=2)
        if (h != t or self_pairs) and document.types[h] == head_type and document.types[t] == tail_type
    }
    assert found == expected
    assert len(instances) == len(expected)
    assert instances.labels.sum() == sum(d.labels.sum() for d in documents) == instances.gold


def test_self_pairs_by_hand(document, schema):
    """in0(e0, e1), in0(e1, e1), and what the rule in0 ^ ~in0 finds for an entity and itself: the way there and back."""
    logits = np.full((2, 2, 3), -200.0)
    logits[0, 1, 0] = 0.0
    item = document(schema, [0, 0], [(0, 0, 1), (1, 0, 1)], logits)
    queries = QueryTypes.of([item], schema)
    instances = Instances.of([item], queries, self_pairs=True)
    assert list(zip(instances.head, instances.tail, instances.labels, strict=True)) == [
        (0, 0, False), (0, 1, True), (1, 0, False), (1, 1, True)
    ]  # fmt: skip
    assert instances.logits[0] == instances.logits[3] == NEVER
    found = ground(AtomScores.of([item], queries), instances, rule_set(queries, [{(0, 3), (0,)}]), queries)
    np.testing.assert_allclose(found.values.reshape(4, 2), [[0, 0.25], [0.5, 0], [0, 0], [0, 0]], atol=1e-7)


@pytest.mark.parametrize("of_any_type", [False, True])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_the_authors_ign_f1_is_the_metric_of_the_predictions(of_any_type, seed, random_documents, document, schema):
    """Labelled self-pairs and candidates of no query type among the facts."""
    train = random_documents(seed, count=1, largest=4)
    known = training_facts([d.document for d in train])
    made = [*random_documents(seed + 1, count=3), document(schema, [0, 1], [(0, 0, 0), (0, 2, 1)], title="itself")]
    dev = [scored(d.document, d.logits, schema, known) for d in made]
    queries = QueryTypes.of(train, schema)
    split = Split.of(dev, queries)
    scores = split.instances.logits.astype(np.float64)
    theta, _ = split.threshold(scores, unseen=of_any_type)
    predictions = []
    for d in dev:
        rejected = unseen(d, queries) & (not of_any_type)
        predictions += predict(d.document, np.where(rejected, np.float32(-1000.0), d.logits), theta, schema)
    expected = evaluate(predictions, [d.document for d in dev], schema, known).metrics["ign_f1_logire"]
    assert 100.0 * split.ign_f1_logire(scores, unseen=of_any_type) == pytest.approx(expected, abs=1e-9)


def test_the_authors_ign_f1_by_hand(document, schema):
    """One prediction, which is right and not known from training; and none at all."""
    item = document(schema, [0, 1], [(0, 2, 1)])
    split = Split.of([item], QueryTypes.of([item], schema))
    scores = split.instances.logits.astype(np.float64)
    assert scores.tolist() == [6.0]
    for unseen_too in (False, True):
        assert split.ign_f1_logire(scores, unseen=unseen_too) == 1.0
    nothing = Split.of([document(schema, [0, 1], [])], split.queries)
    assert nothing.ign_f1_logire(scores, unseen=True) == 0.0


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_atoms_are_laid_out_by_type_and_candidates_carry_their_labels_and_logits(seed, random_documents, schema):
    documents = random_documents(seed)
    queries = QueryTypes.of(documents, schema)
    atoms, instances = AtomScores.of(documents, queries), Instances.of(documents, queries)
    for d, document in enumerate(documents):
        order = sorted(range(len(document.types)), key=lambda entity: (document.types[entity], entity))
        assert atoms.order[d].tolist() == order
        n = len(order)
        values = atoms.values[atoms.start[d] : atoms.start[d + 1]].reshape(3, n, n)
        for r, i, j in product(range(3), range(n), range(n)):
            expected = 1 / (1 + math.exp(-document.logits[order[i], order[j], r]))
            assert float(values[r, i, j]) == pytest.approx(expected, rel=1e-6)  # single precision
    relation = np.repeat(queries.triples[:, 0], np.diff(instances.start))
    for row, (d, h, t) in enumerate(zip(instances.document, instances.head, instances.tail, strict=True)):
        assert instances.labels[row] == documents[d].labels[h, t, relation[row]]
        assert instances.logits[row] == documents[d].logits[h, t, relation[row]]


def test_sigmoid_by_hand():
    logits = np.array([0.0, math.log(3.0), -200.0, 200.0, -1.0], dtype=np.float32)
    found = sigmoid(logits)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [0.5, 0.75, 0.0, 1.0, 0.26894143], rtol=1e-6)


@pytest.mark.parametrize("reach", [0, 1, 30])
@given(seed=st.integers(0, 10_000), ties=st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_threshold_is_that_of_all_candidates(reach, seed, ties, random_documents, schema, monkeypatch):
    """However few of the candidates of no query type it looks at first."""
    monkeypatch.setattr(grounding, "REACH", reach)
    train, dev = random_documents(seed, count=1, largest=3), random_documents(seed + 1, count=3)
    if ties:
        dev = [relogited(d, np.round(d.logits)) for d in dev]
    queries = QueryTypes.of(train, schema)
    assert any(unseen(d, queries).any() for d in dev) or len(queries) == 12
    split = Split.of(dev, queries)
    found = split.threshold(split.instances.logits.astype(np.float64), unseen=True)
    assert found == best_threshold(*all_candidates(dev))


def test_the_threshold_where_all_that_are_looked_at_first_are_just_all(document, schema, monkeypatch):
    """agent_of, of no query type: two candidates, as many as there are facts."""
    monkeypatch.setattr(grounding, "REACH", 1)
    logits = np.random.default_rng(1).normal(size=(2, 2, 3))
    dev = [document(schema, [0, 1], [(0, 0, 1), (0, 2, 1)], logits)]
    queries = QueryTypes.from_triples(np.array([[0, 0, 1], [0, 1, 0], [1, 0, 1], [1, 1, 0]]), schema)
    split = Split.of(dev, queries)
    found = split.threshold(split.instances.logits.astype(np.float64), unseen=True)
    assert found == best_threshold(*all_candidates(dev))


@pytest.mark.real_data
def test_a_large_real_document_equals_dense_max_product(real_data):
    schema: Schema = dwie_schema()
    raw = real_data / "dwie" / "annos_with_content.jsonl.gz"
    split = json.loads(files("logire.corpus").joinpath("data/dwie_split.json").read_text())
    documents = read_dwie(raw, {"dev": split["dev"]}, schema)["dev"]
    document = max(documents, key=lambda d: len(d.entities))
    n = len(document.entities)
    assert n > 60
    rng = np.random.default_rng(5)
    logits = rng.normal(-6, 3, (n, n, len(schema.relations))) + 9.0 * schema.labels(document)
    item = scored(document, logits.astype(np.float32), schema)
    queries = QueryTypes.of([item], schema)
    pool = [tuple(int(a) for a in rng.integers(0, 130, rng.integers(1, 4))) for _ in range(30)]
    rules = rule_set(queries, [{pool[i] for i in rng.integers(0, 30, 6)} for _ in range(len(queries))])
    instances = Instances.of([item], queries)
    features = ground(AtomScores.of([item], queries), instances, rules, queries)
    probabilities = sigmoid(item.logits)
    for q in range(len(queries)):
        rows = slice(instances.start[q], instances.start[q + 1])
        for k, body in enumerate(rules.bodies[rules.query(q)]):
            expected = dense(probabilities, body)[instances.head[rows], instances.tail[rows]]
            np.testing.assert_allclose(features.blocks[q].features[:, k], expected, atol=1e-6)
