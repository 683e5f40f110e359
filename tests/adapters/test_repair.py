"""One document's scored facts in, the facts that hold together out, each with its scores, rule and path."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from logire import LogiREPlus
from logire.ground.errors import InputError
from logire.plugin.repair import RepairedFact, Step

RELATIONS = ("leads", "part_of", "head_of")
"""head_of(a, c) <- leads(a, b) ^ part_of(b, c)."""
TYPES = {"Ada": "PER", "Lab": "ORG", "Uni": "ORG", "Bob": "PER"}
FACTS = [("Ada", "leads", "Lab", 0.97), ("lab", "part_of", "Uni", 0.97), ("Bob", "head_of", "Uni", 0.004)]


def rows() -> list[dict[str, Any]]:
    """A world where the rule always holds, whose tool finds leads and part_of, and guesses the rest."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(60):
        n = int(rng.integers(4, 8))
        kinds = np.array(["PER", "ORG"])[rng.integers(0, 2, n)]
        apart, person = ~np.eye(n, dtype=bool), kinds == "PER"
        truth = np.zeros((n, n, 3), dtype=bool)
        truth[..., 0] = (rng.random((n, n)) < 0.25) & apart & person[:, None] & ~person
        truth[..., 1] = (rng.random((n, n)) < 0.25) & apart & ~person[:, None] & ~person
        truth[..., 2] = (truth[..., 0].astype(int) @ truth[..., 1].astype(int) > 0) & apart
        guessed = np.where(rng.random(truth.shape) < 0.2, rng.uniform(-7, -2, truth.shape), -10.0)
        logits = np.where(truth & (np.arange(3) < 2), 4 + rng.normal(0, 0.5, truth.shape), guessed)
        found.append({"logits": logits, "labels": truth, "types": list(kinds)})
    return found


@pytest.fixture(scope="module")
def model() -> LogiREPlus:
    return LogiREPlus(RELATIONS, context=()).fit(rows()[:45], dev=rows()[45:])


def by_key(facts: list[RepairedFact]) -> dict[tuple[str, str, str], RepairedFact]:
    return {(fact.head_name, fact.relation, fact.tail_name): fact for fact in facts}


def test_the_rule_finds_what_was_not_given(model: LogiREPlus) -> None:
    found = by_key(model.repair(FACTS, TYPES))
    assert set(found) == {("Ada", "leads", "Lab"), ("Lab", "part_of", "Uni"), ("Ada", "head_of", "Uni")}
    new = found["Ada", "head_of", "Uni"]
    assert (new.before, new.added, new.kept) == (None, True, True)
    assert (new.rule, new.kind) == ("head_of <- leads ^ part_of", "chain")
    first, second = new.path
    assert str(first) == "Ada -leads-> Lab"
    assert second == Step("Lab", "part_of", "Uni", second.probability)
    assert second.probability == pytest.approx(0.97, abs=1e-4)
    assert found["Ada", "leads", "Lab"].before == 0.97
    assert (new.head, new.tail, new.head_type, new.tail_type, new.title) == (0, 2, "PER", "ORG", "0")


def test_scores_are_the_models(model: LogiREPlus) -> None:
    logits = np.full((4, 4, 3), -10.0)
    logits[0, 1, 0] = logits[1, 2, 1] = math.log(0.97 / 0.03)
    logits[3, 2, 2] = math.log(0.004 / 0.996)
    [scores] = model.scores([logits], [list(TYPES.values())])
    predicted = model.predict([logits], [list(TYPES.values())])
    found = model.repair(FACTS, TYPES)
    assert [(fact.head, fact.relation, fact.tail) for fact in found] == [p[1:4] for p in predicted]
    for fact in found:
        score = float(scores[fact.head, fact.tail, RELATIONS.index(fact.relation)])
        assert fact.after == pytest.approx(1 / (1 + math.exp(-score)))
        assert score >= model.threshold
    raw = model.repair([(*fact[:3], math.log(fact[3] / (1 - fact[3]))) for fact in FACTS], TYPES, scores="logits")
    assert [fact.after for fact in raw] == pytest.approx([float(p.score or 0) for p in predicted])


def test_what_is_wrong_comes_back_where_it_is_asked_for(model: LogiREPlus) -> None:
    found = model.repair(FACTS, TYPES, removed=True)
    assert found[:-1] == model.repair(FACTS, TYPES)
    last = found[-1]
    assert (last.head_name, last.relation, last.kept, last.before, last.rule, last.path) == (
        "Bob",
        "head_of",
        False,
        0.004,
        None,
        (),
    )


def test_facts_are_consistent_where_the_model_is() -> None:
    """Many random documents: what is kept is closed under the rule, whatever the scores are."""
    model = LogiREPlus(RELATIONS, context=(), consistency=(0.9,)).fit(rows()[:45], dev=rows()[45:])
    rng = np.random.default_rng(1)
    names, types = list("abcdef"), ["PER", "ORG", "ORG", "ORG", "PER", "ORG"]
    joined = 0
    for _ in range(40):
        facts = [
            (h, "leads" if types[h] == "PER" else "part_of", t, float(rng.uniform(0.001, 0.999)))
            for h in range(6)
            for t in range(6)
            if h != t and types[t] == "ORG" and rng.random() < 0.4
        ]
        kept = {(fact.head, fact.relation, fact.tail) for fact in model.repair(facts, types, names=names)}
        ends = [(h, t) for h, r, m in kept if r == "leads" for m2, s, t in kept if s == "part_of" and m2 == m]
        assert all((h, "head_of", t) in kept for h, t in ends)
        joined += len(ends)
    assert joined > 20


def test_every_form_gives_the_same(model: LogiREPlus) -> None:
    expected = model.repair(FACTS, TYPES)
    keys = ("head", "relation", "tail", "score")
    assert model.repair([dict(zip(keys, fact, strict=True)) for fact in FACTS], TYPES) == expected
    numbers = [(0, "leads", 1, 0.97), (1, "part_of", 2, 0.97), (3, "head_of", 2, 0.004)]
    assert model.repair(numbers, list(TYPES.values()), names=list(TYPES)) == expected
    vertices = [
        [{"name": name, "sent_id": 0, "pos": [i, i + 1], "type": kind}] for i, (name, kind) in enumerate(TYPES.items())
    ]
    assert model.repair(numbers, text={"sents": [list(TYPES)], "vertexSet": vertices}) == expected
    assert {fact.head_name for fact in model.repair(numbers, list(TYPES.values()))} == {"PER 0", "ORG 1"}
    assert model.repair([], TYPES) == []


@pytest.mark.parametrize(
    ("facts", "types", "message"),
    [
        ([("Eve", "leads", "Lab", 0.5)], TYPES, r"document 0, field facts\[0\].head: unknown entity 'Eve'"),
        ([("Ada", "leads", 4, 0.5)], TYPES, r"field facts\[0\].tail: unknown entity 4"),
        ([("Ada", "owns", "Lab", 0.5)], TYPES, r"field facts\[0\].relation: unknown relation 'owns'"),
        ([("Ada", "leads", "ADA", 0.5)], TYPES, r"field facts\[0\]: joins an entity to itself"),
        ([FACTS[0], FACTS[0]], TYPES, r"field facts\[1\]: occurs twice"),
        ([("Ada", "leads", "Lab")], TYPES, r"field facts\[0\]: \('Ada', 'leads', 'Lab'\) is not a fact"),
        ([{"head": "Ada"}], TYPES, r"field facts\[0\]: .* is not a fact"),
        ([("Ada", "leads", "Lab", math.nan)], TYPES, r"field facts\[0\].score: the score is nan"),
        ([("Ada", "leads", "Lab", 3)], TYPES, r"field facts\[0\].score: the score 3 is not a probability"),
        ([], {}, "field types: is missing"),
        ([], {"Ada": "ROBOT"}, "unknown entity type 'ROBOT'"),
    ],
)
def test_wrong_facts_are_named(model: LogiREPlus, facts: Any, types: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model.repair(facts, types)


def test_a_model_that_is_not_fitted_says_so() -> None:
    with pytest.raises(InputError, match="not fitted"):
        LogiREPlus(RELATIONS).repair(FACTS, TYPES)
