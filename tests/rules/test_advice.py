"""A fit of very many documents says that shards take less memory."""

from __future__ import annotations

import logging

import pytest

from logire.rules import run


def needed(corpus) -> int:
    """Bytes of the training documents: four of a logit and two of flags, a candidate."""
    return sum(6 * len(corpus.schema.relations) * len(d.entities) ** 2 for d in corpus.train)


@pytest.mark.parametrize(
    ("method", "beyond", "said"), [("logire_plus", 1, True), ("logire_plus", 0, False), ("logire", 1, False)]
)
def test_shards_are_advised_from_a_size_on(corpus, monkeypatch, caplog, method, beyond, said) -> None:
    monkeypatch.setattr(run, "LARGE", needed(corpus) - beyond)
    with caplog.at_level(logging.WARNING):
        run.advise(corpus, method)
    assert [f"the logits of {len(corpus.train)} documents" in r.getMessage() for r in caplog.records] == [True] * said
    assert all("`logire scale fit`" in record.getMessage() for record in caplog.records)
