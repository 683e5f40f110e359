"""Triples of names, scored or voted for, become logits."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from adapter_builders import adapted, docred, given_documents, logit, write_jsonl
from hypothesis import given
from hypothesis import strategies as st

from logire.adapters.formats.triples import vote
from logire.adapters.scores import logit as clipped
from logire.ground.errors import InputError


def triple(head: str, name: str, tail: str, **more: Any) -> dict[str, Any]:
    return {"head": head, "relation": name, "tail": tail} | more


def test_scored_triples_by_hand(tmp_path: Path) -> None:
    lines = [
        {"document": "A", **triple("Ada", "knows", "Babbage", score=0.8)},
        {"document": "A", "head": "ada", "type": "born in", "tail": "London", "score": 0.6, "tail_type": "LOC"},
        {"document": "A", **triple("Ada", "knows", "babbage", score=0.3)},
    ]
    report, [found] = adapted("triples", write_jsonl(tmp_path / "t.jsonl", *lines), tmp_path / "out")
    assert [(e.name, e.type) for e in found.document.entities] == [
        ("Ada", "entity"),
        ("Babbage", "entity"),
        ("London", "LOC"),
    ]
    assert found.logits[0, 2, 0] == pytest.approx(logit(0.6))
    assert found.logits[0, 1, 1] == pytest.approx(logit(0.8))
    assert report["splits"]["test"]["notes"] == {"documents without text": 1}


def test_samples_become_votes_by_hand(tmp_path: Path) -> None:
    """Three samples, one of them empty: 2 votes are (2 + 1/2) / 4, one vote of 0.4 is (0.4 + 1/2) / 4."""
    lines = [
        {"document": "A", "triples": [triple("x", "r", "y"), triple("x", "r", "y")]},
        {"document": "A", "triples": [triple("x", "r", "y"), triple("y", "r", "x", score=0.4)]},
        {"document": "A", "triples": []},
    ]
    _, [found] = adapted("triples", write_jsonl(tmp_path / "t.jsonl", *lines), tmp_path / "out")
    assert found.logits[0, 1, 0] == pytest.approx(logit(2.5 / 4))
    assert found.logits[1, 0, 0] == pytest.approx(logit(0.9 / 4))
    _, [found] = adapted("triples", tmp_path / "t.jsonl", tmp_path / "out", samples=9)
    assert found.logits[0, 1, 0] == pytest.approx(logit(2.5 / 10))


def test_numbered_samples_are_counted_once(tmp_path: Path) -> None:
    lines = [{"document": "A", "sample": s, **triple("x", name, "y")} for s, name in ((1, "r"), (1, "s"), (2, "r"))]
    _, [found] = adapted("triples", write_jsonl(tmp_path / "t.jsonl", *lines), tmp_path / "out")
    assert found.logits[0, 1].tolist() == pytest.approx([logit(2.5 / 3), logit(1.5 / 3)])


def test_entities_are_mentioned_where_the_text_has_their_names(tmp_path: Path) -> None:
    text = "New York is big. They love new york; Paris, too."
    lines = [
        {"document": "A", "text": text, "triples": [triple("New York", "near", "Oz"), triple("Paris", "near", "Oz")]}
    ]
    report, [found] = adapted("triples", write_jsonl(tmp_path / "t.jsonl", *lines), tmp_path / "out")
    york, oz, paris = found.document.entities
    assert [found.document.span(m) for m in york.mentions] == [(0, 2), (7, 9)]
    assert [found.document.span(m) for m in paris.mentions] == [(10, 11)]
    assert (oz.mentions[0].sentence, found.document.sentences[1]) == (1, ("Oz",))
    assert report["splits"]["test"]["notes"] == {
        "entities that were put together by their name alone": 1,
        "entities whose name is not in the text": 1,
    }


def test_names_are_matched_with_given_documents(tmp_path: Path) -> None:
    documents = given_documents(tmp_path / "d", docred("A", ["Ada", "Rome"]))
    source = write_jsonl(tmp_path / "t.jsonl", {"document": "A", **triple("ADA", "r", " rome ", score=0.5)})
    _, [found] = adapted("triples", source, tmp_path / "out", documents=documents)
    assert found.logits[0, 1].tolist() == [0, -10]
    source = write_jsonl(tmp_path / "t.jsonl", {"document": "A", **triple("Ada", "r", "Paris", score=0.5)})
    with pytest.raises(InputError, match="field line 1, tail: no entity of the given document has the mention 'Paris'"):
        adapted("triples", source, tmp_path / "out", documents=documents)
    source = write_jsonl(tmp_path / "t.jsonl", {"document": "A", **triple("Ada", "q", "Rome", score=0.5)})
    with pytest.raises(InputError, match=r"document A, field relation: unknown relation 'q'"):
        adapted("triples", source, tmp_path / "out", documents=documents)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"document": "A", "head": "x", "tail": "y"}, "document A, field line 1, relation: is missing"),
        ({"document": "A", "relation": "r", "tail": "y"}, "document A, field line 1, head: is missing"),
        ({"document": "A", "triples": [triple("x", "r", " ")]}, r"field line 1, triples\[0\], tail: is missing"),
        ({"document": "A", **triple("x", "r", "y", score=2)}, "field line 1, score: the score 2 is not a probability"),
        ({"document": "A", "triples": [{"head": "x"}]}, r"document A, field triples\[0\].tail: is missing"),
        ({"head": "x"}, "document number 1, field document: is missing"),
    ],
)
def test_a_wrong_triple_is_named(tmp_path: Path, line: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        adapted("triples", write_jsonl(tmp_path / "t.jsonl", line), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_votes_are_not_logits(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "t.jsonl", {"document": "A", **triple("x", "r", "y")})
    with pytest.raises(InputError, match="field --scores: votes are made of probabilities"):
        adapted("triples", source, tmp_path / "out", scores="logits")


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_inverse_sigmoid_keeps_order_and_goes_back(p: float, q: float) -> None:
    lowest = 1 / (1 + math.exp(10))
    value = clipped(p, -10)
    assert -10 <= value <= 10
    assert 1 / (1 + math.exp(-value)) == pytest.approx(min(max(p, lowest), 1 - lowest), rel=1e-9)
    assert (p <= q) <= (value <= clipped(q, -10))


@given(st.lists(st.none(), min_size=1, max_size=9), st.integers(0, 9))
def test_more_votes_count_more_and_are_never_certain(votes: list[None], others: int) -> None:
    k = len(votes) + others
    assert 0 < vote(list(votes), k) < 1
    if others:
        assert vote([*votes, None], k) > vote(list(votes), k)
    assert vote([*votes, None], k + 1) > vote(list(votes), k) or k == 0


names = st.sampled_from(["a", "b", "c", "d"])


@given(st.dictionaries(st.tuples(names, st.sampled_from(["r", "s"]), names), st.floats(0.001, 0.999), min_size=1))
def test_scored_triples_go_there_and_back(facts: dict[tuple[str, str, str], float]) -> None:
    facts = {fact: score for fact, score in facts.items() if fact[0] != fact[2]}
    if not facts:
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "t.jsonl"
        lines = ({"document": "A", **triple(h, r, t, score=score)} for (h, r, t), score in facts.items())
        source.write_text("".join(json.dumps(line) + "\n" for line in lines))
        _, [found] = adapted("triples", source, Path(folder) / "out")
        relations = sorted({r for _, r, _ in facts})
        called = [entity.name for entity in found.document.entities]
        back = {
            (called[h], relations[r], called[t]): 1 / (1 + math.exp(-found.logits[h, t, r]))
            for h in range(len(called))
            for t in range(len(called))
            for r in range(len(relations))
            if h != t and found.logits[h, t, r] > -10
        }
        assert back == pytest.approx(facts, abs=1e-6)
