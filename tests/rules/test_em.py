"""EM on an embedded corpus and the model as a whole: planted rules, no leaks, resuming, saving, explaining."""

from __future__ import annotations

import json

import numpy as np
import pytest
from rules_builders import AUTHORS, SMALL, TINY, write_incomplete_dump

import logire.rules.logire.em as em
from logire.corpus.dump import read_dump
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.sources.embedded import prepare_embedded
from logire.corpus.sources.embedded.rules import PLANTED_RULES
from logire.ground.errors import InputError
from logire.rules.fitted import REJECTED
from logire.rules.grounding import unseen
from logire.rules.logire.model import LogiRE
from logire.rules.logire.settings import LogiRESettings
from logire.rules.run import fit_run, load_run, predict_run

QUICK = LogiRESettings(
    iterations=2,
    optimizer="newton",
    hidden=64,
    heads=2,
    feedforward=64,
    generator_epochs=80,
    generator_learning_rate=3e-3,
    update_epochs=5,
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("embedded") / "corpus"
    prepare_embedded(folder, documents=(60, 15, 15))
    return PreparedCorpus.open(folder)


@pytest.fixture(scope="module")
def dump(corpus, tmp_path_factory):
    """Clean logits."""
    path = tmp_path_factory.mktemp("dump") / "logits.safetensors"
    return write_incomplete_dump(corpus, path, high=5.0, low=-7.0, spread=0.5)


@pytest.fixture(scope="module")
def model(corpus, dump):
    train, dev = (read_dump(dump, corpus, split) for split in ("train", "dev"))
    return LogiRE(corpus.schema, QUICK, seed=1).fit(train, dev)


def test_planted_rules_come_out_on_top(model):
    """The exact planted rules with support lead their query types, the identity rule r <- r left aside.

    Of a query type with m such rules, the m + 2 strongest are looked at: a planted rule has paraphrases that say
    the same (``citizen_of ^ ~gpe0`` beside ``citizen_of-x``), and equal evidence is shared between them.
    """
    table = model.rules()
    planted = {(p.relation, p.head_type, p.tail_type, " ^ ".join(p.body)) for p in PLANTED_RULES if p.confidence == 1.0}
    expected, found = 0, 0
    for key, rows in table[table.body != table.relation].groupby(["relation", "head_type", "tail_type"]):
        supported = {body for body in rows[rows.support >= 15].body if (*key, body) in planted}
        strongest = set(rows.nlargest(len(supported) + 2, "weight").body)
        expected += len(supported)
        found += len(supported & strongest)
    assert expected >= 12
    assert found / expected >= 0.75, f"{found} of {expected}"


def test_reasoning_adds_what_the_backbone_missed(model, corpus, dump):
    test = read_dump(dump, corpus, "test")
    labels = {(d.title, int(h), int(t), corpus.schema.relations[r]) for d in test for h, t, r in np.argwhere(d.labels)}
    ours = {(p.title, p.head, p.tail, p.relation) for p in model.predict(test)}
    backbone = {
        (d.title, int(h), int(t), corpus.schema.relations[r]) for d in test for h, t, r in np.argwhere(d.logits > 0)
    }

    def f1(found):
        return 2 * len(found & labels) / (len(found) + len(labels))

    assert f1(ours) > f1(backbone) + 0.03
    assert len((ours - backbone) & labels) > 20


def test_a_prediction_goes_when_its_chain_is_broken(model, corpus, dump):
    """Take away the atoms of the path that made a prediction the backbone alone does not make."""
    test = read_dump(dump, corpus, "test")
    dropped = 0
    for row in model.explanations(test):
        document = next(d for d in test if d.title == row["title"])
        r = corpus.schema.relation_index[row["r"]]
        h, t = row["h_idx"], row["t_idx"]
        reason = row["reasons"][0]
        if document.logits[h, t, r] > -2 or reason["contribution"] <= 0 or len(reason["path"]) < 2:
            continue
        logits = document.logits.copy()
        for other in row["reasons"]:
            if other["contribution"] > 0:
                for atom in other["path"]:
                    relation = corpus.schema.relation_index[atom["atom"].removeprefix("~")]
                    ends = (atom["from_idx"], atom["to_idx"])
                    logits[(*(ends if not atom["atom"].startswith("~") else ends[::-1]), relation)] = -12.0
        broken = type(document)(document.document, document.types, logits, document.labels, document.in_train)
        (explanation,) = model.explain(broken, h, t, row["r"])
        assert explanation.score < row["score"]
        dropped += not explanation.predicted
        if dropped == 5:
            break
    assert dropped == 5


def test_permuting_test_labels_changes_no_prediction(model, corpus, dump):
    test = read_dump(dump, corpus, "test")
    rng = np.random.default_rng(3)
    shuffled = [type(d)(d.document, d.types, d.logits, rng.permuted(d.labels, axis=0), d.in_train) for d in test]
    assert model.predict(shuffled) == model.predict(test)


def test_same_seed_same_result_other_seed_other_rules(model, corpus, dump):
    train, dev = (read_dump(dump, corpus, split) for split in ("train", "dev"))
    again = LogiRE(corpus.schema, QUICK, seed=1).fit(train, dev)
    assert again.history.equals(model.history)
    assert again.fitted.last.rules.bodies == model.fitted.last.rules.bodies
    np.testing.assert_array_equal(again.fitted.last.extractor.weights, model.fitted.last.extractor.weights)
    other = LogiRE(corpus.schema, QUICK, seed=2).fit(train, dev)
    assert other.fitted.last.rules.bodies != model.fitted.last.rules.bodies


def test_score_is_bias_plus_contributions_and_survives_saving(model, corpus, dump, tmp_path):
    test = read_dump(dump, corpus, "test")[:3]
    model.save(tmp_path)
    loaded = LogiRE.load(tmp_path)
    for scores, again in zip(model.scores(test), loaded.scores(test), strict=True):
        np.testing.assert_array_equal(scores, again)
    assert loaded.predict(test) == model.predict(test)
    document = test[0]
    for p in model.predict([document])[:10]:
        (explanation,) = loaded.explain(document, p.head, p.tail, p.relation, most=10_000)
        total = explanation.bias + sum(reason.contribution for reason in explanation.reasons)
        assert explanation.score == pytest.approx(total, abs=1e-4)
        assert explanation.predicted


@pytest.mark.parametrize("policy", ["reject", "backbone"])
def test_unseen_types(corpus, dump, policy):
    train, dev, test = (read_dump(dump, corpus, split) for split in ("train", "dev", "test"))
    settings = LogiRESettings(iterations=1, hidden=16, heads=2, feedforward=16, generator_epochs=1, unseen_types=policy)
    model = LogiRE(corpus.schema, settings, seed=1).fit(train, dev)
    for document, scores in zip(test, model.scores(test), strict=True):
        no_type = unseen(document, model.fitted.queries)
        assert no_type.any()
        expected = document.logits[no_type] if policy == "backbone" else REJECTED
        assert (scores[no_type] == expected).all()
        assert (scores[np.eye(len(document.types), dtype=bool)] == REJECTED).all()


VARIANTS = [
    {"optimizer": "newton"},
    {"identity_rule": "sampled"},
    {"posterior_prior": "counted"},
    {"posterior": "sampled"},
    {"target": "momentum"},
    {"positions": False},
    {"norm": "after"},
    {"dropout": 0.2},
    {"past_end": True},
    {"exploration": 0.5},
    {"self_pairs": True},
    {"extractor_start": "uniform"},
    {"extractor_epoch": "best", "extractor_learning_rate": 0.5, "extractor_final_rate": 0.5},
    {"reset_generator": True},
    {"reset_extractor": False},
    {"max_length": 2},
]


@pytest.fixture(scope="module")
def plain(corpus, dump):
    train, dev = (read_dump(dump, corpus, split) for split in ("train", "dev"))
    return LogiRE(corpus.schema, LogiRESettings(**TINY), seed=1).fit(train, dev)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: "-".join(f"{k}={x}" for k, x in v.items()))
def test_every_variant_makes_a_difference(plain, corpus, dump, variant):
    train, dev = (read_dump(dump, corpus, split) for split in ("train", "dev"))
    other = LogiRE(corpus.schema, LogiRESettings(**(TINY | variant)), seed=1).fit(train, dev)
    assert other.fitted.dev_f1 > 0
    if variant == {"max_length": 2}:
        assert max(len(body) for body in other.fitted.last.rules.bodies) == 2
    if variant == {"identity_rule": "sampled"}:
        assert (other.fitted.last.rules.counts > 0).all()
    else:
        identities = {(int(r),) for r in other.fitted.queries.triples[:, 0]}
        assert identities <= set(other.fitted.last.rules.bodies)
    assert not other.history.equals(plain.history)


class KilledError(Exception):
    pass


@pytest.mark.parametrize("chosen", [{"target": "momentum"}, AUTHORS], ids=["momentum", "authors"])
def test_a_killed_run_ends_with_the_same_files(chosen, corpus, dump, tmp_path, monkeypatch):
    settings = chosen | SMALL

    def run(out):
        fit_run(corpus.path, dump, out, settings=settings, seed=4)

    run(tmp_path / "whole")
    fit = em.fit_extractor
    calls = []

    def killing(*args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            raise KilledError
        return fit(*args, **kwargs)

    monkeypatch.setattr(em, "fit_extractor", killing)
    with pytest.raises(KilledError):
        run(tmp_path / "cut")
    assert not (tmp_path / "cut" / "run.json").exists()
    assert len((tmp_path / "cut" / "history.csv").read_text().splitlines()) == 1 + 2, "logged as it goes"
    monkeypatch.setattr(em, "fit_extractor", fit)
    monkeypatch.setattr(em, "mine", None)  # the first fit is not done again
    run(tmp_path / "cut")
    for name in ("model.safetensors", "rules.csv", "history.csv"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert sorted(p.name for p in (tmp_path / "cut").iterdir()) == sorted(
        p.name for p in (tmp_path / "whole").iterdir()
    )


def test_predict_writes_predictions_and_their_reasons(corpus, dump, tmp_path):
    settings = {"iterations": 1, "hidden": 16, "heads": 2, "feedforward": 16, "generator_epochs": 2}
    fit_run(corpus.path, dump, tmp_path, settings=settings, seed=4)
    file = predict_run(tmp_path, "test")
    predictions = json.loads(file.read_text())
    reasons = [json.loads(line) for line in (tmp_path / "explanations-test.jsonl").read_text().splitlines()]
    keys = ("title", "h_idx", "t_idx", "r", "score")
    assert [[p[k] for k in keys] for p in predictions] == [[p[k] for k in keys] for p in reasons]
    assert len(predictions) > 100
    run = json.loads((tmp_path / "run.json").read_text())
    assert min(p["score"] for p in predictions) >= run["threshold"] - 1e-6


def test_other_relations_than_the_runs_are_an_error(corpus, dump, tmp_path):
    settings = {"iterations": 1, "hidden": 16, "heads": 2, "feedforward": 16, "generator_epochs": 1}
    fit_run(corpus.path, dump, tmp_path / "run", settings=settings, seed=4)
    other = tmp_path / "other"
    other.mkdir()
    for file in corpus.path.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    indices = json.loads((other / "rel2id.json").read_text())
    (other / "rel2id.json").write_text(json.dumps(indices | {"more": len(indices)}))
    with pytest.raises(InputError, match="are not those the model was fitted on: 'more'"):
        load_run(tmp_path / "run", "test", documents=other)


def test_bad_settings_and_empty_splits_name_themselves(corpus, dump):
    with pytest.raises(InputError, match=r"logire\.iteratoins.*no such setting"):
        fit_run(corpus.path, dump, corpus.path / "x", settings={"iteratoins": 1}, seed=1)
    with pytest.raises(InputError, match=r"logire\.iterations.*given: 'ten'"):
        fit_run(corpus.path, dump, corpus.path / "x", settings={"iterations": "ten"}, seed=1)
    assert not (corpus.path / "x").exists()
    train = read_dump(dump, corpus, "train")
    with pytest.raises(InputError, match="the training split is empty"):
        LogiRE(corpus.schema).fit([], train)
    with pytest.raises(InputError, match="not fitted"):
        LogiRE(corpus.schema).predict(train)
