"""Candidates of types that training never shows: how their logits are lowered, and how far is chosen."""

from __future__ import annotations

import json

import numpy as np
import pytest
from rules_builders import QUICK, assert_same_logits, plus
from safetensors import safe_open
from safetensors.numpy import save_file

from logire.corpus.dump import dev_threshold
from logire.ground.errors import InputError
from logire.rules.plus.model import LogiREPlus
from logire.rules.queries import QueryTypes
from logire.rules.unseen import UnseenStage, choose_unseen


def of_type(h_type: int, t_type: int) -> QueryTypes:
    """Relation 0 between these types, the only query type."""
    index = np.full((3, 2, 2), -1)
    index[0, h_type, t_type] = 0
    return QueryTypes(np.array([[0, h_type, t_type]]), index)


def test_only_what_is_no_query_type_is_lowered(document, schema) -> None:
    rng = np.random.default_rng(1)
    kinds = [0, 1, 0]
    before = document(schema, kinds, [], rng.normal(size=(3, 3, 3)))
    [after] = UnseenStage(2.5).apply([before], of_type(0, 1))
    for h in range(3):
        for t in range(3):
            for r in range(3):
                known = h == t or (r == 0 and kinds[h] == 0 and kinds[t] == 1)
                expected = before.logits[h, t, r] if known else before.logits[h, t, r] - np.float32(2.5)
                assert after.logits[h, t, r] == expected


def test_reasons_add_up(document, schema) -> None:
    before = document(schema, [0, 1], [], np.random.default_rng(2).normal(size=(2, 2, 3)))
    stage, queries = UnseenStage(1.5), of_type(0, 1)
    [after], [part] = stage.apply([before], queries), stage.parts([before], queries)
    for h, t, r in ((0, 1, 0), (0, 1, 1), (1, 0, 0)):
        made = part(h, t, r, 3)
        assert made.bias + made.residual == pytest.approx(float(after.logits[h, t, r]), abs=1e-6)
        assert made.bias == (0.0 if (h, t, r) == (0, 1, 0) else -1.5)


def test_the_choice_is_the_least_with_the_best_f1_of_the_backbone(document, schema) -> None:
    logits = np.full((2, 2, 3), -9.0)
    logits[0, 1, 0], logits[1, 0, 2] = 1.0, 2.0  # a fact, and a likelier candidate of no query type
    dev = [document(schema, [0, 1], [(0, 0, 1)], logits)]
    queries = of_type(0, 1)
    chosen = choose_unseen(dev, queries, (3.0, 0.0, 0.5, 2.0))
    assert chosen.stage == UnseenStage(2.0)
    assert [row["unseen"] for row in chosen.tried] == [0.0, 0.5, 2.0, 3.0]
    assert [row["dev_f1"] for row in chosen.tried] == pytest.approx([2 / 3, 2 / 3, 1.0, 1.0])
    assert chosen.tried[0]["theta"] == dev_threshold(dev).theta
    assert choose_unseen(dev, of_type(1, 0), (0.0, 3.0)).stage is None, "where it does not help"


def test_a_fit_takes_the_stage_first_and_keeps_it(splits, corpus, tmp_path) -> None:
    train, dev, test = splits
    queries = QueryTypes.of(train, corpus.schema)
    misled = [UnseenStage(-9.0).apply(part, queries) for part in (train, dev, test)]  # raised by 9
    chosen = QUICK | {"context": []}
    plain, mended = (
        LogiREPlus(corpus.schema, plus(**chosen, unseen=unseen), seed=1).fit(*misled[:2])
        for unseen in ((0.0,), (0.0, 4.0, 9.0))
    )
    assert mended.fitted.stages[0] == UnseenStage(9.0)
    assert mended.fitted.history["round"].tolist()[:3] == [0, 0, 0]
    assert mended.fitted.dev_f1 > plain.fitted.dev_f1 + 0.02
    undone = LogiREPlus(corpus.schema, plus(**chosen), seed=1).fit(train, dev)
    assert mended.fitted.dev_f1 == pytest.approx(undone.fitted.dev_f1, abs=0.005)
    mended.save(tmp_path)
    again = LogiREPlus.load(tmp_path)
    for one, other in zip(again.scores(misled[2]), mended.scores(misled[2]), strict=True):
        np.testing.assert_array_equal(one, other)


def test_where_no_choice_helps_the_fit_is_that_without_them(splits, corpus) -> None:
    train, dev, _ = splits
    plain, other = (
        LogiREPlus(corpus.schema, plus(**QUICK, unseen=unseen), seed=1).fit(train, dev)
        for unseen in ((0.0,), (0.0, 1e-6))
    )
    assert other.fitted.stages[0] != UnseenStage(1e-6)
    assert_same_logits(plain.fitted.dev, other.fitted.dev)


@pytest.mark.parametrize("below", [-1.0, "x", None])
def test_a_damaged_stage_is_refused(splits, corpus, tmp_path, below) -> None:
    train, dev, _ = splits
    model = LogiREPlus(corpus.schema, plus(**QUICK, unseen=(2.0,)), seed=1).fit(train, dev)
    model.save(tmp_path)
    file = tmp_path / "model.safetensors"
    with safe_open(file, framework="numpy") as stored:
        arrays = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        origin = json.loads(stored.metadata()["logire"])
    assert origin["stages"][0] == {"kind": "unseen", "below": 2.0}
    origin["stages"][0]["below"] = below
    save_file(arrays, file, metadata={"logire": json.dumps(origin)})
    with pytest.raises(InputError) as caught:
        LogiREPlus.load(tmp_path)
    assert caught.value.field == "metadata.stages.0.unseen.below"
