"""Context features against loops over the document, and their way through a stage, an explanation and a file."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_builders import QUICK, context_of, plus
from safetensors import safe_open
from safetensors.numpy import save_file

from logire.ground.errors import InputError
from logire.rules.context import FEATURES, TEXTUAL, Context, context_values
from logire.rules.grounding import Split
from logire.rules.plus.model import LogiREPlus
from logire.rules.queries import QueryTypes

NAMES = tuple(FEATURES)


def by_loops(logits: np.ndarray) -> dict[str, np.ndarray]:
    """Every feature of the logits, as the module's docstring defines it."""
    n, _, relations = logits.shape
    p = np.where(np.eye(n, dtype=bool)[:, :, None], 0.0, 1 / (1 + np.exp(-logits.astype(np.float64))))
    everyone, every = range(n), range(relations)
    found: dict[str, np.ndarray] = {}
    for h, t, r in product(everyone, everyone, every):
        tails, heads = [logits[h, e, r] for e in everyone], [logits[e, t, r] for e in everyone]
        values = {
            "other_tails": sum(p[h, e, r] for e in everyone if e != t),
            "other_heads": sum(p[e, t, r] for e in everyone if e != h),
            "tail_rank": 1 / (1 + sum(x > tails[t] or (x == tails[t] and e < t) for e, x in enumerate(tails))),
            "head_rank": 1 / (1 + sum(x > heads[h] or (x == heads[h] and e < h) for e, x in enumerate(heads))),
            "elsewhere": np.log1p(sum(p[a, b, r] for a in everyone for b in everyone if (a, b) != (h, t))),
            "head_facts": sum(p[h, e, o] for e in everyone for o in every if e != t),
            "tail_facts": sum(p[e, t, o] for e in everyone for o in every if e != h),
        }
        for name, value in values.items():
            found.setdefault(name, np.zeros(logits.shape))[h, t, r] = value
    return found


@given(n=st.integers(1, 6), seed=st.integers(0, 1000), ties=st.booleans())
@settings(max_examples=40, deadline=None)
def test_features_of_the_logits_are_those_of_the_definition(document, schema, n: int, seed: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (n, n, 3)).astype(np.float32)
    if ties:
        logits = np.round(logits / 3) * 3
    scored = document(schema, [0] * n, [], logits)
    expected = by_loops(scored.logits)
    assert set(NAMES) == set(expected) | TEXTUAL | {"entities"}
    found = context_of(scored, tuple(expected))
    off = ~np.eye(n, dtype=bool)
    assert found.dtype == np.float32
    for f, name in enumerate(expected):
        np.testing.assert_allclose(found[off][..., f], expected[name][off], rtol=1e-4, atol=2e-5, err_msg=name)


def test_features_of_the_text_are_those_of_the_definition(splits) -> None:
    names = (*sorted(TEXTUAL), "entities")
    several = 0
    for scored in splits[1][:4]:
        found = context_of(scored, names)
        text, n = scored.document, len(scored.types)
        length = sum(len(sentence) for sentence in text.sentences)
        starts = [sum(len(s) for s in text.sentences[:k]) for k in range(len(text.sentences))]
        spans = [
            [(starts[m.sentence] + m.start, starts[m.sentence] + m.end) for m in e.mentions] for e in text.entities
        ]
        several += sum(len(of_entity) > 1 for of_entity in spans)
        for h, t in product(range(n), range(n)):
            gaps = [max(c - b, a - d, 0) for a, b in spans[h] for c, d in spans[t]]
            expected = {
                "distance": np.log1p(min(gaps)),
                "head_mentions": np.log(len(spans[h])),
                "tail_mentions": np.log(len(spans[t])),
                "head_place": min(a for a, _ in spans[h]) / (length - 1),
                "tail_place": min(a for a, _ in spans[t]) / (length - 1),
                "entities": np.log(n),
            }
            for f, name in enumerate(names):
                np.testing.assert_allclose(found[h, t, :, f], expected[name], rtol=1e-5, err_msg=name)
    assert several


def test_without_a_text_its_features_are_0(document, schema) -> None:
    scored = document(schema, [0, 1, 0], [])
    bare = replace(scored, document=replace(scored.document, sentences=()))
    found = context_of(bare, NAMES)
    for f, name in enumerate(NAMES):
        assert found[..., f].any() == (name not in TEXTUAL), name


def test_each_instance_gets_its_own_values(random_documents, schema) -> None:
    documents = random_documents(5, count=4)
    queries = QueryTypes.of(documents, schema)
    instances = Split.of(documents, queries).instances
    values = context_values(documents, instances, queries, NAMES)
    for q, (relation, _, _) in enumerate(queries.triples):
        for row in range(int(instances.start[q]), int(instances.start[q + 1])):
            scored = documents[instances.document[row]]
            whole = context_of(scored, NAMES)
            np.testing.assert_array_equal(values[row], whole[instances.head[row], instances.tail[row], relation])


def test_no_feature_is_an_empty_array(random_documents, schema) -> None:
    documents = random_documents(5)
    queries = QueryTypes.of(documents, schema)
    instances = Split.of(documents, queries).instances
    assert context_values(documents, instances, queries, ()).shape == (len(instances), 0)


def test_scores_weigh_each_query_type_by_itself(random_documents, schema) -> None:
    documents = random_documents(6)
    queries = QueryTypes.of(documents, schema)
    instances = Split.of(documents, queries).instances
    rng = np.random.default_rng(1)
    values = rng.normal(size=(len(instances), 2)).astype(np.float32)
    context = Context(("distance", "elsewhere"), rng.normal(size=(len(queries), 2)))
    scores, halved = context.scores(values, instances), context.blended(0.5).scores(values, instances)
    for q in range(len(queries)):
        rows = slice(int(instances.start[q]), int(instances.start[q + 1]))
        np.testing.assert_allclose(scores[rows], values[rows].astype(np.float64) @ context.weights[q], atol=1e-12)
    np.testing.assert_allclose(halved, 0.5 * scores, atol=1e-12)


@pytest.fixture(scope="module")
def model(splits, corpus) -> LogiREPlus:
    train, dev, _ = splits
    chosen = plus(**QUICK | {"blend": (1.0,), "closure": (0.0,), "rounds": 2})
    return LogiREPlus(corpus.schema, chosen, seed=1).fit(train, dev)


def test_context_is_weighed_and_explained_beside_the_rules(model: LogiREPlus, splits) -> None:
    documents = splits[2]
    assert all(stage.context.names == NAMES for stage in model.fitted.stages)
    seen = 0
    for scored in documents[:3]:
        [scores] = model.scores([scored])
        for h, t, r in np.argwhere(scores >= model.fitted.theta)[:5]:
            [found] = model.explain(scored, int(h), int(t), model.schema.relations[r], most=10_000)
            assert tuple(found.context) == (NAMES if found.context else ())
            parts = found.bias + found.residual + sum(x.contribution for x in found.reasons)
            assert parts + sum(found.context.values()) == pytest.approx(float(scores[h, t, r]), abs=1e-3)
            row = found.as_dict(scored, model.schema)
            assert row["context"] == {name: round(x, 6) for name, x in found.context.items()}
            seen += any(abs(x) > 0.01 for x in found.context.values())
    assert seen


def test_without_context_nothing_is_said_of_it(splits, corpus) -> None:
    train, dev, test = splits
    bare = LogiREPlus(corpus.schema, plus(**QUICK, context=[]), seed=1).fit(train, dev)
    assert all(getattr(stage, "context", None) is None for stage in bare.fitted.stages)
    assert all("context" not in row for row in bare.explanations(test[:2]))


def test_a_stored_model_scores_as_before(model: LogiREPlus, splits, tmp_path) -> None:
    model.save(tmp_path)
    again = LogiREPlus.load(tmp_path)
    for one, other in zip(model.scores(splits[2]), again.scores(splits[2]), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda names, weights: (["magic", *names[1:]], weights), "'magic' does not exist or occurs twice"),
        (lambda names, weights: ([names[1], *names[1:]], weights), f"'{NAMES[1]}' does not exist or occurs twice"),
        (lambda names, weights: (names, weights[:, :-1]), "stage0/context"),
        (lambda names, weights: (names, weights * np.nan), "stage0/context"),
        (lambda names, weights: (names, None), "stage0/context"),
    ],
)
def test_damaged_context_is_refused(model: LogiREPlus, tmp_path, change, message: str) -> None:
    model.save(tmp_path)
    file = tmp_path / "model.safetensors"
    with safe_open(file, framework="numpy") as opened:
        arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        origin = json.loads(opened.metadata()["logire"])
    names, weights = change(origin["stages"][0]["context"], arrays.pop("stage0/context"))
    origin["stages"][0]["context"] = names
    if weights is not None:
        arrays["stage0/context"] = np.ascontiguousarray(weights)
    save_file(arrays, file, metadata={"logire": json.dumps(origin)})
    with pytest.raises(InputError, match=message):
        LogiREPlus.load(tmp_path)


def test_a_group_twice_or_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="text occurs twice"):
        plus(context=["text", "text"])
    with pytest.raises(ValueError, match="context"):
        plus(context=["magic"])


def test_a_model_that_weighs_the_text_refuses_documents_without_one(model: LogiREPlus, splits) -> None:
    bare = [replace(scored, document=replace(scored.document, sentences=())) for scored in splits[2][:1]]
    with pytest.raises(InputError, match=r"has no text, but the model weighs distance"):
        model.predict(bare)


def test_a_model_of_the_logits_alone_needs_no_text(splits, corpus) -> None:
    train, dev, test = splits
    chosen = plus(**QUICK | {"blend": (1.0,), "rounds": 1, "context": ("logits",)})
    model = LogiREPlus(corpus.schema, chosen, seed=1).fit(train, dev)
    bare = [replace(scored, document=replace(scored.document, sentences=())) for scored in test]
    for one, other in zip(model.scores(test), model.scores(bare), strict=True):
        np.testing.assert_array_equal(one, other)
