"""The logic score against hand-worked cases, loops over entities, and the labels of real DWIE."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from logire.corpus.annotations import read_dwie
from logire.corpus.document import Schema
from logire.corpus.gold import GoldRule, read_gold_rules
from logire.corpus.prepared import NA, read_indices
from logire.evaluation.logic import compose, logic_score, rule_counts
from logire.ground.errors import InputError

SCHEMA = Schema(("a", "b", "c"), ("thing",))
MATRICES = st.integers(1, 5).flatmap(lambda n: hnp.arrays(np.bool_, (n, n, 3)))


def facts(n: int, *held: tuple[int, str, int]) -> np.ndarray:
    matrix = np.zeros((n, n, 3), dtype=np.bool_)
    for head, relation, tail in held:
        matrix[head, tail, SCHEMA.relation_index[relation]] = True
    return matrix


def test_hand_worked_counts() -> None:
    # a(0,1), b(1,2), b(1,3), c(0,2): the body a ^ b holds for (0,2) and (0,3), the head c for (0,2) alone.
    held = facts(4, (0, "a", 1), (1, "b", 2), (1, "b", 3), (0, "c", 2))
    rules = [GoldRule("c", ("a", "b")), GoldRule("a", ("~a",)), GoldRule("b", ("c", "c"))]
    counts = rule_counts(rules, held, SCHEMA)
    assert counts.tolist() == [[2, 1], [1, 0], [0, 0]]
    # The rule that never fires is left out of the mean: (1/2 + 0/1) / 2.
    assert logic_score(counts) == pytest.approx(25.0)


def test_two_paths_to_one_pair_are_one_body() -> None:
    held = facts(4, (0, "a", 1), (0, "a", 2), (1, "b", 3), (2, "b", 3))
    assert rule_counts([GoldRule("c", ("a", "b"))], held, SCHEMA).tolist() == [[1, 0]]


def test_a_body_that_returns_to_its_head_counts() -> None:
    # Not filtered: the published score is a plain composition.
    held = facts(2, (0, "a", 1), (1, "b", 0))
    assert rule_counts([GoldRule("c", ("a", "b"))], held, SCHEMA).tolist() == [[1, 0]]


def test_no_rule_fires() -> None:
    assert logic_score(np.zeros((3, 2), dtype=np.int64)) is None
    assert logic_score(np.zeros((0, 2), dtype=np.int64)) is None


@settings(deadline=None)
@given(MATRICES, st.lists(st.sampled_from(["a", "~a", "b", "~b", "c", "~c"]), min_size=1, max_size=3))
def test_counts_equal_loops_over_entities(held: np.ndarray, body: list[str]) -> None:
    n = len(held)

    def holds(atom: str, e: int, f: int) -> bool:
        r = SCHEMA.relation_index[atom.lstrip("~")]
        return bool(held[f, e, r] if atom.startswith("~") else held[e, f, r])

    bodies = heads = 0
    for h, t in product(range(n), repeat=2):
        chains = ((h, *between, t) for between in product(range(n), repeat=len(body) - 1))
        if any(all(holds(atom, c[i], c[i + 1]) for i, atom in enumerate(body)) for c in chains):
            bodies += 1
            heads += holds("c", h, t)
    assert rule_counts([GoldRule("c", tuple(body))], held, SCHEMA).tolist() == [[bodies, heads]]


@settings(deadline=None)
@given(st.integers(1, 6).flatmap(lambda n: hnp.arrays(np.bool_, (3, n, n))))
def test_composition_is_associative(m: np.ndarray) -> None:
    assert np.array_equal(compose([compose([m[0], m[1]]), m[2]]), compose([m[0], compose([m[1], m[2]])]))


@pytest.mark.real_data
def test_published_rules_are_complete(real_data: Path) -> None:
    published = set()
    for line in (real_data / "dwie" / "gold_rules.txt").read_text().splitlines():
        _, rest = line.split(" ", 1)
        body, head = rest.rsplit(" ", 1)
        published.add(GoldRule(head, tuple(json.loads(body.replace("'", '"')))))
    assert set(read_gold_rules()) == published
    assert len(read_gold_rules()) == 39


def test_reading_rules(tmp_path: Path) -> None:
    file = tmp_path / "rules.txt"
    file.write_text("# a comment\n\n  c <- a ^ ~b\n a<-~a\n")
    rules = read_gold_rules(file)
    assert rules == (GoldRule("c", ("a", "~b")), GoldRule("a", ("~a",)))
    assert [str(rule) for rule in rules] == ["c <- a ^ ~b", "a <- ~a"]
    assert [rule.known_to(Schema(("a",), ())) for rule in rules] == [False, True]


@pytest.mark.parametrize("line", ["c a ^ b", "<- a", "c <-", "c <- a ^", "c <- ~"])
def test_a_broken_rule_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "rules.txt"
    file.write_text(f"a <- b\n{line}\n")
    with pytest.raises(InputError, match="line 2") as caught:
        read_gold_rules(file)
    assert caught.value.file == str(file)


def test_a_missing_rules_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        read_gold_rules(tmp_path / "nowhere.txt")


@pytest.mark.real_data
def test_gold_labels_of_dwie_score_as_published(real_data: Path) -> None:
    folder = real_data / "dwie"
    relations = tuple(r for r in read_indices(folder / "rel2id.json") if r != NA)
    schema = Schema(relations, tuple(read_indices(folder / "ner2id.json")))
    split = json.loads((folder / "split.json").read_text())
    wanted = {name: split[name] for name in ("dev", "test")}
    documents = read_dwie(folder / "annos_with_content.jsonl.gz", wanted, schema)
    rules = [rule for rule in read_gold_rules() if rule.known_to(schema)]
    assert len(rules) == 39
    for name, expected in (("dev", 97.2), ("test", 97.4)):
        counts = sum(rule_counts(rules, schema.labels(document), schema) for document in documents[name])
        score = logic_score(counts)
        assert score is not None
        assert round(score, 1) == expected
