"""What constraints change in a document and why, worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from constraint_builders import SCHEMA, THETA, Fact, names, obeyed

from logire.constraints.declared import as_declarations, constraints
from logire.constraints.obey import Held, obey


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


def test_two_entries_on_types_both_count_and_are_both_told() -> None:
    one, other = ({"head": [kind, "A"], "tail": ["A"], "relations": ["r"]} for kind in ("A", "B"))
    scores = document({(0, "r", 1): 2.0, (1, "r", 0): 2.0})
    words = "types: r from [A, A] to [A], r from [B, A] to [A]"
    assert changes(scores, {"types": [one, other]}, "ABB") == [
        ((0, "r", 1), False, words, []),
        ((1, "r", 0), False, words, []),
    ]
