"""EM and the model as a whole: planted rules, no leaks, resuming, saving, explaining."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from rules_builders import relabelled, write_incomplete_dump
from safetensors import safe_open
from safetensors.torch import save_file

import logire.rules.logire.em as em
from logire.corpus.dump import read_dump
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.sources.embedded import prepare_embedded
from logire.corpus.sources.embedded.rules import PLANTED_RULES
from logire.ground.errors import InputError
from logire.rules.extractor import Extractor
from logire.rules.fitted import REJECTED
from logire.rules.grounding import Split, unseen
from logire.rules.logire.model import LogiRE
from logire.rules.logire.settings import LogiRESettings
from logire.rules.logire.state import EMState, Iteration
from logire.rules.mining import explored, mine
from logire.rules.queries import RuleSet
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


TINY = {
    "iterations": 2,
    "hidden": 16,
    "heads": 2,
    "feedforward": 16,
    "generator_epochs": 25,
    "generator_learning_rate": 5e-3,
    "update_epochs": 2,
}
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


def test_patience_stops_early(corpus, dump, monkeypatch):
    train, dev = (read_dump(dump, corpus, split) for split in ("train", "dev"))
    f1 = iter([0.5, 0.6, 0.55, 0.58, 0.9])
    monkeypatch.setattr(Split, "threshold", lambda *args, **kwargs: (0.0, next(f1)))
    settings = LogiRESettings(
        iterations=5, patience=2, hidden=16, heads=2, feedforward=16, generator_epochs=1, update_epochs=1
    )
    model = LogiRE(corpus.schema, settings, seed=1).fit(train, dev)
    assert list(model.history.dev_f1) == [0.5, 0.6, 0.55, 0.58]
    assert model.fitted.kept == 2


class KilledError(Exception):
    pass


AUTHORS = yaml.safe_load((Path(__file__).parents[2] / "params" / "authors.yaml").read_text(encoding="utf-8"))["logire"]
SMALL = {
    "iterations": 3, "hidden": 16, "heads": 2, "feedforward": 16, "generator_epochs": 3, "update_epochs": 2,
    "extractor_epochs": 4,
}  # fmt: skip


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


def test_only_the_first_fit_explores(noise, schema, monkeypatch):
    """It learns the mined table with a share of the uniform one; the momentum starts from the mined table itself."""
    learnt, before = [], []
    fit, mix = em.fit_generator, em.mixed

    def fitting(generator, table, **more):
        learnt.append(table)
        return fit(generator, table, **more)

    def mixing(old, new, momentum):
        before.append(old)
        return mix(old, new, momentum)

    monkeypatch.setattr(em, "fit_generator", fitting)
    monkeypatch.setattr(em, "mixed", mixing)
    settings = LogiRESettings(**(TINY | {"exploration": 0.3, "target": "momentum"}))
    model = LogiRE(schema, settings, seed=1).fit(*noise)
    mined = mine(noise[0], model.fitted.queries, 3)
    assert learnt[0] == explored(mined, 0.3) != mined
    assert before == [mined]


def test_rules_without_a_weight_keep_where_the_fit_starts():
    old = RuleSet.of_counts([{(0,): 1, (1, 2): 1}, {(0,): 1}])
    weights = np.array([1.0, 2.0, 3.0])
    last = Iteration(1, {}, old, Extractor(np.array([5.0, 6.0]), weights, np.zeros(2)), np.ones(3), 0.0, 0.0)
    new = RuleSet.of_counts([{(0,): 1, (4,): 1}, {(0,): 1, (1, 2): 1}])
    start = Extractor(np.array([0.1, 0.2]), np.array([0.3, 0.4, 0.5, 0.6]), np.zeros(2))
    found = em.carried_over(last, start, new)
    assert new.bodies == ((0,), (4,), (0,), (1, 2))
    assert found.weights.tolist() == [1.0, 0.4, 3.0, 0.6]
    assert found.bias.tolist() == [5.0, 6.0]


@pytest.mark.parametrize("self_pairs", [False, True])
@pytest.mark.parametrize("optimizer", ["adam", "newton"])
def test_self_relations_are_learnt_from_and_never_predicted(optimizer, self_pairs, document, schema, monkeypatch):
    """in0(e0, e0) and agent_of(e0, e1): candidates of in0 are there with self-pairs alone, and in training alone."""
    asked = []
    lay_out = Split.of.__func__

    def laying_out(cls, *arguments, **more):
        asked.append(more.get("self_pairs", False))
        return lay_out(cls, *arguments, **more)

    monkeypatch.setattr(Split, "of", classmethod(laying_out))
    made = [document(schema, [0, 1], [(0, 0, 0), (0, 2, 1)], title=f"D{k}") for k in range(4)]
    chosen = TINY | {"self_relations": True, "self_pairs": self_pairs, "optimizer": optimizer}
    model = LogiRE(schema, LogiRESettings(**chosen), seed=1).fit(made, made)
    assert asked[:2] == [self_pairs, False]
    assert model.fitted.queries.triples.tolist() == [[0, 0, 0], [2, 0, 1]]
    assert np.isfinite(model.fitted.last.extractor.weights).all()
    posteriors = model.rules().groupby("relation").posterior.sum()
    assert posteriors["agent_of"] == pytest.approx(1.0)
    assert posteriors["in0"] == pytest.approx(float(self_pairs))
    assert (model.fitted.last.extractor.bias[0] != 0.0) == self_pairs
    assert [(p.head, p.relation, p.tail) for p in model.predict(made)] == [(0, "agent_of", 1)] * 4


def test_the_authors_preset_learns_from_documents_with_self_relations(noise, schema):
    rng = np.random.default_rng(5)

    def with_loops(documents):
        found = []
        for item in documents:
            labels = item.labels.copy()
            diagonal = np.arange(len(labels))
            labels[diagonal, diagonal] = rng.random(labels.shape[1:]) < 0.2
            found.append(relabelled(item, labels))
        return found

    train, dev = map(with_loops, noise)
    settings = LogiRESettings(**(AUTHORS | SMALL))
    models = [LogiRE(schema, settings, seed=seed).fit(train, dev) for seed in (1, 1, 2)]
    kept = [model.fitted.last.extractor.weights.tobytes() for model in models]
    assert kept[0] == kept[1] != kept[2]
    assert (models[0].fitted.last.rules.counts > 0).all()
    assert all(p.head != p.tail for p in models[0].predict(dev))
    assert len(models[0].predict(dev)) > 0


def test_a_damaged_checkpoint_is_not_gone_on_from(noise, schema, tmp_path):
    file = tmp_path / "em.safetensors"
    model = LogiRE(schema, LogiRESettings(**(TINY | {"iterations": 1})), seed=1).fit(*noise, checkpoint=file)
    with safe_open(file, framework="pt") as opened:
        notes = json.loads(opened.metadata()["state"])
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118

    def read(tensors, notes):
        save_file(tensors, file, metadata={"state": json.dumps(notes)})
        return EMState.load(file, notes["key"], schema, model.fitted.queries)

    state = read(tensors, notes)
    assert state.last.rules.bodies == state.best.rules.bodies == model.fitted.last.rules.bodies
    assert read(tensors | {"last/bias": tensors["last/bias"] + 1e-9}, notes) is None
    assert read(tensors, notes | {"best": notes["best"] | {"theta": notes["best"]["theta"] + 1e-9}}) is None
    # without a digest, as earlier versions wrote it, what cannot be is refused all the same
    del notes["digest"]
    assert read(tensors, notes) is not None
    out_of_range = notes | {"best": notes["best"] | {"bodies": [[10**9], *notes["best"]["bodies"][1:]]}}
    assert read(tensors, out_of_range) is None
    assert read(tensors, {key: notes[key] for key in ("key", "last", "history", "table")}) is None
    assert read({name: tensor for name, tensor in tensors.items() if name != "best/bias"}, notes) is None
    assert read(tensors | {"last/start": tensors["last/start"] - 1}, notes) is None
    assert read(tensors | {"last/posterior": tensors["last/posterior"] * float("nan")}, notes) is None
    file.write_bytes(b"cut off")
    assert EMState.load(file, notes["key"], schema, model.fitted.queries) is None


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
    with pytest.raises(InputError, match="are not those the run was fitted on"):
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
