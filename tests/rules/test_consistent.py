"""Facts decided together: what the stage makes of scores, what it says of it, and how it is chosen and stored."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_builders import QUICK, plus
from safetensors import safe_open
from safetensors.numpy import save_file

from logire.corpus.dump import dev_threshold
from logire.ground.errors import InputError
from logire.rules.consistency import OFFSETS, ConsistencyStage, choose_consistency
from logire.rules.plus.model import LogiREPlus
from logire.rules.queries import QueryTypes, Rule
from logire.rules.trusted import Denials, Mined

IN, GPE, AGENT = range(3)
CHOSEN = QUICK | {"blend": (1.0,), "consistency": (0.9,), "closure_support": 3, "context": []}


def all_types(schema) -> QueryTypes:
    triples = list(product(range(3), range(2), range(2)))
    return QueryTypes.from_triples(np.array(triples), schema)


def scores_of(n: int, given: dict[tuple[int, int, int], float]) -> np.ndarray:
    """(n, n, 3) scores, -9 but for some (head, relation, tail)."""
    scores = np.full((n, n, 3), -9.0)
    for (h, r, t), value in given.items():
        scores[h, t, r] = value
    return scores


def decided(document, schema, given: dict[tuple[int, int, int], float], stage: ConsistencyStage, n: int = 3):
    """The facts that reach the threshold, and the scores before and after."""
    before = document(schema, [0] * n, [], scores_of(n, given))
    [after] = stage.apply([before], all_types(schema))
    h, t, r = np.nonzero(after.logits >= stage.theta)
    return set(zip(h.tolist(), r.tolist(), t.tolist(), strict=True)), before, after


def test_a_head_is_raised_where_that_costs_less_than_its_body(document, schema) -> None:
    rule = ConsistencyStage((Rule(IN, (GPE, AGENT)),), Denials(), 1.0)
    facts, before, after = decided(document, schema, {(0, GPE, 1): 3.0, (1, AGENT, 2): 2.5, (0, IN, 2): 0.0}, rule)
    assert facts == {(0, GPE, 1), (1, AGENT, 2), (0, IN, 2)}
    assert after.logits[0, 2, IN] == 1.0
    untouched = np.ones_like(before.labels)
    untouched[0, 2, IN] = False
    np.testing.assert_array_equal(after.logits[untouched], before.logits[untouched])


def test_a_body_is_given_up_where_its_head_costs_more(document, schema) -> None:
    rule = ConsistencyStage((Rule(IN, (GPE, AGENT)),), Denials(), 1.0)
    facts, _, after = decided(document, schema, {(0, GPE, 1): 3.0, (1, AGENT, 2): 1.5, (0, IN, 2): -4.0}, rule)
    assert facts == {(0, GPE, 1)}
    assert after.logits[1, 2, AGENT] == np.nextafter(np.float32(1.0), np.float32(0.0))


def test_a_score_at_the_threshold_is_predicted_and_stays(document, schema) -> None:
    alone = ConsistencyStage((), Denials(), 1.0)
    facts, before, after = decided(document, schema, {(0, GPE, 1): 1.0, (1, GPE, 0): 0.999}, alone)
    assert facts == {(0, GPE, 1)}
    np.testing.assert_array_equal(before.logits, after.logits)


@pytest.mark.parametrize(
    ("denials", "given", "left"),
    [
        (Denials(apart=((IN, GPE),)), {(0, IN, 1): 2.0, (0, GPE, 1): 3.0, (1, IN, 0): 2.0}, {(0, GPE, 1), (1, IN, 0)}),
        (Denials(apart=((IN, IN + 3),)), {(0, IN, 1): 2.0, (1, IN, 0): 3.0}, {(1, IN, 0)}),
        (Denials(apart=((IN, AGENT + 3),)), {(0, IN, 1): 4.0, (1, AGENT, 0): 3.0}, {(0, IN, 1)}),
        (Denials(one_tail=(IN,)), {(0, IN, 1): 2.0, (0, IN, 2): 3.0, (1, IN, 2): 2.0}, {(0, IN, 2), (1, IN, 2)}),
        (Denials(one_head=(IN,)), {(0, IN, 2): 2.0, (1, IN, 2): 3.0, (0, IN, 1): 2.0}, {(1, IN, 2), (0, IN, 1)}),
    ],
)  # fmt: skip
def test_of_facts_that_exclude_each_other_the_best_stay(document, schema, denials, given, left) -> None:
    assert decided(document, schema, given, ConsistencyStage((), denials, 1.0))[0] == left


def test_rules_conclude_facts_of_known_types_alone(document, schema) -> None:
    stage = ConsistencyStage((Rule(IN, (GPE,)),), Denials(), 1.0)
    before = document(schema, [0, 1], [], scores_of(2, {(0, GPE, 1): 3.0, (0, IN, 1): 0.0}))
    known = QueryTypes.from_triples(np.array([[IN, 0, 1], [GPE, 0, 1]]), schema)
    other = QueryTypes.from_triples(np.array([[IN, 0, 0], [GPE, 0, 1]]), schema)
    for queries, concluded in ((known, True), (other, False)):
        [after] = stage.apply([before], queries)
        assert (after.logits[0, 1, IN] >= 1.0) == concluded


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_what_is_predicted_obeys_and_explanations_add_up(random_documents, schema, seed: int) -> None:
    rules = (Rule(IN, (GPE,)), Rule(AGENT, (IN, IN)), Rule(GPE, (AGENT + 3, IN)))
    stage = ConsistencyStage(rules, Denials(apart=((GPE, GPE + 3),), one_tail=(AGENT,)), 0.5)
    queries = all_types(schema)
    documents = random_documents(seed, count=2, largest=5)
    moved = 0
    made = stage.apply(documents, queries), stage.parts(documents, queries)
    for before, after, parts in zip(documents, *made, strict=True):
        facts = after.logits >= stage.theta
        n = len(facts)
        apart = ~np.eye(n, dtype=bool)
        atoms = [facts[:, :, r] for r in range(3)] + [facts[:, :, r].T for r in range(3)]
        for relation, body in rules:
            joined = atoms[body[0]]
            for atom in body[1:]:
                joined = (joined.astype(int) @ atoms[atom]) > 0
            assert not (joined & apart & ~facts[:, :, relation]).any()
        assert not (facts[:, :, GPE] & facts[:, :, GPE].T).any()
        assert facts[:, :, AGENT].sum(axis=1).max() <= 1
        for h, t, r in np.argwhere(np.broadcast_to(apart[:, :, None], facts.shape)).tolist():
            part = parts(h, t, r, 5)
            assert part.residual == before.logits[h, t, r]
            added = sum(reason.contribution for reason in part.reasons)
            assert part.residual + added + part.dropped == pytest.approx(after.logits[h, t, r], abs=1e-5)
            assert part.dropped <= 0 <= added
            for reason in part.reasons:
                moved += 1
                assert facts[h, t, r]
                path = reason.path
                assert (path.entities[0], path.entities[-1]) == (h, t)
                steps = zip(path.entities, reason.body, path.entities[1:], strict=False)
                assert all(atoms[atom][one, other] for one, atom, other in steps)


def test_confidence_and_threshold_are_the_best_on_dev(splits, corpus) -> None:
    train, dev, _ = splits
    queries = QueryTypes.of(train, corpus.schema)
    mined = Mined.of(train, queries, length=2, least=3)
    found = choose_consistency((0.5, 0.9), mined, train, dev, queries)
    assert len(found.tried) == 2 + len(OFFSETS) - 1
    assert found.threshold.f1 == max(row["dev_f1"] for row in found.tried)
    assert found.stage is not None
    [*first] = [row for row in found.tried if row["theta"] == np.float32(dev_threshold(dev).theta)]
    assert [row["consistency"] for row in first] == [0.9, 0.5]
    best = max(first, key=lambda row: row["dev_f1"])["consistency"]
    assert {row["consistency"] for row in found.tried[2:]} == {best}
    assert found.stage.rules == mined.of_any_types(best)
    right = sum(int(((d.logits >= found.stage.theta) & d.labels).sum()) for d in found.dev)
    predicted = sum(int((d.logits >= found.stage.theta).sum()) for d in found.dev)
    gold = sum(int(d.labels.sum()) for d in dev)
    assert found.threshold.f1 == pytest.approx(2 * right / (predicted + gold))


@pytest.fixture(scope="module")
def model(splits, corpus) -> LogiREPlus:
    train, dev, _ = splits
    return LogiREPlus(corpus.schema, plus(**CHOSEN), seed=1).fit(train, dev)


def test_a_model_predicts_and_explains_consistently(model: LogiREPlus, splits) -> None:
    assert isinstance(model.fitted.stages[-1], ConsistencyStage)
    assert model.fitted.stages[-1].rules
    assert model.predict_dev(splits[1]) == model.predict(splits[1])
    kinds = {reason["kind"] for row in model.explanations(splits[2], most=100) for reason in row["reasons"]}
    assert "constraint" in kinds
    test = splits[2][:3]
    dropped = 0
    for scored, before in zip(test, apply_before(model, test), strict=True):
        [after] = model.scores([scored])
        fell = np.argwhere((before.logits >= model.fitted.theta) & (after < model.fitted.theta)).tolist()
        for h, t, r in fell[:3]:
            [found] = model.explain(scored, h, t, model.schema.relations[r], most=10_000)
            assert found.dropped < 0
            total = found.bias + found.residual + sum(x.contribution for x in found.reasons) + found.dropped
            assert total == pytest.approx(found.score, abs=1e-3)
            assert found.as_dict(scored, model.schema)["dropped"] == round(found.dropped, 6)
            dropped += 1
    assert dropped


def apply_before(model: LogiREPlus, documents):
    """The documents with the scores that the last stage takes."""
    for stage in model.fitted.stages[:-1]:
        documents = stage.apply(documents, model.fitted.queries)
    return documents


def test_a_stored_model_decides_as_before(model: LogiREPlus, splits, tmp_path) -> None:
    model.save(tmp_path)
    again = LogiREPlus.load(tmp_path)
    assert again.fitted.stages[-1] == model.fitted.stages[-1]
    for one, other in zip(model.scores(splits[2]), again.scores(splits[2]), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("rules", [[0, [99_999]]], "a number is not from 0 to"),
        ("rules", [[-1, [0]]], "a number is not from 0 to"),
        ("rules", [[0, []]], r"metadata.stages.1.consistency.rules.0.1"),
        ("apart", [[0, -1]], "a number is not from 0 to"),
        ("one_tail", [99_999], "a number is not from 0 to"),
        ("one_head", [-1], "a number is not from 0 to"),
        ("theta", float("nan"), "theta: is not a number"),
        ("theta", None, "theta"),
    ],
)
def test_a_damaged_stage_is_refused(model: LogiREPlus, tmp_path, key: str, value: object, message: str) -> None:
    model.save(tmp_path)
    file = tmp_path / "model.safetensors"
    with safe_open(file, framework="numpy") as opened:
        arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        origin = json.loads(opened.metadata()["logire"])
    origin["stages"][-1][key] = value
    save_file(arrays, file, metadata={"logire": json.dumps(origin)})
    with pytest.raises(InputError, match=message):
        LogiREPlus.load(tmp_path)
