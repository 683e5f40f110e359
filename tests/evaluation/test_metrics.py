"""All metrics against hand-worked cases and literal transcriptions of their definitions."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
from evaluation_builders import SCHEMA, make_document, mention, named, splits
from hypothesis import given, settings

from logire.corpus.document import Document, training_facts
from logire.corpus.gold import GoldRule
from logire.corpus.predictions import Prediction
from logire.evaluation.metrics import fact_metrics, scores
from logire.evaluation.scoring import Evaluation, evaluate
from logire.ground.errors import InputError


def test_hand_worked_scores() -> None:
    # Gold: a(0,1) (in training), a(1,2), b(0,2), c(2,0). Predicted: a(0,1), a(1,2), c(0,1).
    training = [named("train", ["P", "Q"], [(0, "a", 1)])]
    document = named("d", ["P", "Q", "R"], [(0, "a", 1), (1, "a", 2), (0, "b", 2), (2, "c", 0)])
    predictions = [Prediction("d", 0, "a", 1, 0.5), Prediction("d", 1, "a", 2, 0.5), Prediction("d", 0, "c", 1, 0.5)]
    result = evaluate(predictions, [document], SCHEMA, training_facts(training))
    assert result.counts.tolist() == [4, 3, 2, 1, 1]
    assert result.metrics["precision"] == pytest.approx(100 * 2 / 3)
    assert result.metrics["recall"] == pytest.approx(100 * 2 / 4)
    assert result.metrics["f1"] == pytest.approx(100 * 4 / 7)
    # DocRED's: precision (2 - 1) / (3 - 1), recall 2/4. The authors': precision 2/3, recall 1/3.
    assert result.metrics["ign_f1"] == pytest.approx(50.0)
    assert result.metrics["ign_f1_logire"] == pytest.approx(100 * 2 * (2 / 3) * (1 / 3) / (2 / 3 + 1 / 3))
    relations = result.as_dict()["per_relation"]
    assert (relations["a"]["gold"], relations["a"]["predicted"], relations["a"]["correct"]) == (2, 2, 2)
    assert relations["a"]["f1"] == 100.0
    assert relations["c"] == {
        "gold": 1,
        "predicted": 1,
        "correct": 0,
        "gold_in_train": 0,
        "correct_in_train": 0,
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
        "ign_f1": 0.0,
        "ign_f1_logire": 0.0,
    }


def test_order_ties_and_repetitions_of_predictions_change_nothing() -> None:
    document = named("d", ["P", "Q"], [(0, "a", 1), (0, "b", 1)])
    predictions = [Prediction("d", 0, "a", 1, 0.5), Prediction("d", 1, "a", 0, 0.5)]
    once = evaluate(predictions, [document], SCHEMA, {})
    again = evaluate([*predictions[::-1], *predictions], [document], SCHEMA, {})
    assert once.counts.tolist() == [2, 2, 1, 0, 0]
    assert once.as_dict() == again.as_dict()


def test_duplicate_labels_count_once() -> None:
    document = named("d", ["P", "Q"], [(0, "a", 1), (0, "a", 1)])
    assert evaluate([Prediction("d", 0, "a", 1)], [document], SCHEMA, {}).metrics["f1"] == 100.0


def test_nothing_predicted() -> None:
    result = evaluate([], [named("d", ["P", "Q"], [(0, "a", 1)])], SCHEMA, {}, [GoldRule("a", ("b",))])
    assert result.counts.tolist() == [1, 0, 0, 0, 0]
    assert [metric.of(result.metrics) for metric in fact_metrics()] == [0, 0, 0, 0, 0]
    assert result.metrics["logic"] is None


def test_nothing_labelled() -> None:
    result = evaluate([Prediction("d", 0, "a", 1)], [named("d", ["P", "Q"], [])], SCHEMA, {})
    assert result.counts.tolist() == [0, 1, 0, 0, 0]
    assert [metric.of(result.metrics) for metric in fact_metrics()] == [0, 0, 0, 0, 0]


def test_a_labelled_fact_of_an_entity_with_itself_counts_as_missed() -> None:
    document = named("d", ["P", "Q"], [(0, "a", 0), (0, "a", 1)])
    result = evaluate([Prediction("d", 0, "a", 1)], [document], SCHEMA, {})
    assert result.counts.tolist() == [2, 1, 1, 0, 0]
    group = result.as_dict()["by_distance"][0]
    assert (group["pairs"], group["gold"], group["correct"]) == (2, 2, 1)


def test_a_fact_is_in_training_through_any_mention_names() -> None:
    # The names meet in the second mentions only: (P2, Q2, a); relation b and the other direction are new.
    training = [make_document("train", [[mention("X", 0), mention("P2", 1)], [mention("Q2", 2)]], [(0, "a", 1)])]
    entities = [[mention("P", 0), mention("P2", 1)], [mention("Q", 2), mention("Q2", 3)]]
    document = make_document("d", entities, [(0, "a", 1), (0, "b", 1), (1, "a", 0)])
    result = evaluate([], [document], SCHEMA, training_facts(training))
    assert result.counts.tolist() == [3, 0, 0, 1, 0]


def test_distance_groups_are_half_open() -> None:
    # Entity 0 at token 0, entity 1 at token 3 (two tokens between), entity 2 at token 10 (nine and six between).
    document = make_document(
        "d", [[mention("P", 0)], [mention("Q", 3)], [mention("R", 10)]], [(0, "a", 1), (0, "a", 2), (1, "b", 2)]
    )
    predictions = [Prediction("d", 0, "a", 1), Prediction("d", 2, "a", 1)]
    groups = evaluate(predictions, [document], SCHEMA, {}, distance_edges=(2, 6, 9)).as_dict()["by_distance"]
    assert [(g["from"], g["to"], g["pairs"]) for g in groups] == [(0, 2, 0), (2, 6, 2), (6, 9, 2), (9, None, 2)]
    assert [(g["gold"], g["predicted"], g["correct"]) for g in groups] == [(0, 0, 0), (1, 1, 1), (1, 1, 0), (1, 0, 0)]
    assert [g["f1"] for g in groups] == [0.0, 100.0, 0.0, 0.0]


def test_the_papers_distance_groups() -> None:
    groups = evaluate([], [named("d", ["P"], [])], SCHEMA, {}).as_dict()["by_distance"]
    assert [(group["from"], group["to"]) for group in groups] == [(0, 100), (100, 200), (200, 400), (400, None)]


def test_intra_and_inter_sentence_facts() -> None:
    entities = [[mention("P", 0, 0)], [mention("Q", 1, 0), mention("Q", 0, 1)], [mention("R", 1, 1)]]
    document = make_document("d", entities, [(0, "a", 1), (0, "a", 2)], lengths=(2, 2))
    groups = evaluate([Prediction("d", 0, "a", 2)], [document], SCHEMA, {}).as_dict()["by_sentence"]
    assert (groups["intra"]["pairs"], groups["intra"]["gold"], groups["intra"]["correct"]) == (4, 1, 0)
    assert (groups["inter"]["pairs"], groups["inter"]["gold"], groups["inter"]["correct"]) == (2, 1, 1)


def test_documents_of_one_sentence_have_no_sentence_groups() -> None:
    assert evaluate([], [named("d", ["P"], [])], SCHEMA, {}).as_dict()["by_sentence"] is None


def test_logic_of_predictions_and_of_labels() -> None:
    rules = [GoldRule("b", ("~a",)), GoldRule("c", ("a", "a")), GoldRule("a", ("unknown",))]
    documents = [named(title, ["P", "Q", "R"], [(0, "a", 1), (1, "b", 0)]) for title in ("d", "e")]
    predictions = [Prediction("d", 0, "a", 1), Prediction("d", 1, "b", 0), Prediction("e", 0, "a", 1)]
    result = evaluate(predictions, documents, SCHEMA, {}, rules)
    # Counts are pooled over documents: b <- ~a fires in both, its head is predicted in one.
    assert result.metrics["logic"] == pytest.approx(50.0)
    assert result.metrics["gold_logic"] == pytest.approx(100.0)
    found = result.as_dict()
    assert found["logic_rules_left_out"] == 1
    assert found["logic_rules"] == [
        {"rule": "b <- ~a", "bodies": 2, "heads": 1, "gold_bodies": 2, "gold_heads": 2},
        {"rule": "c <- a ^ a", "bodies": 0, "heads": 0, "gold_bodies": 0, "gold_heads": 0},
    ]


def test_a_prediction_elsewhere_is_refused() -> None:
    with pytest.raises(InputError, match="elsewhere"):
        evaluate([Prediction("elsewhere", 0, "a", 1)], [named("d", ["P", "Q"], [])], SCHEMA, {})


@pytest.mark.parametrize("edges", [(100, 100), (0, 5), (5, 3), (-1,)])
def test_edges_that_do_not_rise_are_refused(edges: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="distance_edges"):
        evaluate([], [named("d", ["P"], [])], SCHEMA, {}, distance_edges=edges)


def literal_scores(
    training: list[Document], documents: list[Document], predictions: list[Prediction]
) -> dict[str, float]:
    """The definitions, word by word, over sets of (title, head, relation, tail)."""
    gold = {(d.title, f.head, f.relation, f.tail) for d in documents for f in d.facts}
    predicted = {tuple(p[:4]) for p in predictions}
    by_title = {d.title: d for d in documents}
    trained = set()
    for document in training:
        for fact in document.facts:
            for m, n in product(document.entities[fact.head].mentions, document.entities[fact.tail].mentions):
                trained.add((m.name, fact.relation, n.name))

    def in_train(fact: tuple) -> bool:
        title, head, relation, tail = fact
        entities = by_title[title].entities
        pairs = product(entities[head].mentions, entities[tail].mentions)
        return any((m.name, relation, n.name) in trained for m, n in pairs)

    def divide(a: float, b: float) -> float:
        return a / b if b else 0.0

    correct = gold & predicted
    old = {fact for fact in correct if in_train(fact)}
    precision, recall = divide(len(correct), len(predicted)), divide(len(correct), len(gold))
    precision_new = divide(len(correct - old), len(predicted - old))
    recall_new = divide(len(correct - old), len({fact for fact in gold if not in_train(fact)}))
    return {
        "precision": 100 * precision,
        "recall": 100 * recall,
        "f1": 100 * divide(2 * precision * recall, precision + recall),
        "ign_f1": 100 * divide(2 * precision_new * recall, precision_new + recall),
        "ign_f1_logire": 100 * divide(2 * precision * recall_new, precision + recall_new),
    }


@settings(max_examples=50, deadline=None)
@given(splits())
def test_scores_follow_the_definitions(split: tuple[list[Document], list[Document], list[Prediction]]) -> None:
    training, documents, predictions = split
    result = evaluate(predictions, documents, SCHEMA, training_facts(training), distance_edges=(1, 3))
    for name, value in literal_scores(training, documents, predictions).items():
        assert result.metrics[name] == pytest.approx(value), name
    # Every breakdown adds up to the whole.
    for parts in (result.document_counts, result.relation_counts, result.distance_counts):
        assert parts.sum(axis=0).tolist() == result.counts.tolist()
    if result.sentences is not None:
        assert result.sentences[1].sum(axis=0).tolist() == result.counts.tolist()
    assert result.distance_pairs.sum() == sum(len(d.entities) * (len(d.entities) - 1) for d in documents)
    json.dumps(result.as_dict(), allow_nan=False)


@settings(max_examples=50, deadline=None)
@given(splits())
def test_breakdowns_equal_loops(split: tuple[list[Document], list[Document], list[Prediction]]) -> None:
    _, documents, predictions = split
    result = evaluate(predictions, documents, SCHEMA, {}, distance_edges=(1, 3)).as_dict()
    gold = {(d.title, f.head, f.relation, f.tail) for d in documents for f in d.facts}
    correct = gold & {tuple(p[:4]) for p in predictions}
    for g, (low, high) in enumerate(((0, 1), (1, 3), (3, np.inf))):
        inside = {
            (d.title, h, t)
            for d in documents
            for h, t in product(range(len(d.entities)), repeat=2)
            if low <= distance(d, h, t) < high
        }
        group = result["by_distance"][g]
        assert group["pairs"] == sum(h != t for _, h, t in inside)
        assert group["gold"] == sum((f[0], f[1], f[3]) in inside for f in gold)
        assert group["correct"] == sum((f[0], f[1], f[3]) in inside for f in correct)


def distance(document: Document, h: int, t: int) -> int:
    if h == t:
        return 0
    spans = [[document.span(m) for m in document.entities[e].mentions] for e in (h, t)]
    return min(max(0, max(a[0], b[0]) - min(a[1], b[1])) for a, b in product(*spans))


@settings(max_examples=50, deadline=None)
@given(splits())
def test_the_counts_come_back_from_the_dictionary(
    split: tuple[list[Document], list[Document], list[Prediction]],
) -> None:
    training, documents, predictions = split
    rules = [GoldRule("b", ("~a",)), GoldRule("c", ("a", "a")), GoldRule("a", ("unknown",))]
    found = evaluate(predictions, documents, SCHEMA, training_facts(training), rules, distance_edges=(1, 3)).as_dict()
    assert Evaluation.from_dict(json.loads(json.dumps(found))).as_dict() == found


def test_scores_of_many_counts_at_once() -> None:
    counts = np.array([[4, 3, 2, 1, 1], [0, 0, 0, 0, 0]])
    many = scores(counts)
    for i in range(2):
        one = scores(counts[i])
        assert [float(x[i]) for x in many] == [float(x) for x in one]
