"""LogiRE+ fitted shard by shard: the same numbers as in memory, however the documents are cut."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
from scale_builders import EVERYTHING, FEW, embedded, pieces, work_on

from logire.ground.errors import InputError
from logire.rules.plus.model import LogiREPlus
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.stages import ExtractorStage
from logire.scale import batches
from logire.scale.streamed import fit_shards

CHOSEN = LogiREPlusSettings(max_length=2, l2=(3.0, 0.3), blend=(0.0, 0.5, 1.0), closure=(0.0, 1.0), closure_support=3)


def extractors(fitted) -> list[ExtractorStage]:
    return [stage for stage in fitted.stages if isinstance(stage, ExtractorStage)]


@pytest.mark.parametrize("tied", [True, False])
def test_without_sampling_the_weights_and_the_choices_are_those_of_a_fit_in_memory(tmp_path, monkeypatch, tied):
    schema, train, dev = embedded()
    monkeypatch.setattr(batches, "MOST", 100_000)  # a few documents a batch
    settings = CHOSEN.model_copy(update={"tied": tied})
    dense = LogiREPlus(schema, settings, seed=1, device="cpu").fit(train, dev).fitted
    found = fit_shards(work_on(tmp_path, pieces(schema, train, 3), settings), dev)
    assert len(extractors(dense)) == 2
    for ours, theirs in zip(extractors(found), extractors(dense), strict=True):
        assert ours.rules.bodies == theirs.rules.bodies
        np.testing.assert_array_equal(ours.rules.log_prior, theirs.rules.log_prior)
        for name in ("bias", "weights", "residual"):
            np.testing.assert_allclose(getattr(ours.extractor, name), getattr(theirs.extractor, name), atol=1e-8)
        np.testing.assert_allclose(ours.context.weights, theirs.context.weights, atol=1e-8)
    assert found.theta == pytest.approx(dense.theta, abs=1e-5)
    assert found.dev_f1 == dense.dev_f1
    assert [type(stage) for stage in found.stages] == [type(stage) for stage in dense.stages]
    assert found.stages[-1].rules.bodies == dense.stages[-1].rules.bodies
    for column in ("relation", "head_type", "tail_type", "body", "kind", "support"):
        assert found.table[column].tolist() == dense.table[column].tolist(), column
    for column in ("weight", "prior", "posterior", "confidence"):
        np.testing.assert_allclose(found.table[column], dense.table[column], atol=1e-7)
    for column in dense.history.columns:
        np.testing.assert_allclose(found.history[column], dense.history[column], atol=1e-5)


@pytest.mark.parametrize("sampling", [EVERYTHING, FEW])
def test_shards_and_one_shard_give_the_same_bits(tmp_path, sampling):
    schema, train, dev = embedded()
    fits = {}
    for parts in (1, 4):
        work = work_on(tmp_path / str(parts), pieces(schema, train, parts), CHOSEN, sampling)
        fits[parts] = fit_shards(work, dev)
    one, four = fits[1], fits[4]
    assert (one.theta, one.dev_f1) == (four.theta, four.dev_f1)
    for ours, theirs in zip(extractors(one), extractors(four), strict=True):
        assert ours.rules.bodies == theirs.rules.bodies
        assert ours.extractor.weights.tobytes() == theirs.extractor.weights.tobytes()
        assert ours.context.weights.tobytes() == theirs.context.weights.tobytes()
    assert one.table.equals(four.table)


def test_a_sampled_fit_reads_few_rows_and_comes_close(tmp_path):
    schema, train, dev = embedded()
    fits, rows = {}, {}
    for name, sampling in (("all", EVERYTHING), ("few", FEW)):
        folder = tmp_path / name
        fits[name] = fit_shards(work_on(folder, pieces(schema, train, 2), CHOSEN, sampling), dev)
        rows[name] = sum(file.stat().st_size for file in folder.glob("rows1-*"))
    assert rows["few"] < rows["all"] / 3
    assert abs(fits["few"].dev_f1 - fits["all"].dev_f1) < 0.03


@pytest.mark.parametrize(
    "update",
    [{"rules": "confident"}, {"calibrate": True}, {"consistency": (0.9,)}, {"unseen": (0.0, 1.0)}],
    ids=lambda update: next(iter(update)),
)
def test_what_needs_all_documents_at_once_is_refused(tmp_path, update):
    schema, train, dev = embedded()
    work = work_on(tmp_path, pieces(schema, train, 2), CHOSEN.model_copy(update=update))
    with pytest.raises(InputError, match=f"{next(iter(update))}: cannot be used shard by shard"):
        fit_shards(work, dev)


class StoppedError(Exception):
    """Stands for Ctrl-C."""


@pytest.mark.parametrize("at", ["counting", "round 1: grounding", "round 1: fitting", "round 2: grounding", "closure"])
def test_a_fit_that_was_stopped_goes_on_and_makes_no_finished_shard_again(tmp_path, at):
    schema, train, dev = embedded()
    shards = pieces(schema, train, 3)
    whole = fit_shards(work_on(tmp_path / "whole", shards, CHOSEN, FEW), dev)

    def stop(what, done, total):
        if what == at and done >= min(1, total - 1):
            raise StoppedError

    folder = tmp_path / "stopped"
    with pytest.raises(StoppedError):
        fit_shards(work_on(folder, shards, CHOSEN, FEW), dev, report=stop)
    made = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert made
    again = fit_shards(work_on(folder, shards, CHOSEN, FEW), dev)
    assert {name: (folder / name).stat().st_mtime_ns for name in made} == made
    assert again.table.equals(whole.table)
    assert (again.theta, again.dev_f1) == (whole.theta, whole.dev_f1)


class Fresh:
    """Parts that are read anew each time, and see that nothing of the part before is left."""

    def __init__(self, inner):
        self.schema, self.inner, self.alive = inner.schema, inner, []

    def __len__(self):
        return len(self.inner)

    def read(self, number):
        gc.collect()
        assert not [reference for reference in self.alive if reference() is not None]
        found = [replace(document) for document in self.inner.read(number)]
        self.alive = [weakref.ref(document) for document in found]
        return found


def test_one_shard_is_in_memory_at_a_time(tmp_path):
    schema, train, dev = embedded()
    shards = Fresh(pieces(schema, train, 3))
    fit_shards(work_on(tmp_path, shards, CHOSEN, FEW), dev)
    assert len(shards.alive) == len(train) - 2 * len(train) // 3


def unlabelled(documents):
    return [replace(document, labels=np.zeros_like(document.labels)) for document in documents]


@pytest.mark.parametrize(
    ("of_train", "of_dev", "problem"),
    [
        (unlabelled, list, "no labelled fact in the 40 training documents"),
        (list, unlabelled, "no labelled fact in the 12 development documents"),
        (list, lambda dev: [], "no labelled fact in the 0 development documents"),
        (lambda train: [], list, "there is no shard"),
    ],
    ids=["train", "dev", "no dev", "no shard"],
)
def test_without_facts_there_is_nothing_to_fit(tmp_path, of_train, of_dev, problem):
    schema, train, dev = embedded()
    documents = of_train(train)
    shards = pieces(schema, documents, 2 if documents else 0)
    with pytest.raises(InputError, match=problem):
        fit_shards(work_on(tmp_path, shards, CHOSEN), of_dev(dev))


@pytest.mark.parametrize("left", [("rows1", "labels"), ("fit1",), ("round1",)])
def test_files_of_another_fit_are_refused(tmp_path, left):
    schema, train, dev = embedded()
    work = work_on(tmp_path, pieces(schema, train, 2), CHOSEN, FEW)
    fit_shards(work, dev)
    for file in tmp_path.iterdir():
        if not file.name.startswith(left):
            file.unlink()
    with pytest.raises(InputError, match="of this fit"):
        fit_shards(replace(work, key="another"), dev)
