"""Documents in batches: in order, none twice, and no more features than asked for."""

from __future__ import annotations

import numpy as np
import pytest
from scale_builders import embedded

from logire.rules.grounding import Split
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.plus.sources import find_rules
from logire.rules.queries import Problem, QueryTypes
from logire.rules.ruletable import label_counts
from logire.scale.batches import Ground


@pytest.fixture(scope="module")
def grounds():
    schema, train, _ = embedded()
    queries = QueryTypes.of(train, schema)
    rules = find_rules(Problem(train, [], schema, queries), LogiREPlusSettings(max_length=2), seed=1, device="cpu")
    return train, lambda most: Ground(rules, queries, most)


@pytest.mark.parametrize("most", [1, 60_000, 1 << 40])
def test_a_batch_has_no_more_features_than_asked_for(grounds, most):
    train, made = grounds
    ground = made(most)
    batches = list(ground.batches(train))
    assert [d for batch in batches for d in train[batch]] == train
    sizes = [Split.of(train[batch], ground.queries).ground(ground.rules).start[-1] for batch in batches]
    assert all(size <= most or batch.stop - batch.start == 1 for size, batch in zip(sizes, batches, strict=True))
    assert len(batches) == {1: len(train), 1 << 40: 1}.get(most, len(batches))
    if most == 60_000:
        assert 1 < len(batches) < len(train)


def test_label_counts_of_batches_add_up(grounds):
    train, made = grounds
    ground = made(60_000)
    expected = label_counts(train, ground.rules, ground.queries)
    np.testing.assert_array_equal(ground.label_counts(train), np.stack(expected))
