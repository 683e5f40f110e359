"""Documents in batches: what is fitted on them is what is fitted on all at once; a sample, against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from rules_builders import QUICK, plus, rules_found

from logire.corpus.streamed import Streamed, batches
from logire.ground.errors import InputError
from logire.ground.runtime import derive_seed
from logire.rules.context import GROUPS, context_values, features_from
from logire.rules.convex import Logistic
from logire.rules.grounding import Split
from logire.rules.plus.model import LogiREPlus
from logire.rules.plus.rows import LIKELY, Batch, sample
from logire.rules.queries import QueryTypes
from logire.rules.ruletable import label_counts


def streamed(documents, sizes):
    """The documents in batches, and the numbers of the batches in the order in which they are read."""
    assert sum(sizes) == len(documents)
    starts = np.cumsum([0, *sizes])
    asked = []

    def read(number):
        asked.append(number)
        return documents[starts[number] : starts[number + 1]]

    return Streamed(sizes, read), asked


def test_a_streamed_sequence_is_the_sequence(random_documents):
    documents = random_documents(5, count=7)
    found, asked = streamed(documents, (3, 1, 3))
    assert (len(found), list(found), asked) == (7, documents, [0, 1, 2])
    assert [found[k] for k in range(-7, 7)] == documents + documents
    assert found[2:6:2] == documents[2:6:2]
    with pytest.raises(IndexError):
        found[7]
    assert [len(batch) for batch in batches(found)] == [3, 1, 3]
    assert [batch is documents for batch in batches(documents)] == [True]
    assert (len(Streamed((), lambda k: documents)), list(Streamed((), lambda k: documents))) == (0, [])


def test_a_change_is_made_where_a_batch_is_read(random_documents):
    documents = random_documents(5, count=5)
    found, asked = streamed(documents, (2, 3))
    turned = found.changed(lambda batch: batch[::-1])
    assert (asked, len(turned)) == ([], 5)
    assert list(turned) == [*documents[1::-1], *documents[:1:-1]]
    assert list(turned.changed(lambda batch: batch[::-1])) == documents


@pytest.mark.parametrize("settings", [{}, {"tied": False, "context": []}, {"rules": "confident", "consistency": [0.9]}])
def test_a_fit_on_batches_is_the_fit_on_all(noise, schema, settings):
    train, dev = noise
    chosen = plus(**QUICK | {"rounds": 2, "closure": (0.0, 1.0), "closure_support": 3} | settings)
    whole = LogiREPlus(schema, chosen, seed=3).fit(train, dev)
    parts, _ = streamed(train, (1, len(train) - 5, 4))
    fitted = LogiREPlus(schema, chosen, seed=3).fit(parts, dev)
    assert whole.rules().equals(fitted.rules())
    assert whole.history.equals(fitted.history)
    for ours, theirs in zip(whole.scores(dev), fitted.scores(dev), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_labels_say_adds_up(noise, schema):
    train, _ = noise
    queries = QueryTypes.of(train, schema)
    rules = rules_found(train, schema, plus())
    parts, asked = streamed(train, (2, len(train) - 2))
    for ours, theirs in zip(label_counts(parts, rules, queries), label_counts(train, rules, queries), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert asked == [0, 1]


def test_calibration_wants_all_documents_at_once(noise, schema):
    train, dev = noise
    parts, _ = streamed(train, (len(train),))
    with pytest.raises(InputError, match=r"calibrate.*shard by shard"):
        LogiREPlus(schema, plus(calibrate=True)).fit(parts, dev)


def laid(documents, schema):
    queries = QueryTypes.of(documents, schema)
    rules = rules_found(documents, schema, plus(rules_per_query=3))
    split = Split.of(documents, queries)
    values = context_values(documents, split.instances, queries, features_from(GROUPS))
    return queries, rules, split, Batch.of(split.ground(rules), values)


def sampled(documents, schema, share, seed=7):
    queries, _, split, batch = laid(documents, schema)
    return sample(batch, documents, split.instances, queries, share=share, seed=seed)


def test_a_sample_is_what_a_plain_loop_draws(random_documents, schema):
    documents = random_documents(11, count=6)
    queries, _, split, batch = laid(documents, schema)
    found = sample(batch, documents, split.instances, queries, share=0.3, seed=7)
    left_out = 0
    for q, (relation, _, _) in enumerate(queries.triples.tolist()):
        rows, everything = found.rows(q), batch.rows(q)
        kept = []
        for k in range(len(everything.labels)):
            row = split.instances.start[q] + k
            document = documents[split.instances.document[row]]
            h, t = split.instances.head[row], split.instances.tail[row]
            chance = min(1.0, max(0.3, LIKELY / (1 + math.exp(-float(document.logits[h, t, relation])))))
            rng = np.random.default_rng(derive_seed(7, "candidates", document.title))
            drawn = rng.random(document.logits.shape, dtype=np.float32)[h, t, relation]
            if document.labels[h, t, relation] or drawn < chance:
                kept.append((k, -math.log(chance)))
        places = [k for k, _ in kept]
        left_out += len(everything.labels) - len(kept)
        for name in ("features", "labels", "logits", "values"):
            np.testing.assert_array_equal(getattr(rows, name), getattr(everything, name)[places])
        np.testing.assert_allclose(rows.offset, [offset for _, offset in kept], atol=1e-6)
    assert left_out > 20


def test_a_sample_does_not_depend_on_the_batches(random_documents, schema):
    documents = random_documents(12, count=6)
    queries, rules, _, _ = laid(documents, schema)
    parts = []
    for batch in (documents, documents[:2], documents[2:]):
        split = Split.of(batch, queries)
        values = context_values(batch, split.instances, queries, ())
        all_rows = Batch.of(split.ground(rules), values)
        parts.append(sample(all_rows, batch, split.instances, queries, share=0.2, seed=1))
    whole, *others = parts
    for q in range(len(queries)):
        for name in ("features", "labels", "logits", "offset"):
            together = np.concatenate([getattr(part.rows(q), name) for part in others])
            np.testing.assert_array_equal(getattr(whole.rows(q), name), together)


def test_another_seed_draws_others_and_a_share_of_1_takes_all(random_documents, schema):
    documents = random_documents(13, count=6)
    assert len(sampled(documents, schema, 0.3).labels) != len(sampled(documents, schema, 0.3, seed=8).labels)
    queries, _, split, batch = laid(documents, schema)
    assert sample(batch, documents, split.instances, queries, share=1.0, seed=7) is batch


def test_candidates_in_files_are_the_candidates(random_documents, schema, tmp_path):
    documents = random_documents(14, count=4)
    queries, rules, _, batch = laid(documents, schema)
    stored = batch.stored(tmp_path, 3)
    nothing = batch.sampled(np.ones(len(batch.labels), np.float32), np.zeros(len(batch.labels), np.bool_))
    none = nothing.stored(tmp_path, 4)
    for q in range(len(queries)):
        for ours, theirs in zip(batch.rows(q), stored.rows(q), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert none.rows(q).features.shape == (0, len(range(len(rules))[rules.query(q)]))


def test_the_weights_of_a_sample_estimate_those_of_everything():
    """A made-up population of 300,000 with 2% facts, of which a twentieth is seen."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300_000, 2))
    design = np.column_stack([np.ones(len(x)), x])
    truth = np.array([-5.0, 1.5, -0.7])
    labels = rng.random(len(x)) < 1 / (1 + np.exp(-design @ truth))
    pilot = 1 / (1 + np.exp(-(design @ truth + 0.5 * rng.normal(size=len(x)))))
    chance = np.clip(LIKELY * pilot, 0.02, 1.0)
    kept = labels | (rng.random(len(x)) < chance)
    assert kept.mean() < 0.4
    ridge = np.full(3, 1e-3)
    part = Logistic(design[kept], labels[kept], centre=np.zeros(3), offset=-np.log(chance[kept])).minimise(ridge)
    whole = Logistic(design, labels, centre=np.zeros(3)).minimise(ridge)
    np.testing.assert_allclose(part, whole, atol=0.05)
    careless = Logistic(design[kept], labels[kept], centre=np.zeros(3)).minimise(ridge)
    assert abs(careless[0] - whole[0]) > 0.2


def test_a_fit_on_a_sample_comes_near_the_fit_on_everything(noise, schema):
    train, dev = noise
    settings = QUICK | {"l2": (1.0,), "blend": (1.0,)}
    whole = LogiREPlus(schema, plus(**settings), seed=1).fit(train, dev)
    part = LogiREPlus(schema, plus(**settings, sample=0.5), seed=1).fit(train, dev)
    ours, theirs = (np.concatenate([s.ravel() for s in model.scores(dev)]) for model in (whole, part))
    assert np.abs(ours - theirs).max() > 0
    assert np.corrcoef(ours, theirs)[0, 1] > 0.95
