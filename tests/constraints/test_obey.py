"""A document's facts under constraints, against all sets of facts; every change names what undoing it would break."""

from __future__ import annotations

from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from constraint_builders import SCHEMA, Broken, Fact, broken, worth
from hypothesis import given, settings
from hypothesis import strategies as st

from logire.constraints.declared import as_declarations, constraints
from logire.constraints.obey import Change, Held, Obeyed, obey
from logire.rules.programme import Rows, Solution, solve

RELATIONS = st.sampled_from(["r", "s"])
ATOMS = st.sampled_from(["r", "s", "~r", "~s"])
KINDS = st.lists(st.sampled_from(["A", "B"]), min_size=1, max_size=2, unique=True)
SOME = st.lists(RELATIONS, min_size=1, max_size=2, unique=True)
PAIR = st.permutations(["r", "s"])
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "types": st.builds(lambda h, t, r: [{"head": h, "tail": t, "relations": [r]}], KINDS, KINDS, RELATIONS),
    "at_most": st.builds(
        lambda r, side, k: [{"relations": [r], side: k}],
        RELATIONS,
        st.sampled_from(["tails", "heads"]),
        st.integers(1, 2),
    ),
    "functional": SOME,
    "inverse_functional": SOME,
    "symmetric": SOME,
    "inverse": st.lists(PAIR, min_size=1, max_size=1),
    "one_way_inverse": st.lists(PAIR, min_size=1, max_size=1),
    "acyclic": SOME,
    "disjoint": st.lists(
        st.tuples(ATOMS, ATOMS).map(list).filter(lambda pair: pair[0] != pair[1]), min_size=1, max_size=2
    ),
    "implications": st.lists(
        st.builds(
            lambda body, head, weight: {"if": body, "then": head} | ({} if weight is None else {"weight": weight}),
            st.lists(ATOMS, min_size=1, max_size=2),
            RELATIONS,
            st.sampled_from([None, 0.5, 1.5]),
        ),
        min_size=1,
        max_size=2,
    ),
}
THETA = 0.25
IMPOSSIBLE = -60.0
"""A score that no optimum of these documents pays."""


def obeyed(scores: np.ndarray, types: list[str], file: dict[str, Any]) -> Obeyed:
    kinds = np.array([SCHEMA.type_index[kind] for kind in types])
    declared = constraints([as_declarations(file, Path("constraints.yaml"))], SCHEMA)
    return obey(scores, kinds, THETA, declared)


def names(facts: np.ndarray) -> set[Fact]:
    return {(h, SCHEMA.relations[r], t) for h, t, r in np.argwhere(facts).tolist()}


def instance(change: Change) -> set[Fact]:
    return {(one.head, SCHEMA.relations[one.relation], one.tail) for one in (change.fact, *change.conflict)}


def check(scores: np.ndarray, types: list[str], file: dict[str, Any]) -> Obeyed:
    """The decided facts are as good as the best of all sets, and every change is explained."""
    n = len(types)
    found = obeyed(scores, types, file)
    gains = {
        (h, SCHEMA.relations[r], t): float(scores[h, t, r]) - THETA
        for h in range(n)
        for t in range(n)
        for r in range(2)
        if h != t
    }
    possible = [fact for fact, gain in gains.items() if gain > IMPOSSIBLE / 2]
    sets = chain.from_iterable(combinations(possible, size) for size in range(len(possible) + 1))
    best = max(worth(set(some), gains, file, types) for some in sets)
    held = names(found.facts)
    assert worth(held, gains, file, types) == pytest.approx(best, abs=1e-5)
    assert found.unproved == 0
    alone = {fact for fact, gain in gains.items() if gain >= 0}
    key = {(one.head, SCHEMA.relations[one.relation], one.tail): one for one in (c.fact for c in found.changes)}
    assert {fact for fact, one in key.items() if not one.kept} == alone - held
    assert {fact for fact, one in key.items() if one.kept} == held - alone
    assert len(key) == len(found.changes)
    for change in found.changes:
        explained(change, held, scores, file, types)
    return found


def explained(change: Change, held: set[Fact], scores: np.ndarray, file: dict[str, Any], types: list[str]) -> None:
    """Undone, the change breaks the very instance that it names."""
    fact = (change.fact.head, SCHEMA.relations[change.fact.relation], change.fact.tail)
    assert change.added == (fact in held)
    undone = held ^ {fact}
    new = [one for one in broken(undone, file, types) if one not in broken(held, file, types)]
    assert instance(change) in [one.facts for one in new if one.words == change.constraint]
    for one in (change.fact, *change.conflict):
        assert one.kept == ((one.head, SCHEMA.relations[one.relation], one.tail) in held)
        assert one.score == float(scores[one.head, one.tail, one.relation])
    # the strongest of what would be broken: first what must hold, then by the scores of the facts that are held

    def strength(one: Broken) -> tuple[bool, float]:
        support = sum(float(scores[h, t, SCHEMA.relations.index(r)]) for h, r, t in (one.facts & held) - {fact})
        return one.weight is None, support

    if not change.constraint.startswith(("types", "acyclic")):
        rivals = [one for one in new if not one.words.startswith("acyclic")]
        named = next(one for one in new if one.words == change.constraint and one.facts == instance(change))
        (hard, support), best = strength(named), max(map(strength, rivals))
        assert hard == best[0]
        assert support >= best[1] - 1e-5


def random_document(seed: int) -> tuple[np.ndarray, list[str]]:
    """Two or three entities; of three, eight facts at most are possible."""
    rng = np.random.default_rng(seed)
    n = 2 if seed % 3 == 0 else 3
    scores = rng.normal(0.5, 1.2, (n, n, 2)).round(2).astype(np.float32)
    if n == 3:
        pairs = [(h, t, r) for h in range(3) for t in range(3) for r in range(2) if h != t]
        for i in rng.permutation(12)[:4]:
            scores[pairs[i]] = IMPOSSIBLE
    return scores, [str(kind) for kind in rng.choice(["A", "B"], n)]


@pytest.mark.parametrize("kind", PARTS)
@given(data=st.data(), seed=st.integers(0, 10_000))
@settings(max_examples=12, deadline=None)
def test_every_kind_by_itself(kind: str, data: st.DataObject, seed: int) -> None:
    check(*random_document(seed), {kind: data.draw(PARTS[kind])})


@given(
    file=st.lists(st.sampled_from(list(PARTS)), min_size=2, max_size=4, unique=True).flatmap(
        lambda kinds: st.fixed_dictionaries({kind: PARTS[kind] for kind in kinds})
    ),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_mixtures(file: dict[str, Any], seed: int) -> None:
    check(*random_document(seed), file)


def stopped(gains: np.ndarray, rows: Rows, *, enumerated: int = 0) -> Solution:
    """A solver that has no time."""
    return solve(gains, rows, seconds=0.0)


@given(
    file=st.lists(st.sampled_from(list(PARTS)), min_size=1, max_size=4, unique=True).flatmap(
        lambda kinds: st.fixed_dictionaries({kind: PARTS[kind] for kind in kinds})
    ),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=40, deadline=None)
def test_where_the_solver_stops_early_every_change_has_its_reason(file: dict[str, Any], seed: int) -> None:
    scores, types = random_document(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("logire.rules.joint.solve", stopped)
        found = obeyed(scores, types, file)
    held = names(found.facts)
    assert all(one.weight is not None for one in broken(held, file, types))
    alone = names((scores >= THETA) & ~np.eye(len(types), dtype=np.bool_)[:, :, None])
    changed = {(c.fact.head, SCHEMA.relations[c.fact.relation], c.fact.tail) for c in found.changes}
    assert changed == alone ^ held
    for change in found.changes:
        explained(change, held, scores, file, types)


def document(logits: dict[tuple[int, str, int], float], n: int = 3) -> np.ndarray:
    """(n, n, 2) scores; what is not named is far below the threshold."""
    scores = np.full((n, n, 2), -8.0, dtype=np.float32)
    for (h, r, t), score in logits.items():
        scores[h, t, SCHEMA.relations.index(r)] = score
    return scores


def changes(scores: np.ndarray, file: dict[str, Any], types: str = "AAAA") -> list[tuple[Any, ...]]:
    """(fact, added, constraint, the other facts with whether they are held) of every change."""

    def name(one: Held) -> Fact:
        return one.head, SCHEMA.relations[one.relation], one.tail

    found = obeyed(scores, list(types[: len(scores)]), file)
    return [(name(c.fact), c.added, c.constraint, [(*name(o), o.kept) for o in c.conflict]) for c in found.changes]


def test_a_limit_names_the_facts_that_fill_it() -> None:
    scores = document({(0, "r", 1): 2.0, (0, "r", 2): 3.0, (0, "r", 3): 1.0, (0, "s", 3): 4.0}, 4)
    file = {"at_most": [{"relations": ["r"], "tails": 2}]}
    assert changes(scores, file) == [
        ((0, "r", 3), False, "at_most: r, 2 tails", [(0, "r", 1, True), (0, "r", 2, True)])
    ]


def test_wrong_types_are_named_before_anything_else() -> None:
    scores = document({(0, "r", 1): 2.0, (1, "r", 0): 3.0, (1, "r", 2): 4.0})
    file = {"types": [{"head": ["A"], "tail": ["B"], "relations": ["r"]}], "functional": ["r"]}
    words = "types: r from [A] to [B]"
    assert changes(scores, file, "ABB") == [((1, "r", 2), False, words, []), ((1, "r", 0), False, words, [])]


def test_symmetry_adds_or_removes_by_the_sum() -> None:
    there = [(0, "r", 1, True)]
    assert changes(document({(0, "r", 1): 3.0, (1, "r", 0): -1.0}), {"symmetric": ["r"]}) == [
        ((1, "r", 0), True, "symmetric: r", there)
    ]
    back = [(1, "r", 0, False)]
    assert changes(document({(0, "r", 1): 1.0, (1, "r", 0): -1.0}), {"symmetric": ["r"]}) == [
        ((0, "r", 1), False, "symmetric: r", back)
    ]


def test_an_implication_names_its_path_in_order() -> None:
    scores = document({(2, "s", 0): 2.0, (2, "r", 1): 3.0, (0, "r", 1): -1.0})
    file = {"implications": [{"if": ["~s", "r"], "then": "r", "weight": 2.5}]}
    words = "implications: {if: [~s, r], then: r, weight: 2.5}"
    assert changes(scores, file) == [((0, "r", 1), True, words, [(2, "s", 0, True), (2, "r", 1, True)])]
    file["implications"][0]["weight"] = 1.0  # the head would cost 1.25
    assert changes(scores, file) == []


def test_a_soft_implication_is_named_where_nothing_harder_is_broken() -> None:
    scores = document({(0, "r", 1): 1.0, (0, "s", 1): -5.0, (0, "r", 2): 4.0, (0, "s", 2): 4.0})
    soft = {"implications": [{"if": ["r"], "then": "s", "weight": 2.0}]}
    words = "implications: {if: [r], then: s, weight: 2}"
    assert changes(scores, soft) == [((0, "r", 1), False, words, [(0, "s", 1, False)])]
    assert changes(scores, {**soft, "functional": ["r"]}) == [
        ((0, "r", 1), False, "functional: r", [(0, "r", 2, True)])
    ]


def test_a_cycle_names_the_rest_of_it() -> None:
    scores = document({(0, "r", 1): 3.0, (1, "r", 2): 1.0, (2, "r", 0): 2.0})
    assert changes(scores, {"acyclic": ["r"]}) == [
        ((1, "r", 2), False, "acyclic: r", [(2, "r", 0, True), (0, "r", 1, True)])
    ]


def test_disjoint_relations_name_the_other_fact() -> None:
    scores = document({(0, "r", 1): 3.0, (1, "s", 0): 1.0, (0, "s", 1): 1.0})
    assert changes(scores, {"disjoint": [["r", "~s"]]}) == [
        ((1, "s", 0), False, "disjoint: [r, ~s]", [(0, "r", 1, True)])
    ]
    assert changes(scores, {"disjoint": [["~r", "~s"]]}) == [
        ((0, "s", 1), False, "disjoint: [~r, ~s]", [(0, "r", 1, True)])
    ]


def test_a_fact_at_the_threshold_is_held() -> None:
    scores = document({(0, "r", 1): THETA, (0, "r", 2): THETA - 0.01})
    found = obeyed(scores, list("AAA"), {"functional": ["r"]})
    assert names(found.facts) == {(0, "r", 1)}
    assert found.changes == ()


def test_an_infinite_threshold_holds_nothing() -> None:
    scores = document({(0, "r", 1): 9.0})
    declared = constraints([as_declarations({"symmetric": ["r"]}, Path("x.yaml"))], SCHEMA)
    found = obey(scores, np.zeros(3, np.int64), float("inf"), declared)
    assert not found.facts.any()
    assert found.changes == ()


def test_a_document_without_entities_has_no_facts() -> None:
    assert obeyed(np.zeros((0, 0, 2), np.float32), [], {"symmetric": ["r"]}).facts.shape == (0, 0, 2)
    assert not obeyed(np.full((1, 1, 2), 5.0, np.float32), ["A"], {"symmetric": ["r"]}).facts.any()
