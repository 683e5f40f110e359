"""LogiRE+ as a whole, on the embedded corpus with planted rules."""

from __future__ import annotations

import numpy as np
import pytest
from rules_builders import EVERYTHING, QUICK, assert_same_files, backbones_threshold, plus

from logire.corpus.embedded import PLANTED_RULES
from logire.rules.em import unseen_mask
from logire.rules.plus.model import LogiREPlus
from logire.rules.queries import body_name


@pytest.fixture(scope="module")
def model(corpus, splits):
    return LogiREPlus(corpus.schema, plus(rounds=1), seed=1, device="cpu").fit(*splits[:2])


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
    chosen = plus(rounds=1, closure=0.9, closure_support=3)
    closing = LogiREPlus(corpus.schema, chosen, seed=1, device="cpu").fit(train, dev)
    np.testing.assert_array_equal(closing.learnt.extractor.weights, model.learnt.extractor.weights)
    raised = 0
    for before, after in zip(model.scores(test), closing.scores(test), strict=True):
        assert (after >= before).all()
        raised += int((after > before).sum())
    assert raised > 20


def after_rounds(model, documents):
    """The documents after each round of a model in turn."""
    for found in model._rounds:
        documents = found.apply(documents, model.queries)
    return documents


def test_scores_are_bias_and_residual_and_contributions(corpus, splits):
    train, dev, test = splits
    chosen = plus(**(QUICK | {"rounds": 2, "calibrate": True, "blend": (0.5,)}))
    model = LogiREPlus(corpus.schema, chosen, seed=1, device="cpu").fit(train, dev)
    assert backbones_threshold(after_rounds(model, dev)) == (model.learnt.theta, model.learnt.dev_f1)
    for d, after in zip(test[:3], after_rounds(model, test[:3]), strict=True):
        scores = model.scores([d])[0]
        off = ~np.eye(len(d.types), dtype=np.bool_)
        np.testing.assert_array_equal(scores[off], after.logits[off])
        queried = ~unseen_mask(d, model.queries) & ~np.eye(len(d.types), dtype=np.bool_)[:, :, None]
        order = np.random.default_rng(0).permutation(np.argwhere(queried))[:20].tolist()
        asked = [(p.head, p.tail, corpus.schema.relation_index[p.relation]) for p in model.predict([d])[:20]]
        for h, t, r in [*order, *(key for key in asked if queried[key])]:
            (explanation,) = model.explain(d, h, t, corpus.schema.relations[r], most=10_000)
            parts = [explanation.bias, explanation.residual, *(x.contribution for x in explanation.reasons)]
            assert explanation.score == pytest.approx(sum(parts), abs=1e-4)
            assert explanation.score == scores[h, t, r]


def test_scores_of_no_query_type_are_explained_by_the_logit_alone(splits, model):
    document = splits[2][0]
    h, t, r = np.argwhere(unseen_mask(document, model.queries))[0].tolist()
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
    assert loaded.chosen == model.chosen
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
        assert other.learnt.rules.bodies != LogiREPlus.load(tmp_path / "first").learnt.rules.bodies


def test_rules_are_named_as_the_schema_names_them(model):
    rules, queries = model.learnt.rules, model.queries
    named = {
        (*(model.schema.relations[r], model.schema.types[a], model.schema.types[b]), body_name(body, model.schema))
        for body, (r, a, b) in zip(rules.bodies, queries.triples[rules.query_of_rule].tolist(), strict=True)
    }
    table = model.rules()
    assert set(zip(table.relation, table.head_type, table.tail_type, table.body, strict=True)) == named
