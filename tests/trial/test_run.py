"""A trial's counts are those of the evaluation, and everything is chosen on dev."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from trial_runs import Made
from typer.testing import CliRunner

from logire.cli.app import app
from logire.corpus.dump import above, dev_threshold
from logire.corpus.gold import DWIE_RULES, read_gold_rules
from logire.corpus.predictions import Prediction
from logire.corpus.prepared import PreparedCorpus
from logire.evaluation.counts import fact_table
from logire.evaluation.scoring import evaluate
from logire.ground.errors import InputError
from logire.rules.plus.model import LogiREPlus
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.stages import ExtractorStage
from logire.trial.methods import methods
from logire.trial.nested import halves, nested_gains
from logire.trial.own import NO_RULES
from logire.trial.record import Trial
from logire.trial.run import read_inputs, try_methods
from logire.trial.task import Decide, Method, Scored, Task, part, reaching


def counted_by_evaluation(corpus: PreparedCorpus, split: str, predictions: list[Prediction]) -> np.ndarray:
    documents = corpus.documents(split)
    table = fact_table(predictions, documents, corpus.schema, corpus.training_facts)
    return table.counts(table.document, len(documents))


@pytest.fixture(scope="module")
def tried(made: Made) -> Trial:
    return try_methods(made.run, made.folds, made.documents, methods(["logire_plus"]))


def test_the_backbone_is_counted_as_the_evaluation_counts_it(made: Made, tried: Trial) -> None:
    corpus = PreparedCorpus.open(made.documents)
    splits = read_inputs(corpus, made.run, made.folds).splits
    theta = dev_threshold(splits["dev"].documents).theta
    for split in ("dev", "test"):
        predictions = above(splits[split].documents, theta, corpus.schema)
        counted = tried.methods["backbone"].splits[split]
        np.testing.assert_array_equal(counted.counts, counted_by_evaluation(corpus, split, predictions))
        rules = read_gold_rules(DWIE_RULES)
        known = [rule for rule in rules if rule.known_to(corpus.schema)]
        whole = evaluate(predictions, corpus.documents(split), corpus.schema, corpus.training_facts, rules)
        assert len(counted.rules) == len(known)
        np.testing.assert_array_equal(counted.rules, whole.rule_counts)


def test_logire_plus_is_counted_as_its_predictions_are(made: Made, tried: Trial) -> None:
    corpus = PreparedCorpus.open(made.documents)
    _, task, splits = read_inputs(corpus, made.run, made.folds)
    model = LogiREPlus(corpus.schema, seed=3).fit(task.train, task.dev.documents)
    expected = counted_by_evaluation(corpus, "test", model.predict(splits["test"].documents))
    np.testing.assert_array_equal(tried.methods["logire_plus"].splits["test"].counts, expected)


def test_a_trial_names_what_it_was_made_from(made: Made, tried: Trial) -> None:
    from logire.ground.digests import file_digest

    assert (tried.dataset, tried.synthetic, tried.backbone, tried.seed) == ("embedded", True, "bilstm", 3)
    assert tried.logits == file_digest(made.run / "logits.safetensors")
    assert tried.folds == [file_digest(fold / "logits.safetensors") for fold in made.folds]
    assert list(tried.methods) == ["backbone", "logire_plus"]


def test_a_trial_is_read_as_it_was_written(tried: Trial, tmp_path) -> None:
    tried.write(tmp_path / "trial.json")
    assert Trial.read(tmp_path / "trial.json") == tried


def test_other_documents_of_one_method_are_refused(tried: Trial, tmp_path) -> None:
    tried.write(tmp_path / "trial.json")
    broken = Trial.read(tmp_path / "trial.json")
    broken.methods["logire_plus"].splits["test"].facts.pop()
    broken.write(tmp_path / "trial.json")
    with pytest.raises(InputError, match=r"methods\.logire_plus"):
        Trial.read(tmp_path / "trial.json")


def test_the_training_logits_are_out_of_fold(made: Made) -> None:
    corpus = PreparedCorpus.open(made.documents)
    task = read_inputs(corpus, made.run, made.folds).task
    assert [d.title for d in task.train] == [d.title for d in task.seen] == [d.title for d in corpus.train]
    assert not any(np.array_equal(a.logits, b.logits) for a, b in zip(task.train, task.seen, strict=True))
    assert len(task.dev.folds) == 2


def test_no_fold_is_an_error_with_a_remedy(made: Made) -> None:
    with pytest.raises(InputError, match="--fold"):
        read_inputs(PreparedCorpus.open(made.documents), made.run, [])


def test_a_run_without_a_record_is_an_error(made: Made, tmp_path) -> None:
    with pytest.raises(InputError, match=r"logire train"):
        read_inputs(PreparedCorpus.open(made.documents), tmp_path, made.folds)


def test_unknown_methods_are_named() -> None:
    with pytest.raises(InputError, match="'magic' is not a method"):
        methods(["magic"])


def test_the_backbone_takes_part_always() -> None:
    assert [method.name for method in methods(["closed"])] == ["backbone", "closed"]


def test_the_diagonal_is_never_predicted() -> None:
    [decided] = reaching([np.zeros((3, 3, 2), np.float32)], -1.0)
    assert decided.sum() == 3 * 2 * 2
    assert not decided[np.arange(3), np.arange(3)].any()


def test_halves_divide_the_documents() -> None:
    pairs = list(halves(9, seed=1, times=5))
    for one, other in pairs:
        assert sorted([*one, *other]) == list(range(9))
        assert (len(one), len(other)) == (4, 5)
    assert len({tuple(one) for one, _ in pairs}) > 1
    np.testing.assert_array_equal(next(halves(9, seed=1))[0], pairs[0][0])


def test_nested_gains_choose_on_one_half_and_measure_on_the_other(made: Made) -> None:
    corpus = PreparedCorpus.open(made.documents)
    task = read_inputs(corpus, made.run, made.folds, test=False).task
    chosen_on: list[list[str]] = []
    measured_on: list[list[str]] = []

    def fit(given: Task) -> Decide:
        chosen_on.append([d.title for d in given.dev.documents])
        assert [len(fold) for fold in given.dev.folds] == [len(given.dev.documents)] * 2

        def decide(split: Scored) -> list[np.ndarray]:
            measured_on.append([d.title for d in split.documents])
            return [d.labels for d in split.documents]

        return decide

    oracle = Method("oracle", "oracle", "predicts the labels", fit)
    gains = nested_gains(task, [oracle], times=2)["oracle"]
    everyone = sorted(d.title for d in corpus.dev)
    for one, other in zip(chosen_on, measured_on, strict=True):
        assert sorted(one + other) == everyone
    for gain, (one, other) in zip(gains, halves(len(corpus.dev), seed=3, times=2), strict=True):
        theta = dev_threshold(part(task.dev, one).documents).theta
        predictions = above(part(task.dev, other).documents, theta, corpus.schema)
        documents = [corpus.dev[d] for d in other]
        table = fact_table(predictions, documents, corpus.schema, corpus.training_facts)
        gold, predicted, correct = table.counts(np.zeros(len(table.document), np.int64), 1)[0, :3]
        assert gain == pytest.approx(100 - 200 * correct / (gold + predicted))


def test_a_split_of_a_task_is_not_changed(made: Made) -> None:
    task = read_inputs(PreparedCorpus.open(made.documents), made.run, made.folds, test=False).task
    halved = part(task.dev, np.array([2, 0]))
    assert [d.title for d in halved.documents] == [task.dev.documents[i].title for i in (2, 0)]
    assert [f[0].title for f in halved.folds] == [task.dev.documents[2].title] * 2
    assert dataclasses.replace(task, dev=halved).train is task.train


def test_half_of_dev_is_learnt_from_and_the_other_half_chosen_on(made: Made, monkeypatch) -> None:
    task = read_inputs(PreparedCorpus.open(made.documents), made.run, made.folds, test=False).task
    seen: list[Task] = []
    [method] = [method for method in methods(["half_of_dev"]) if method.name == "half_of_dev"]
    monkeypatch.setattr("logire.trial.own._fitted", lambda _: seen.append)
    method.fit(task)
    method.fit(task)
    first, again = ([[d.title for d in part] for part in (given.train, given.dev.documents)] for given in seen)
    assert first == again  # drawn by the seed
    train, kept = first
    assert train[: len(task.train)] == [d.title for d in task.train]
    learnt = train[len(task.train) :]
    assert sorted(learnt + kept) == sorted(d.title for d in task.dev.documents)
    assert len(learnt) == len(kept) == 5


def test_the_mean_of_all_is_what_dev_and_test_have(made: Made, monkeypatch) -> None:
    task = read_inputs(PreparedCorpus.open(made.documents), made.run, made.folds, test=False).task
    seen: list[Task] = []

    def fitted(_: str):
        def fit(given: Task) -> Decide:
            seen.append(given)
            return lambda split: [d.logits > 0 for d in split.documents]

        return fit

    [method] = [method for method in methods(["on_the_mean"]) if method.name == "on_the_mean"]
    monkeypatch.setattr("logire.trial.own._fitted", fitted)
    decided = method.fit(task)(task.dev)
    [given] = seen
    assert given.train is task.train
    for d, scored in enumerate(given.dev.documents):
        every = [task.dev.documents[d], *(fold[d] for fold in task.dev.folds)]
        mean = np.mean([one.logits for one in every], axis=0)
        np.testing.assert_allclose(scored.logits, mean, rtol=1e-5)
        np.testing.assert_array_equal(decided[d], scored.logits > 0)


def test_context_alone_has_no_rule_but_the_relation_itself(made: Made) -> None:
    corpus = PreparedCorpus.open(made.documents)
    task = read_inputs(corpus, made.run, made.folds, test=False).task
    model = LogiREPlus(corpus.schema, LogiREPlusSettings(**NO_RULES), seed=3).fit(task.train, task.dev.documents)
    assert set(model.rules()["kind"]) == {"identity"}
    assert all(isinstance(stage, ExtractorStage) and stage.context for stage in model.fitted.stages)


def test_the_commands_run_report_and_halve(made: Made, tmp_path) -> None:
    runner = CliRunner()
    options = ["--documents", made.documents, *(word for fold in made.folds for word in ("--fold", fold))]
    chosen = ["--method", "logire_plus", "--method", "anyburl_noisy_or"]
    ran = runner.invoke(app, [*map(str, ["trial", "run", made.run, *options, *chosen, "--out", tmp_path / "t.json"])])
    assert ran.exit_code == 0, ran.output
    assert list(Trial.read(tmp_path / "t.json").methods) == ["backbone", "logire_plus", "anyburl_noisy_or"]
    told = runner.invoke(app, [*map(str, ["trial", "report", tmp_path / "t.json", "--out", tmp_path / "table"])])
    assert told.exit_code == 0, told.output
    assert "of 1 comparisons" in told.output
    for ending in ("csv", "md", "tex", "html", "sources.json"):
        assert (tmp_path / f"table.{ending}").exists()
    words = ["trial", "nested", made.run, *options, "--method", "folds_mean", "--times", 2, "--json"]
    halved = runner.invoke(app, [*map(str, words)])
    assert halved.exit_code == 0, halved.output
    assert len(json.loads(halved.stdout)["folds_mean"]) == 2
