"""The backbones' encoding and one short run on real DWIE documents."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import logire.corpus
from logire.backbones import infer_logits, load_backbone, train_backbone
from logire.backbones.words.tensors import encode
from logire.backbones.words.vocabulary import count_words
from logire.corpus.annotations import read_dwie
from logire.corpus.prepared import PreparedCorpus, write_prepared
from logire.corpus.sources.dwie import dwie_schema

META = Path(logire.corpus.__file__).parent / "data"


@pytest.fixture(scope="module")
def dwie(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> PreparedCorpus:
    """Some documents of each split."""
    split = json.loads((META / "dwie_split.json").read_text())
    some = {name: ids[:6] for name, ids in split.items()}
    schema = dwie_schema()
    documents = read_dwie(real_data / "dwie" / "annos_with_content.jsonl.gz", some, schema)
    folder = tmp_path_factory.mktemp("dwie") / "some"
    write_prepared(folder, documents, schema, name="dwie-some", synthetic=False)
    return PreparedCorpus.open(folder)


@pytest.mark.real_data
def test_nothing_of_a_document_is_lost(dwie: PreparedCorpus) -> None:
    vocabulary = count_words(dwie.train, lowercase=True)
    for document in (*dwie.train, *dwie.dev):
        encoded = encode(document, vocabulary, dwie.schema)
        assert encoded.length == len(document.tokens)
        torch.testing.assert_close(encoded.pooling.sum(1), torch.ones(len(document.entities)))
        expected = np.argwhere(dwie.schema.labels(document)).tolist()
        assert encoded.facts.tolist() == expected
        for e, entity in enumerate(document.entities):
            for mention in entity.mentions:
                start, end = document.span(mention)
                inside = (encoded.mentioned >= start) & (encoded.mentioned < end)
                assert int(inside.sum()) == end - start
                assert (encoded.pooling[e, inside] > 0).all()
                assert (encoded.coreference[start:end] > 0).all()


@pytest.mark.real_data
def test_a_short_run(dwie: PreparedCorpus, tmp_path: Path) -> None:
    settings = {"epochs": 2, "hidden": 32, "state_dim": 32}
    train_backbone(dwie, "bilstm", settings, tmp_path, seed=1, device="cpu", progress=False)
    rows = [line.split(",") for line in (tmp_path / "history.csv").read_text().splitlines()]
    loss = [float(row[rows[0].index("loss")]) for row in rows[1:]]
    assert loss[1] < loss[0]
    logits = infer_logits(load_backbone(tmp_path, dwie.schema, device="cpu"), dwie.test)
    assert [len(logits[d.title]) for d in dwie.test] == [len(d.entities) for d in dwie.test]
