"""LogiRE+ as a whole, on the embedded corpus with planted rules."""

from __future__ import annotations

import numpy as np
import pytest
from rules_builders import (
    EVERYTHING,
    QUICK,
    assert_same_files,
    backbones_threshold,
    plus,
    relabelled,
    relogited,
)

from logire.corpus.dump import ScoredDocument
from logire.corpus.sources.embedded.rules import PLANTED_RULES
from logire.rules.closure import ClosureStage
from logire.rules.grounding import unseen
from logire.rules.plus.model import LogiREPlus
from logire.rules.plus.sources import SOURCES
from logire.rules.queries import body_name
from logire.rules.stages import ExtractorStage, apply_all


@pytest.fixture(scope="module")
def model(corpus, splits):
    return LogiREPlus(corpus.schema, plus(rounds=1, closure=(0.0,)), seed=1, device="cpu").fit(*splits[:2])


def test_planted_rules_come_out_on_top(model):
    """As LogiRE's own: planted rules with support are among the strongest of their query types."""
    table = model.rules()
    exact = {(p.relation, p.head_type, p.tail_type, " ^ ".join(p.body)) for p in PLANTED_RULES if p.confidence == 1.0}
    expected, found = 0, 0
    for key, rows in table[table.body != table.relation].groupby(["relation", "head_type", "tail_type"]):
        supported = {body for body in rows[rows.support >= 15].body if (*key, body) in exact}
        strongest = set(rows.nlargest(len(supported) + 2, "weight").body)
        expected += len(supported)
        found += len(supported & strongest)
    assert expected >= 8
    assert found / expected >= 0.75, f"{found} of {expected}"


def strength_of(model) -> float:
    """The strength of the closure, 0 where there is none."""
    last = model.fitted.stages[-1]
    return last.strength if isinstance(last, ClosureStage) else 0.0


def micro_f1(found: set, labels: set) -> float:
    return 2 * len(found & labels) / (len(found) + len(labels))


@pytest.mark.parametrize("tied", [False, True])
def test_planted_rules_lift_f1_over_the_backbone(corpus, splits, model, tied):
    train, dev, test = splits
    if not tied:
        model = LogiREPlus(corpus.schema, plus(rounds=1, tied=False), seed=1, device="cpu").fit(train, dev)
    relations = corpus.schema.relations
    labels = {(d.title, h, relations[r], t) for d in test for h, t, r in np.argwhere(d.labels).tolist()}
    theta = backbones_threshold(dev).theta
    backbone = {(d.title, h, relations[r], t) for d in test for h, t, r in np.argwhere(d.logits >= theta).tolist()}
    ours = {p[:4] for p in model.predict(test)}
    assert micro_f1(ours, labels) > micro_f1(backbone, labels) + 0.03
    assert len((ours - backbone) & labels) > 15


def test_the_closure_only_adds_to_scores(corpus, splits, model):
    train, dev, test = splits
    raised = {}
    for strength in (0.5, 1.0):
        chosen = plus(rounds=1, closure=(strength,), closure_support=3)
        closing = LogiREPlus(corpus.schema, chosen, seed=1, device="cpu").fit(train, dev)
        assert strength_of(closing) == strength
        np.testing.assert_array_equal(closing.fitted.last.extractor.weights, model.fitted.last.extractor.weights)
        raised[strength] = [a - b for a, b in zip(closing.scores(test), model.scores(test), strict=True)]
        assert min(r.min() for r in raised[strength]) >= 0
    assert sum((r > 0).sum() for r in raised[1.0]) > 20
    for half, whole in zip(raised[0.5], raised[1.0], strict=True):
        np.testing.assert_allclose(half, whole / 2, atol=1e-5)


def test_the_strength_of_the_closure_is_the_best_on_dev_and_of_equals_the_least(corpus, splits, model):
    train, dev, _ = splits
    strengths = (1.0, 0.0, 0.5)
    chosen = LogiREPlus(corpus.schema, plus(rounds=1, closure=strengths, closure_support=3), seed=1, device="cpu")
    chosen.fit(train, dev)
    best = {}
    for strength in strengths:
        settings = plus(rounds=1, closure=(strength,), closure_support=3)
        alone = LogiREPlus(corpus.schema, settings, seed=1, device="cpu").fit(train, dev)
        best[strength] = alone.fitted.dev_f1
    assert chosen.fitted.dev_f1 == max(best.values())
    assert strength_of(chosen) == min(s for s in best if best[s] == max(best.values()))
    rows = chosen.history[chosen.history["round"] == 2]
    assert dict(zip(rows["closure"], rows["dev_f1"], strict=True)) == best
    # Rules that never fire leave every strength equal.
    none = plus(rounds=1, closure=strengths, closure_support=10_000)
    assert strength_of(LogiREPlus(corpus.schema, none, seed=1, device="cpu").fit(train, dev)) == 0.0


def test_what_the_closure_adds_is_a_reason_with_its_path(corpus, splits):
    train, dev, test = splits
    settings = plus(rounds=1, closure=(0.75,), closure_support=3)
    closing = LogiREPlus(corpus.schema, settings, seed=1, device="cpu").fit(train, dev)
    [before] = apply_all(closing.fitted.stages[:-1], test[:1], closing.fitted.queries)
    [after] = closing.scores(test[:1])
    raised = np.argwhere(after > before.logits)
    raised = raised[(raised[:, 0] != raised[:, 1])].tolist()
    assert raised
    for h, t, r in raised:
        (explanation,) = closing.explain(test[0], h, t, corpus.schema.relations[r], most=10_000)
        (reason,) = [x for x in explanation.reasons if x.closing is not None]
        assert reason.contribution == pytest.approx(after[h, t, r] - before.logits[h, t, r], abs=1e-4)
        parts = parts_of(explanation)
        assert explanation.score == pytest.approx(sum(parts), abs=1e-4)
        weakest = before.logits[h, t, r] + reason.contribution / 0.75
        assert reason.phi == pytest.approx(1 / (1 + np.exp(-weakest)), abs=1e-4)
        assert (reason.path.entities[0], reason.path.entities[-1]) == (h, t)
        [row] = [x for x in explanation.as_dict(test[0], corpus.schema)["reasons"] if x["kind"] == "constraint"]
        assert row["phi"] == pytest.approx(min(step["score"] for step in row["path"]), abs=1e-6)
    h, t, r = next(key for key in np.argwhere(after == before.logits).tolist() if key[0] != key[1])
    (explanation,) = closing.explain(test[0], h, t, corpus.schema.relations[r], most=10_000)
    assert all(reason.closing is None for reason in explanation.reasons)


def parts_of(explanation):
    """What the score is the sum of."""
    rules = [reason.contribution for reason in explanation.reasons]
    return [explanation.bias, explanation.residual, *rules, *explanation.context.values()]


def after_rounds(model, documents):
    """The documents after each round of a model in turn."""
    rounds = [stage for stage in model.fitted.stages if isinstance(stage, ExtractorStage)]
    assert len(rounds) == model.settings.rounds
    return apply_all(rounds, documents, model.fitted.queries)


def test_scores_are_bias_and_residual_and_contributions(corpus, splits):
    train, dev, test = splits
    chosen = plus(**(QUICK | {"rounds": 2, "calibrate": True, "blend": (0.5,)}))
    model = LogiREPlus(corpus.schema, chosen, seed=1, device="cpu").fit(train, dev)
    assert backbones_threshold(after_rounds(model, dev)) == (model.fitted.theta, model.fitted.dev_f1)
    for d, after in zip(test[:3], after_rounds(model, test[:3]), strict=True):
        scores = model.scores([d])[0]
        off = ~np.eye(len(d.types), dtype=np.bool_)
        np.testing.assert_array_equal(scores[off], after.logits[off])
        queried = ~unseen(d, model.fitted.queries) & ~np.eye(len(d.types), dtype=np.bool_)[:, :, None]
        order = np.random.default_rng(0).permutation(np.argwhere(queried))[:20].tolist()
        asked = [(p.head, p.tail, corpus.schema.relation_index[p.relation]) for p in model.predict([d])[:20]]
        for h, t, r in [*order, *(key for key in asked if queried[key])]:
            (explanation,) = model.explain(d, h, t, corpus.schema.relations[r], most=10_000)
            parts = parts_of(explanation)
            assert explanation.score == pytest.approx(sum(parts), abs=1e-4)
            assert explanation.score == scores[h, t, r]


def test_scores_of_no_query_type_are_explained_by_the_logit_alone(splits, model):
    document = splits[2][0]
    h, t, r = np.argwhere(unseen(document, model.fitted.queries))[0].tolist()
    (explanation,) = model.explain(document, h, t, model.schema.relations[r], most=10_000)
    assert explanation.score == document.logits[h, t, r]
    assert explanation.reasons == ()
    assert explanation.bias + explanation.residual == pytest.approx(explanation.score, abs=1e-4)


@pytest.mark.parametrize("chosen", [QUICK, QUICK | {"rounds": 3, "calibrate": True, "tied": False}, EVERYTHING])
def test_saving_and_loading_changes_nothing(corpus, splits, tmp_path, chosen):
    train, dev, test = splits
    model = LogiREPlus(corpus.schema, plus(**chosen), seed=1, device="cpu").fit(train, dev)
    model.save(tmp_path / "first")
    loaded = LogiREPlus.load(tmp_path / "first", device="cpu")
    assert loaded.settings == model.settings
    assert [type(stage) for stage in loaded.fitted.stages] == [type(stage) for stage in model.fitted.stages]
    for scores, again in zip(model.scores(test), loaded.scores(test), strict=True):
        assert scores.tobytes() == again.tobytes()
    assert loaded.predict(test) == model.predict(test)
    assert list(loaded.explanations(test[:2])) == list(model.explanations(test[:2]))
    assert len(list(model.explanations(test[:2]))) > 20
    loaded.save(tmp_path / "second")
    assert_same_files(tmp_path / "first", tmp_path / "second")


@pytest.mark.parametrize("more", [{}, EVERYTHING, {"rules": "generated", "rules_per_query": 2, "generator_epochs": 1}])
def test_the_same_seed_writes_the_same_bytes(noise, schema, tmp_path, more):
    train, dev = noise
    for name in ("first", "second"):
        LogiREPlus(schema, plus(**QUICK | more), seed=3, device="cpu").fit(train, dev).save(tmp_path / name)
    assert_same_files(tmp_path / "first", tmp_path / "second")
    if more.get("rules") == "generated":
        other = LogiREPlus(schema, plus(**QUICK | more), seed=4, device="cpu").fit(train, dev)
        assert other.fitted.last.rules.bodies != LogiREPlus.load(tmp_path / "first").fitted.last.rules.bodies


def test_a_fit_tells_of_its_rounds_and_logs_what_was_tried(noise, schema):
    reported, logged = [], []
    chosen = plus(**QUICK | {"rounds": 2, "blend": (0.25, 0.5, 1.0), "closure": (0.0, 0.5)})
    model = LogiREPlus(schema, chosen, device="cpu")
    model.fit(*noise, report=lambda *told: reported.append(told), log=lambda history: logged.append(len(history)))
    assert reported == [("finding rules", 0, 3), ("round", 1, 3), ("round", 2, 3), ("round", 3, 3)]
    # two penalties by three blends a round, then two strengths of the closure
    assert logged == [6, 12, 14] == [6, 12, len(model.history)]
    assert model.history["round"].tolist() == [1] * 6 + [2] * 6 + [3] * 2
    assert model.fitted.kept == 2
    assert not model.fitted.rejects_unseen


def test_a_round_that_changes_nothing_leaves_the_rules_and_reasons_of_the_round_before(random_documents, schema):
    """Of relation 1 the backbone knows nothing, and it holds where relation 0 does: round 1 leaves no error on dev."""

    def solved(seed: int) -> list[ScoredDocument]:
        documents = []
        for document in random_documents(seed, count=8):
            labels, logits = np.zeros_like(document.labels), np.full_like(document.logits, -6.0)
            labels[:, :, :2] = document.labels[:, :, :1]
            logits[:, :, 0] = np.where(labels[:, :, 0], 6.0, -6.0)
            logits[:, :, 1] = -1.0
            documents.append(relabelled(relogited(document, logits), labels))
        return documents

    train, dev = solved(1), solved(2)
    once, twice = (LogiREPlus(schema, plus(**(QUICK | {"rounds": n})), device="cpu").fit(train, dev) for n in (1, 2))
    assert once.fitted.dev_f1 == 1.0
    assert 2 in twice.history["round"].tolist(), "it was tried"
    assert (len(twice.fitted.stages), twice.fitted.kept) == (1, 1)
    assert twice.rules().equals(once.rules())
    assert twice.rules(schema.relations[1]).weight.max() > 0.1
    assert twice.predict(dev) == once.predict(dev)


def test_a_generator_is_learnt_for_generated_rules_alone():
    needed = {"gold": {"gold_rules": "rules.txt"}}
    learns = {name: LogiREPlus.learns_generator(plus(rules=name, **needed.get(name, {}))) for name in SOURCES}
    assert learns == dict.fromkeys(SOURCES, False) | {"generated": True}


def test_rules_are_named_as_the_schema_names_them(model):
    rules, queries = model.fitted.last.rules, model.fitted.queries
    named = {
        (*(model.schema.relations[r], model.schema.types[a], model.schema.types[b]), body_name(body, model.schema))
        for body, (r, a, b) in zip(rules.bodies, queries.triples[rules.query_of_rule].tolist(), strict=True)
    }
    table = model.rules()
    assert set(zip(table.relation, table.head_type, table.tail_type, table.body, strict=True)) == named
