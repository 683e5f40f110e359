"""Counts of shards add up to those of all documents."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from scale_builders import embedded, pieces

from logire.ground.errors import InputError
from logire.rules.mining import count_open, count_paths
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.plus.sources import find_rules
from logire.rules.queries import Problem, QueryTypes
from logire.rules.trusted import Mined
from logire.scale.counts import FORMAT, Counts, gather
from logire.scale.tally import Tally


def counted(schema, documents, parts: int, length: int = 3) -> Counts:
    shards = pieces(schema, documents, parts)
    return gather(Counts.of(shards.read(k), schema, length) for k in range(parts))


@given(
    st.lists(
        st.lists(st.tuples(st.tuples(st.integers(-1, 2), st.integers(0, 3)), st.integers(1, 9)), max_size=8),
        min_size=1,
        max_size=6,
    )
)
def test_tallies_add_up_like_dictionaries(parts):
    expected: dict[tuple[int, int], int] = {}
    tallies = []
    for part in parts:
        for key, count in part:
            expected[key] = expected.get(key, 0) + count
        keys = np.array([key for key, _ in part], dtype=np.int64).reshape(-1, 2)
        tallies.append(Tally.of(keys, np.array([count for _, count in part], dtype=np.int64)))
    total = Tally.total(tallies)
    assert list(map(tuple, total.keys.tolist())) == sorted(expected)
    assert total.counts.tolist() == [expected[key] for key in sorted(expected)]


def test_counts_are_those_of_the_functions_that_a_fit_in_memory_calls():
    schema, train, _ = embedded()
    counts = counted(schema, train, 3)
    queries = QueryTypes.of(train, schema)
    np.testing.assert_array_equal(counts.queries(schema).triples, queries.triples)
    for length in (1, 2, 3):
        expected = [dict(found) for found in count_paths(train, queries, length)]
        assert list(counts.paths.bodies(queries.triples, length)) == expected
    assert list(counts.opened.bodies(queries.triples, 2)) == [dict(found) for found in count_open(train, queries)]
    for (relation, head, tail), facts, candidates in zip(
        queries.triples.tolist(), counts.facts.counts, counts.candidates(queries), strict=True
    ):
        expected_facts = expected_candidates = 0
        for document in train:
            n = len(document.types)
            for h, t in ((h, t) for h in range(n) for t in range(n) if h != t):
                if (document.types[h], document.types[t]) == (head, tail):
                    expected_candidates += 1
                    expected_facts += bool(document.labels[h, t, relation])
        assert (facts, candidates) == (expected_facts, expected_candidates)


@pytest.mark.parametrize(
    "settings",
    [
        LogiREPlusSettings(),
        LogiREPlusSettings(tied=False, max_length=2, rules_per_query=3, open_rules=2),
        LogiREPlusSettings(rules_per_query=0),
        LogiREPlusSettings(open_rules=0, closure_length=1, closure_support=3),
    ],
)
def test_rules_follow_from_counts_as_they_do_from_documents(settings):
    schema, train, _ = embedded()
    queries = QueryTypes.of(train, schema)
    expected = find_rules(Problem(train, [], schema, queries), settings, seed=1, device="cpu")
    mined = Mined.of(train, queries, length=settings.closure_length, least=settings.closure_support)
    for parts in (1, 4):
        counts = counted(schema, train, parts)
        for found, dense in (
            (counts.rules(queries, settings), expected),
            (counts.trusted(queries, settings), mined.rules),
        ):
            assert found.bodies == dense.bodies
            for name in ("start", "counts", "log_prior"):
                assert getattr(found, name).tobytes() == getattr(dense, name).tobytes()


def test_a_file_of_counts_gives_them_back(tmp_path):
    schema, train, _ = embedded()
    file = tmp_path / "counts.safetensors"
    counts = counted(schema, train, 2)
    counts.write(file)
    read = Counts.read(file, schema)
    assert (read.length, read.sizes) == (counts.length, counts.sizes)
    np.testing.assert_array_equal(read.pairs, counts.pairs)
    for name in ("facts", "paths", "opened"):
        np.testing.assert_array_equal(getattr(read, name).keys, getattr(counts, name).keys)
        np.testing.assert_array_equal(getattr(read, name).counts, getattr(counts, name).counts)


def damage(arrays: dict[str, np.ndarray], how: str) -> None:
    if how == "pairs":
        arrays["pairs"] = arrays["pairs"][1:]
    elif how == "sizes":
        arrays["sizes"][2] += 1
    elif how == "facts":
        arrays["facts/keys"][0, 0] = 10_000
    elif how == "paths":
        arrays["paths/counts"][3] = 0
    else:
        del arrays["opened/keys"]


@pytest.mark.parametrize("how", ["pairs", "sizes", "facts", "paths", "opened/keys"])
def test_a_damaged_file_of_counts_is_named(tmp_path, how):
    schema, train, _ = embedded()
    file = tmp_path / "counts.safetensors"
    counted(schema, train, 2).write(file)
    arrays = load_file(file)
    damage(arrays, how)
    save_file(arrays, file, metadata={"format": FORMAT})
    with pytest.raises(InputError, match=rf"counts\.safetensors, field {how}"):
        Counts.read(file, schema)


def test_counts_of_paths_of_different_lengths_do_not_add_up():
    schema, train, _ = embedded()
    with pytest.raises(InputError, match="do not add up"):
        gather([Counts.of(train[:2], schema, 2), Counts.of(train[2:4], schema, 3)])
