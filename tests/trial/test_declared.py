"""Declared constraints: what the files say, and what they make of a document, worked out by hand."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trial_builders import random_task, scored_document, with_logits

from logire.constraints.cycles import shortest_cycles
from logire.constraints.declared import (
    AtMost,
    Constraints,
    Declarations,
    Typed,
    constraints,
    read_declarations,
)
from logire.corpus.data import DATA as CORPORA
from logire.corpus.document import Schema
from logire.ground.errors import InputError
from logire.rules.queries import Rule
from logire.trial.rivals.declared import DATA, RIVALS, Choice, all_declarations, decide_declared
from logire.trial.task import Scored, Task, by_threshold

SCHEMA = Schema(("head_of_state", "in0", "parent_of", "child_of", "spouse_of"), ("type::person", "type::location"))
HEAD, IN, PARENT, CHILD, SPOUSE = range(5)
PERSON, PLACE = 0, 1
HARD = Choice(np.inf, 0.0)


def declared_by(**what) -> Constraints:
    return constraints([Declarations(**what)], SCHEMA)


def facts(logits: dict[tuple[int, int, int], float], types: list[int], declared: Constraints, choice=HARD) -> list:
    """The decided facts as (head, relation, tail) in order."""
    document = with_logits(scored_document(types, schema=SCHEMA), logits)
    return sorted((h, r, t) for h, t, r in np.argwhere(decide_declared(document, declared, choice).facts).tolist())


@pytest.mark.parametrize("corpus", ["dwie", "docred"])
def test_the_files_name_relations_and_types_of_their_corpus(corpus: str) -> None:
    def names(kind: str) -> set[str]:
        return set(msgspec.json.decode((CORPORA / f"{corpus}_{kind}2id.json").read_bytes()))

    file = read_declarations(DATA / f"{corpus}_constraints.yaml")
    used = {r for typed in file.types for r in typed.relations} | {r for limit in file.at_most for r in limit.relations}
    used |= {*file.symmetric, *file.acyclic, *(r for pair in file.inverse + file.one_way_inverse for r in pair)}
    assert used <= names("rel") - {"Na"}
    assert {kind for typed in file.types for kind in typed.head + typed.tail} <= names("ner")
    for limit in file.at_most:
        assert (limit.tails is None) != (limit.heads is None)


@pytest.mark.parametrize("corpus", ["dwie", "docred"])
def test_no_relation_has_its_types_or_a_limit_declared_twice(corpus: str) -> None:
    file = read_declarations(DATA / f"{corpus}_constraints.yaml")
    typed = [r for one in file.types for r in one.relations]
    limits = [(r, limit.tails is None) for limit in file.at_most for r in limit.relations]
    assert len(typed) == len(set(typed))
    assert len(limits) == len(set(limits))


def test_a_file_that_says_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "constraints.yaml"
    file.write_text("at_most:\n- {relations: [in0], tails: -1}\n", encoding="utf-8")
    with pytest.raises(InputError, match=">= 0"):
        read_declarations(file)
    file.write_text("unique: [in0]\n", encoding="utf-8")
    with pytest.raises(InputError, match="unique"):
        read_declarations(file)


def test_constraints_by_number() -> None:
    found = declared_by(
        types=(Typed(("type::person",), ("type::location", "type::other"), ("head_of_state", "unknown")),),
        at_most=(AtMost(("in0",), tails=1), AtMost(("head_of_state", "in0"), heads=2)),
        symmetric=("spouse_of", "unknown"),
        inverse=(("parent_of", "child_of"), ("parent_of", "unknown")),
        acyclic=("in0", "unknown"),
    )
    assert found.allowed[HEAD].tolist() == [[False, True], [False, False]]
    assert found.allowed[1:].all()
    assert set(found.rules) == {Rule(SPOUSE, (SPOUSE + 5,)), Rule(PARENT, (CHILD + 5,)), Rule(CHILD, (PARENT + 5,))}
    assert (found.tails, found.heads, found.acyclic) == ({IN: 1}, {IN: 2, HEAD: 2}, (IN,))


def test_a_one_way_inverse_concludes_the_second_relation_alone() -> None:
    assert declared_by(one_way_inverse=(("parent_of", "child_of"),)).rules == (Rule(CHILD, (PARENT + 5,)),)


def test_types_that_the_schema_has_none_of_stay_free() -> None:
    typed = Typed(("PER",), ("type::location",), ("head_of_state",))
    assert declared_by(types=(typed,)).allowed[HEAD].tolist() == [[False, True], [False, True]]


def test_a_fact_of_wrong_types_goes_where_its_logit_does_not_pay_the_weight() -> None:
    declared = declared_by(types=(Typed(("type::person",), ("type::location",), ("head_of_state",)),))
    logits = {(0, HEAD, 1): 1.0, (1, HEAD, 0): 3.0}
    assert facts(logits, [PERSON, PLACE], declared) == [(0, HEAD, 1)]
    assert facts(logits, [PERSON, PLACE], declared, Choice(2.0, 0.0)) == [(0, HEAD, 1), (1, HEAD, 0)]
    assert facts(logits, [PERSON, PLACE], declared, Choice(4.0, 0.0)) == [(0, HEAD, 1)]


def test_uniqueness_keeps_the_likelier_tail_of_each_head() -> None:
    declared = declared_by(at_most=(AtMost(("in0",), tails=1),))
    logits = {(0, IN, 1): 1.0, (0, IN, 2): 2.0, (1, IN, 2): 0.5}
    assert facts(logits, [PLACE] * 3, declared) == [(0, IN, 2), (1, IN, 2)]
    # keeping both tails of e0 costs 0.75 of the 1 that the second gains
    assert facts(logits, [PLACE] * 3, declared, Choice(0.75, 0.0)) == [(0, IN, 1), (0, IN, 2), (1, IN, 2)]


def test_at_most_two_heads_of_a_tail() -> None:
    declared = declared_by(at_most=(AtMost(("head_of_state",), heads=2),))
    logits = {(0, HEAD, 3): 1.0, (1, HEAD, 3): 3.0, (2, HEAD, 3): 2.0}
    assert facts(logits, [PERSON] * 3 + [PLACE], declared) == [(1, HEAD, 3), (2, HEAD, 3)]


@pytest.mark.parametrize(("there", "back", "both"), [(2.0, -1.0, True), (1.0, -2.0, False)])
def test_a_symmetric_relation_holds_both_ways_or_not_at_all(there: float, back: float, both: bool) -> None:
    declared = declared_by(symmetric=("spouse_of",))
    logits = {(0, SPOUSE, 1): there, (1, SPOUSE, 0): back}
    assert facts(logits, [PERSON] * 2, declared) == ([(0, SPOUSE, 1), (1, SPOUSE, 0)] if both else [])


def test_an_inverse_is_concluded() -> None:
    declared = declared_by(inverse=(("parent_of", "child_of"),))
    logits = {(0, PARENT, 1): 2.0, (1, CHILD, 0): -1.0}
    assert facts(logits, [PERSON] * 2, declared) == [(0, PARENT, 1), (1, CHILD, 0)]


def test_a_cycle_is_opened_at_its_weakest_fact() -> None:
    declared = declared_by(acyclic=("in0",))
    logits = {(0, IN, 1): 3.0, (1, IN, 2): 1.0, (2, IN, 3): 2.0, (3, IN, 0): 4.0}
    assert facts(logits, [PLACE] * 4, declared) == [(0, IN, 1), (2, IN, 3), (3, IN, 0)]
    kept = facts(logits, [PLACE] * 4, declared, Choice(0.5, 0.0))
    assert kept == [(0, IN, 1), (1, IN, 2), (2, IN, 3), (3, IN, 0)]


def test_shortest_cycles_by_hand() -> None:
    """0 -> 1 -> 0 is on a cycle of two, 1 -> 2 -> 0 with 0 -> 1 on one of three; 3 is on none."""
    edges = {(0, 1): 10, (1, 0): 11, (1, 2): 12, (2, 0): 13, (2, 3): 14}
    assert shortest_cycles(edges) == {(10, 11), (10, 12, 13)}


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_no_cycle_is_left_and_none_better_exists(seed: int) -> None:
    """Against all orders of the entities: the facts without cycles are those that go forward in some order."""
    gains = np.random.default_rng(seed).normal(0.5, 2.0, (4, 4)).astype(np.float32)
    logits = {(h, IN, t): float(gains[h, t]) for h in range(4) for t in range(4) if h != t}
    decided = facts(logits, [PLACE] * 4, declared_by(acyclic=("in0",)))
    best = max(
        sum(max(gains[order[i], order[j]], 0.0) for i in range(4) for j in range(i + 1, 4))
        for order in permutations(range(4))
    )
    assert shortest_cycles({(h, t): i for i, (h, _, t) in enumerate(decided)}) == set()
    assert sum(gains[h, t] for h, _, t in decided) == pytest.approx(best, abs=1e-4)


def test_without_weight_and_of_unknown_relations_the_backbone_decides() -> None:
    task = random_task(3)
    assert not constraints(all_declarations(), task.schema)
    split = Scored(random_task(4).dev.documents)
    alone = by_threshold(lambda s: s.documents, task.dev)(split)
    for one, other in zip(RIVALS[0].fit(task)(split), alone, strict=True):
        np.testing.assert_array_equal(one, other)
    declared = declared_by(symmetric=("spouse_of",), acyclic=("in0",), at_most=(AtMost(("in0",), tails=0),))
    logits = {(0, SPOUSE, 1): 1.0, (0, IN, 1): 2.0, (1, IN, 0): 2.0}
    assert facts(logits, [PERSON] * 2, declared, Choice(0.0, 0.0)) == sorted(logits)


def test_dev_says_whether_the_constraints_count() -> None:
    """Of two countries of a place dev labels one, so that uniqueness is right; or both, so that it is wrong."""
    schema = Schema(("in0",), ("type::location",))
    logits = {(0, 0, 1): 3.0, (0, 0, 2): 2.0, (1, 0, 2): 1.0}

    def decided(labelled: list[tuple[int, int, int]]) -> list[tuple[int, ...]]:
        document = with_logits(scored_document([0] * 3, labelled, schema=schema), logits)
        (found,) = RIVALS[0].fit(Task(schema, [document], [document], Scored([document]), 0))(Scored([document]))
        return sorted((h, r, t) for h, t, r in np.argwhere(found).tolist())

    assert decided([(0, 0, 1), (1, 0, 2)]) == [(0, 0, 1), (1, 0, 2)]
    assert decided([(0, 0, 1), (0, 0, 2)]) == [(0, 0, 1), (0, 0, 2)]
