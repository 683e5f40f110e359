"""The EM loop on small documents without any signal: what each iteration does, and which one is kept."""

from __future__ import annotations

import json

import numpy as np
import pytest
from rules_builders import AUTHORS, SMALL, TINY, relabelled
from safetensors import safe_open
from safetensors.torch import save_file

import logire.rules.logire.em as em
from logire.ground.runtime import derive_seed
from logire.rules.extractor import Extractor
from logire.rules.grounding import Split
from logire.rules.logire.model import LogiRE
from logire.rules.logire.settings import LogiRESettings
from logire.rules.logire.state import EMState, Iteration
from logire.rules.mining import explored, mine
from logire.rules.queries import RuleSet


def with_dev_f1(monkeypatch, values) -> None:
    """Let the iterations reach these dev F1."""
    f1 = iter(values)
    monkeypatch.setattr(Split, "threshold", lambda *args, **kwargs: (0.0, next(f1)))


@pytest.mark.parametrize(
    ("patience", "f1", "done", "kept"),
    [
        (2, [0.5, 0.6, 0.55, 0.58, 0.9], 4, 2),
        (1, [0.5, 0.6, 0.55, 0.58, 0.9], 3, 2),
        (0, [0.5, 0.4, 0.3, 0.2, 0.9], 5, 5),
        (3, [0.5, 0.5, 0.4, 0.5, 0.9], 4, 1),  # of equals the first, and no improvement on it
    ],
)
def test_the_best_iteration_is_kept_and_patience_stops_early(patience, f1, done, kept, noise, schema, monkeypatch):
    with_dev_f1(monkeypatch, f1)
    more = {"iterations": 5, "patience": patience, "generator_epochs": 1, "update_epochs": 1}
    reported, logged = [], []
    model = LogiRE(schema, LogiRESettings(**(TINY | more)), seed=1)
    model.fit(*noise, report=lambda *told: reported.append(told), log=lambda history: logged.append(len(history)))
    assert list(model.history.dev_f1) == f1[:done]
    assert list(model.history.iteration) == list(range(1, done + 1)) == logged
    assert model.fitted.kept == kept
    assert reported == [("EM iteration", number, 5) for number in (*range(done), 5)]


class Watched:
    """What the iterations of a fit give to the generator's and the extractor's fits, and to the dev threshold."""

    def __init__(self, monkeypatch, train, dev, schema, **chosen) -> None:
        self.generators, self.chosen, self.starts, self.judges, self.unseen = [], [], [], [], []
        fit_generator, fit_extractor, threshold = em.fit_generator, em.fit_extractor, Split.threshold

        def generating(generator, table, **more):
            self.generators.append(generator)
            self.chosen.append((more["epochs"], more["learning_rate"], more["seed"]))
            return fit_generator(generator, table, **more)

        def extracting(start, grounded, settings, seed, judge=None):
            self.starts.append((start, grounded.rules))
            self.judges.append(judge)
            return fit_extractor(start, grounded, settings, seed, judge)

        def choosing(split, scores, *, unseen):
            self.unseen.append(unseen)
            return threshold(split, scores, unseen=unseen)

        with monkeypatch.context() as patch:
            patch.setattr(em, "fit_generator", generating)
            patch.setattr(em, "fit_extractor", extracting)
            patch.setattr(Split, "threshold", choosing)
            settings = LogiRESettings(**(TINY | {"generator_epochs": 3} | chosen))
            self.model = LogiRE(schema, settings, seed=7).fit(train, dev)


def test_the_first_generator_learns_long_and_the_next_ones_shortly(noise, schema, monkeypatch):
    seen = Watched(monkeypatch, *noise, schema, iterations=3, update_learning_rate=2e-3)
    seeds = [derive_seed(7, "iteration", number) for number in (1, 2, 3)]
    assert seen.chosen == [(3, 5e-3, seeds[0]), (2, 2e-3, seeds[1]), (2, 2e-3, seeds[2])]
    assert len(set(map(id, seen.generators))) == 1
    assert seen.judges == [None] * 3
    assert not any(start.weights.any() or start.bias.any() for start, _ in seen.starts)
    assert seen.unseen == [False] * 3


def test_what_settings_change_between_the_iterations(noise, schema, monkeypatch):
    """A new generator, an extractor that goes on from the last one, a judge of its epochs, types that are not seen."""
    more = {"reset_generator": True, "reset_extractor": False, "extractor_epoch": "best", "unseen_types": "backbone"}
    seen = Watched(monkeypatch, *noise, schema, **more)
    assert len(set(map(id, seen.generators))) == 2
    assert None not in seen.judges
    assert set(seen.unseen) == {True}
    (first, _), (second, rules) = seen.starts
    assert not first.weights.any()
    assert second.weights.any()
    identities = [
        rules.bodies.index((int(r),), rules.start[q]) for q, (r, _, _) in enumerate(seen.model.fitted.queries.triples)
    ]
    assert second.weights[identities].all(), "every query type keeps its identity rule"


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
