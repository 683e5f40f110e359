"""Error rates of implication rules in labels, against hand-worked cases, loops and real DocRED documents."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from evaluation_builders import SCHEMA, named
from hypothesis import given, settings
from hypothesis import strategies as st

from logire.corpus.docred import read_docred
from logire.corpus.document import Schema
from logire.corpus.gold import GoldRule, read_gold_rules
from logire.corpus.prepared import NA, read_indices
from logire.evaluation.consistency import DOCRED_RULES, consistency

NAMES = "PQRS"
FACTS = st.sets(st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.integers(0, 3)), max_size=10)
BODIES = st.lists(st.sampled_from(["a", "~a", "b", "~b"]), min_size=1, max_size=3)


def test_hand_worked() -> None:
    # a(0,1), b(1,2), c(0,2) satisfy the rule; a(3,1) with b(1,2) lacks its head; c(1,0) takes no part.
    document = named("d", NAMES, [(0, "a", 1), (1, "b", 2), (0, "c", 2), (3, "a", 1), (1, "c", 0)])
    found = consistency([GoldRule("c", ("a", "b")), GoldRule("a", ("~c", "~c"))], [document, document], SCHEMA)
    assert found.counts.tolist() == [[4, 2], [2, 0]]
    # The second rule: ~c(2,0) and ~c(0,1), so c(0,2) and c(1,0) take part after all.
    assert found.error_rates == [50.0, 100.0]
    assert (found.facts, found.taking_part) == (10, 10)
    assert consistency([GoldRule("c", ("a", "b"))], [document], SCHEMA).share == pytest.approx(80.0)


def test_a_rule_whose_body_never_holds() -> None:
    found = consistency([GoldRule("c", ("b",))], [named("d", NAMES, [(0, "a", 1), (0, "c", 1)])], SCHEMA)
    assert found.error_rates == [None]
    assert found.share == 0.0
    assert consistency([GoldRule("c", ("b",))], [named("d", NAMES, [])], SCHEMA).share == 0.0


@settings(deadline=None)
@given(FACTS, BODIES)
def test_equals_loops_over_chains(facts: set[tuple[int, str, int]], body: list[str]) -> None:
    part: set[tuple[int, str, int]] = set()
    pairs: set[tuple[int, int]] = set()
    for chain in product(range(4), repeat=len(body) + 1):
        atoms = []
        for i, atom in enumerate(body):
            e, f = chain[i], chain[i + 1]
            atoms.append((f, atom[1:], e) if atom.startswith("~") else (e, atom, f))
        if facts.issuperset(atoms):
            pairs.add((chain[0], chain[-1]))
            part |= set(atoms) | ({(chain[0], "c", chain[-1])} & facts)
    found = consistency([GoldRule("c", tuple(body))], [named("d", NAMES, sorted(facts))], SCHEMA)
    assert found.counts.tolist() == [[len(pairs), sum((h, "c", t) in facts for h, t in pairs)]]
    assert found.taking_part == len(part)


def test_the_papers_rules() -> None:
    rules = read_gold_rules(DOCRED_RULES)
    assert {rule.head for rule in rules} == {"P25", "P1366", "P1376", "P40", "P155", "P131"}
    assert GoldRule("P131", ("~P150",)) in rules


@pytest.mark.real_data
def test_labels_of_docred(real_data: Path) -> None:
    folder = real_data / "docred"
    documents = read_docred(folder / "train_first_200.json.gz")
    schema = Schema(tuple(r for r in read_indices(folder / "rel2id.json") if r != NA), ())
    found = consistency(read_gold_rules(DOCRED_RULES), documents, schema)
    bodies = [[0, 0] for _ in range(6)]
    taking_part = total = 0
    for document in documents:
        facts = {(f.head, f.relation, f.tail) for f in document.facts}
        total += len(facts)
        part = set()
        for i, (inverse, head) in enumerate([("P1365", "P1366"), ("P36", "P1376"), ("P22", "P40"), ("P156", "P155")]):
            for h, r, t in facts:
                if r == inverse:
                    bodies[i + 1][0] += 1
                    bodies[i + 1][1] += (t, head, h) in facts
                    part |= {(h, r, t)} | ({(t, head, h)} & facts)
        for h, r, t in facts:
            if r == "P150":
                bodies[5][0] += 1
                bodies[5][1] += (t, "P131", h) in facts
                part |= {(h, r, t)} | ({(t, "P131", h)} & facts)
            if r == "P22":
                for h2, r2, t2 in facts:
                    if (h2, r2) == (t, "P26"):
                        bodies[0][0] += 1
                        bodies[0][1] += (h, "P25", t2) in facts
                        part |= {(h, r, t), (h2, r2, t2)} | ({(h, "P25", t2)} & facts)
        taking_part += len(part)
    assert found.counts.tolist() == bodies
    assert (found.facts, found.taking_part) == (total, taking_part)
    # The paper: 19.71% and 12.96%, over documents it does not name.
    assert found.error_rates[5] == pytest.approx(13.58, abs=0.01)
    assert found.share == pytest.approx(14.65, abs=0.01)
