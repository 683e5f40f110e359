"""The authors' torch dump gives what our own dump gives, and executes nothing."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from logire.corpus.dump import read_dump, write_dump
from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.corpus.sources.embedded import prepare_embedded
from logire.ground.errors import InputError


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "embedded"
    prepare_embedded(folder, documents=(4, 2, 2))
    return PreparedCorpus.open(folder)


def authors_form(corpus, *, sparse=False):
    rng = np.random.default_rng(0)
    data = {}
    for split in SPLITS:
        items = []
        for document in corpus.documents(split):
            labels = torch.from_numpy(corpus.schema.labels(document))
            in_train = torch.from_numpy(corpus.schema.in_train(document, corpus.training_facts))
            logits = torch.from_numpy(rng.normal(size=tuple(labels.shape)).astype(np.float32))
            items.append(
                {
                    "N": len(document.entities),
                    "logits": logits,
                    "labels": labels.to_sparse() if sparse else labels,
                    "in_train": in_train,
                }
            )
        data[split] = items
    return data


@pytest.mark.parametrize("sparse", [False, True])
def test_both_dumps_give_the_same_documents(corpus, tmp_path, sparse):
    data = authors_form(corpus, sparse=sparse)
    torch.save(data, tmp_path / "dwie.features")
    write_dump(
        tmp_path / "ours.safetensors",
        {
            split: {
                d.title: item["logits"].numpy() for d, item in zip(corpus.documents(split), data[split], strict=True)
            }
            for split in SPLITS
        },
    )
    for split in SPLITS:
        theirs = read_dump(tmp_path / "dwie.features", corpus, split)
        ours = read_dump(tmp_path / "ours.safetensors", corpus, split)
        for a, b in zip(theirs, ours, strict=True):
            assert a.title == b.title
            np.testing.assert_array_equal(a.logits, b.logits)
            np.testing.assert_array_equal(a.labels, b.labels)
            np.testing.assert_array_equal(a.in_train, b.in_train)


class Payload:
    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.mkdir, (self.file,)


def test_a_dump_with_code_in_it_is_refused_and_not_run(corpus, tmp_path):
    torch.save({"train": [Payload(str(tmp_path / "executed"))]}, tmp_path / "evil")
    with pytest.raises(InputError, match="holds more than tensors"):
        read_dump(tmp_path / "evil", corpus, "train")
    assert not (tmp_path / "executed").exists()


def test_other_documents_are_refused(corpus, tmp_path):
    data = authors_form(corpus)
    torch.save(data | {"dev": data["dev"][:1]}, tmp_path / "short")
    with pytest.raises(InputError, match="1 items, but the dev split has 2 documents"):
        read_dump(tmp_path / "short", corpus, "dev")
    data["dev"][0]["labels"] = ~data["dev"][0]["labels"]
    torch.save(data, tmp_path / "labels")
    with pytest.raises(InputError, match=f"document {corpus.dev[0].title}.*not the document's labels"):
        read_dump(tmp_path / "labels", corpus, "dev")
    torch.save([1], tmp_path / "list")
    with pytest.raises(InputError, match="train: a dict with a list"):
        read_dump(tmp_path / "list", corpus, "train")
