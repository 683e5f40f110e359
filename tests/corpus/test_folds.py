"""Folds of the training split."""

from __future__ import annotations

from pathlib import Path

import pytest
from corpus_builders import SCHEMA, document
from hypothesis import given, settings
from hypothesis import strategies as st

from logire.corpus.folds import Fold, FoldCorpus
from logire.corpus.prepared import PreparedCorpus, write_prepared
from logire.ground.errors import InputError


@given(count=st.integers(2, 40), of=st.integers(2, 6), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_folds_partition_the_documents_in_their_order(count, of, seed):
    documents = [document(f"d{i}") for i in range(count)]
    if count < of:
        with pytest.raises(InputError, match=f"{count} training documents can't make {of} folds"):
            Fold(1, of, seed).split(documents)
        return
    parts = [Fold(number, of, seed).split(documents) for number in range(1, of + 1)]
    held_out = [d.title for _, part in parts for d in part]
    assert sorted(held_out) == sorted(d.title for d in documents)
    sizes = [len(part) for _, part in parts]
    assert max(sizes) - min(sizes) <= 1
    for kept, part in parts:
        assert list(kept) == [d for d in documents if d not in part]
        assert list(part) == [d for d in documents if d in part]


def test_folds_depend_on_the_seed_and_on_no_document():
    documents = [document(f"d{i}") for i in range(30)]
    first = Fold(1, 3, 7).split(documents)[1]
    assert Fold(1, 3, 7).split(documents)[1] == first
    assert [d.title for d in Fold(1, 3, 7).split([document(f"x{i}") for i in range(30)])[1]] == [
        d.title.replace("d", "x") for d in first
    ]
    others = [Fold(1, 3, seed).split(documents)[1] for seed in range(8, 12)]
    assert all(other != first for other in others)


@pytest.mark.parametrize(("number", "of"), [(0, 3), (4, 3), (1, 1), (-1, 3), (1, 0), (2, 1)])
def test_a_fold_that_is_not_one_is_named(number, of):
    with pytest.raises(InputError, match=f"field fold: {number}/{of} is not a fold"):
        Fold(number, of, 1)


@pytest.fixture
def corpus(tmp_path: Path) -> PreparedCorpus:
    splits = {
        split: [document(f"{split}{i}", facts=[(0, "in0", 1)] if split == "train" and i < 5 else []) for i in range(n)]
        for split, n in (("train", 10), ("dev", 3), ("test", 2))
    }
    write_prepared(tmp_path / "corpus", splits, SCHEMA, name="folded", synthetic=True)
    return PreparedCorpus.open(tmp_path / "corpus")


def test_a_corpus_without_a_fold_keeps_everything_else(corpus):
    parts = [FoldCorpus.without(corpus, Fold(number, 3, 1)) for number in (1, 2, 3)]
    for part in parts:
        assert part.documents("train") == part.train
        assert (part.train, part.held_out) == part.fold.split(corpus.train)
        assert (part.dev, part.test) == (corpus.dev, corpus.test)
        assert (part.schema, part.name, part.synthetic) == (corpus.schema, "folded", True)
        assert part.digest == corpus.digest
    assert sorted(d.title for part in parts for d in part.held_out) == sorted(d.title for d in corpus.train)
    assert [len(part.train) + len(part.held_out) for part in parts] == [10, 10, 10]


def test_the_facts_of_the_fold_are_no_training_facts(corpus):
    whole = corpus.train
    fact = next(d for d in whole if d.facts)
    part = next(p for p in (FoldCorpus.without(corpus, Fold(k, 10, 1)) for k in range(1, 11)) if fact in p.held_out)
    assert part.held_out == (fact,)
    assert sum(len(d.facts) for d in part.train) == 4
    assert corpus.train == whole


def test_more_folds_than_documents_are_an_error_of_the_corpus_too(corpus):
    with pytest.raises(InputError, match="10 training documents can't make 11 folds"):
        _ = FoldCorpus.without(corpus, Fold(1, 11, 1)).train
