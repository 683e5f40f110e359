"""A document's facts under constraints, against all sets of facts; every change names what undoing it would break."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Any

import numpy as np
import pytest
from constraint_builders import SCHEMA, THETA, Broken, Fact, broken, names, obeyed, worth
from hypothesis import given, settings
from hypothesis import strategies as st

from logire.constraints.obey import Change, Obeyed
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
IMPOSSIBLE = -60.0
"""A score that no optimum of these documents pays."""


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
