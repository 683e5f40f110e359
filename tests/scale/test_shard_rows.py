"""Rows of a shard: sampled as the formula says, whatever else is in the shard, and read back part by part."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from scale_builders import EVERYTHING, FEW, embedded

from logire.ground.errors import InputError
from logire.rules.context import context_values, features_from
from logire.rules.convex import Logistic
from logire.rules.grounding import Split
from logire.rules.plus.design import Design
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.plus.sources import find_rules
from logire.rules.queries import Problem, QueryTypes
from logire.scale.batches import Ground
from logire.scale.rows import FORMAT, RowsFile, rows_of
from logire.scale.sampling import Sampling, draws, kept, shares

NAMES = features_from(("text", "logits"))


@pytest.fixture(scope="module")
def ground():
    schema, train, _ = embedded()
    queries = QueryTypes.of(train, schema)
    rules = find_rules(Problem(train, [], schema, queries), LogiREPlusSettings(max_length=2), seed=1, device="cpu")
    return Ground(rules, queries, 100_000)


@pytest.mark.parametrize("sampling", [EVERYTHING, FEW])
def test_rows_are_those_of_a_plain_loop(ground, sampling):
    _, train, _ = embedded()
    train = train[:8]
    found = rows_of(train, ground, NAMES, sampling, seed=7)
    split = Split.of(train, ground.queries)
    grounded, instances = split.ground(ground.rules), split.instances
    values = context_values(train, instances, ground.queries, NAMES)
    place = 0
    for q, (relation, _, _) in enumerate(ground.queries.triples.tolist()):
        assert found.start[q] == place
        for row in range(instances.start[q], instances.start[q + 1]):
            document = train[instances.document[row]]
            head, tail = int(instances.head[row]), int(instances.tail[row])
            logit = float(document.logits[head, tail, relation])
            pi = min(1.0, max(sampling.floor, sampling.times / (1.0 + np.exp(-logit))))
            ends = [np.array([number]) for number in (head, tail, relation)]
            [drawn] = draws(7, document.title, *ends)
            if not document.labels[head, tail, relation] and drawn >= pi:
                continue
            width = int(found.cells[q + 1] - found.cells[q]) // int(found.start[q + 1] - found.start[q])
            cell = int(found.cells[q]) + (place - int(found.start[q])) * width
            phi = grounded.blocks[q].features[row - instances.start[q]]
            assert found.features[cell : cell + width].tolist() == phi.tolist()
            assert found.labels[place] == document.labels[head, tail, relation]
            assert found.logits[place] == np.float32(logit)
            assert found.context[place].tolist() == values[row].tolist()
            assert found.shift[place] == pytest.approx(-np.log(pi), abs=1e-12)
            place += 1
    assert place == len(found.labels) == found.start[-1]
    assert len(found.features) == found.cells[-1]
    if sampling is EVERYTHING:
        assert (place, np.abs(found.shift).max()) == (len(instances), 0.0)


def test_any_query_types_are_read_back_alone(ground, tmp_path):
    _, train, _ = embedded()
    rows = rows_of(train[:8], ground, NAMES, FEW, seed=7)
    file = tmp_path / "rows.safetensors"
    rows.write(file, "key")
    stored = RowsFile(file, "key", np.diff(ground.rules.start), len(NAMES))
    np.testing.assert_array_equal(stored.starts(), rows.start)
    for first, last in ((0, len(ground.queries)), (2, 5), (4, 4)):
        part = stored.read(first, last)
        cells = slice(int(rows.cells[first]), int(rows.cells[last]))
        within = slice(int(rows.start[first]), int(rows.start[last]))
        np.testing.assert_array_equal(part.features, rows.features[cells])
        np.testing.assert_array_equal(part.start, rows.start[first : last + 1] - rows.start[first])
        for name in ("labels", "logits", "context", "shift"):
            np.testing.assert_array_equal(getattr(part, name), getattr(rows, name)[within])
    with pytest.raises(InputError, match="is not a file of the format"):
        RowsFile(file, "another", stored.widths, stored.context).starts()


@pytest.mark.parametrize("how", ["start", "features", "shift", "truncated"])
def test_a_damaged_file_of_rows_is_named(ground, tmp_path, how):
    _, train, _ = embedded()
    file = tmp_path / "rows.safetensors"
    rows_of(train[:2], ground, NAMES, FEW, seed=7).write(file, "key")
    arrays = load_file(file)
    if how == "truncated":
        file.write_bytes(file.read_bytes()[:-9])
    else:
        if how == "start":
            arrays["start"][1] += 1
        elif how == "features":
            arrays["features"] = arrays["features"][:-1]
        else:
            arrays["shift"][0] = np.nan
        save_file(arrays, file, metadata={"format": FORMAT, "key": "key"})
    match = r"rows\.safetensors: is damaged" if how == "truncated" else rf"rows\.safetensors, field {how}"
    with pytest.raises(InputError, match=match):
        RowsFile(file, "key", np.diff(ground.rules.start), len(NAMES)).read(0, len(ground.queries))


def test_draws_are_even_and_depend_on_every_part_of_a_candidate():
    n = 40
    head, tail, relation = (index.ravel() for index in np.indices((n, n, 6)))
    drawn = draws(3, "D", head, tail, relation)
    assert len(np.unique(drawn)) == len(drawn)
    assert 0 <= drawn.min() < 0.001 < 0.999 < drawn.max() < 1
    for axis in (head, tail, relation):  # deviation of a mean of at least 240 draws: below 0.019
        assert all(abs(drawn[axis == k].mean() - 0.5) < 0.08 for k in np.unique(axis))
    for other in (draws(4, "D", head, tail, relation), draws(3, "E", head, tail, relation)):
        assert abs(np.corrcoef(drawn, other)[0, 1]) < 0.03
    turned = draws(3, "D", tail, head, relation)
    assert (turned != drawn)[head != tail].all()
    np.testing.assert_array_equal(draws(3, "D", head[::-1], tail[::-1], relation[::-1]), drawn[::-1])


@given(st.floats(-60, 60, width=32), st.floats(0.001, 1), st.floats(0, 20))
def test_shares_are_the_formula(logit, floor, times):
    sampling = Sampling(floor=floor, times=times)
    expected = min(1.0, max(floor, times / (1.0 + np.exp(-float(logit)))))
    assert shares(np.array([logit], dtype=np.float32), sampling)[0] == pytest.approx(expected, rel=1e-12)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.floats(0, 0.999)), min_size=1, max_size=20))
@settings(max_examples=50)
def test_facts_are_always_kept(rows):
    labels, share, drawn = (np.array(column) for column in zip(*rows, strict=True))
    for keeps, label, pi, number in zip(kept(labels, share, drawn), labels, share, drawn, strict=True):
        assert keeps == (label or number < pi)


def solved(x, labels, logits, shift) -> np.ndarray:
    design = Design(len(x), 1, x.shape[1], 0, residual=True, shifted=True)
    none = np.zeros((len(x), 0), dtype=np.float32)
    design.put(0, 0, x.astype(np.float32), logits.astype(np.float32), labels, none, shift)
    [found] = design.optima([1e-3])
    return np.array([found.residual, *found.bias, *found.rules])


def test_the_shifted_fit_on_a_sample_estimates_the_fit_on_everything():
    """The same mean, and closer than the fit that weighs a negative by how many it stands for."""
    rng = np.random.default_rng(5)
    n = 40_000
    x = (rng.random((n, 2)) < 0.2).astype(np.float64)
    logits = rng.normal(-4.5, 1.5, n)
    truth = np.array([0.8, -0.7, 1.5, -1.0])
    labels = rng.random(n) < 1 / (1 + np.exp(-(truth[0] * logits + truth[1] + x @ truth[2:])))
    everything = solved(x, labels, logits, np.zeros(n))
    share = shares(logits.astype(np.float32), Sampling(floor=0.01, times=3.0))
    ours, weighted = [], []
    for _ in range(12):
        rows = np.flatnonzero(kept(labels, share, rng.random(n)))
        assert labels.sum() < len(rows) < n / 8
        ours.append(solved(x[rows], labels[rows], logits[rows], -np.log(share[rows])))
        weighted.append(weighted_fit(x[rows], labels[rows], logits[rows], 1.0 / share[rows]))
    ours_error, weighted_error = (np.sqrt(np.mean((np.array(e) - everything) ** 2, axis=0)) for e in (ours, weighted))
    np.testing.assert_allclose(np.mean(ours, axis=0), everything, atol=0.12)
    np.testing.assert_allclose(np.mean(weighted, axis=0), everything, atol=0.12)
    assert ours_error.sum() < weighted_error.sum()


def weighted_fit(x, labels, logits, times) -> np.ndarray:
    """Newton's method on the loss where each negative counts ``times``."""
    design = np.column_stack([logits, np.ones(len(x)), x])
    weight = np.where(labels, 1.0, times)
    ridge, centre = np.array([1e-3, 0.1, 1e-3, 1e-3]), np.array([1.0, 0.0, 0.0, 0.0])
    found = centre.copy()
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ found))
        gradient = design.T @ (weight * (p - labels)) + ridge * (found - centre)
        found -= np.linalg.solve((design * (weight * p * (1 - p))[:, None]).T @ design + np.diag(ridge), gradient)
    return found


def test_a_shift_moves_nothing_but_the_scores():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(300, 2)).astype(np.float32)
    labels, shift = rng.random(300) < 0.3, rng.random(300)
    none = np.zeros((300, 0), dtype=np.float32)
    design = Design(300, 1, 2, 0, residual=False, shifted=True)
    design.put(0, 0, x, np.zeros(300, np.float32), labels, none, shift)
    [found] = design.optima([0.5])
    columns = np.column_stack([np.zeros(300), np.ones(300), x])
    literal = Logistic(columns, labels, centre=np.zeros(4), offset=shift).minimise(np.array([0.5, 0.1, 0.5, 0.5]))
    np.testing.assert_allclose([found.residual, *found.bias, *found.rules], literal, atol=1e-6)
