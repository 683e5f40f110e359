"""Logits dumps: ours and the authors' read back what was written, and each thing wrong with one is named."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from corpus_builders import SCHEMA, document, random_logits
from safetensors import safe_open
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch_file

from logire.corpus import stored
from logire.corpus.document import FloatArray
from logire.corpus.dump import read_dump, scored, write_dump
from logire.corpus.prepared import PreparedCorpus, write_prepared
from logire.ground.errors import InputError

DOCUMENTS = {
    "train": [document("A", 3, [(0, "citizen_of", 1)]), document("B/1", 2, [(1, "in0", 0)])],
    "dev": [document("C", 2, [(0, "citizen_of", 1)])],
    "test": [document("D", 4)],
}

Logits = dict[str, dict[str, FloatArray]]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> PreparedCorpus:
    folder = tmp_path_factory.mktemp("dump") / "corpus"
    write_prepared(folder, DOCUMENTS, SCHEMA, name="tiny", synthetic=True)
    return PreparedCorpus.open(folder)


@pytest.fixture
def logits() -> Logits:
    return random_logits(DOCUMENTS)


def test_round_trip(tmp_path: Path, corpus: PreparedCorpus, logits: Logits) -> None:
    path = tmp_path / "logits.safetensors"
    write_dump(path, logits)
    for split, documents in DOCUMENTS.items():
        found = read_dump(path, corpus, split)
        assert [item.document for item in found] == documents
        for item in found:
            n = len(item.document.entities)
            off = ~np.eye(n, dtype=bool)
            assert np.array_equal(item.logits[off], logits[split][item.title][off])
            assert (item.logits[~off] == -30.0).all()
            assert np.array_equal(item.labels, SCHEMA.labels(item.document))
            assert item.types.tolist() == [2, 0, 2, 0][:n]


def test_in_train_comes_from_the_training_facts(tmp_path: Path, corpus: PreparedCorpus, logits: Logits) -> None:
    write_dump(tmp_path / "logits.safetensors", logits)
    (item,) = read_dump(tmp_path / "logits.safetensors", corpus, "dev")
    # citizen_of(e0, e1) and in0(e1, e0) are the facts of the training split
    assert {tuple(cell) for cell in np.argwhere(item.in_train).tolist()} == {(0, 1, 0), (1, 0, 1)}


def test_equal_logits_give_equal_bytes_and_a_dump_is_not_changed_by_reading(
    tmp_path: Path, corpus: PreparedCorpus, logits: Logits
) -> None:
    write_dump(tmp_path / "a.safetensors", logits)
    write_dump(tmp_path / "b.safetensors", logits)
    before = (tmp_path / "a.safetensors").read_bytes()
    read_dump(tmp_path / "a.safetensors", corpus, "train")
    assert before == (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def tensors(logits: Logits) -> dict[str, np.ndarray]:
    return {f"{s}/{title}/logits": array for s, found in logits.items() for title, array in found.items()}


def check(path: Path, corpus: PreparedCorpus, split: str, title: str, field: str | None, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        read_dump(path, corpus, split)
    assert (caught.value.file, caught.value.document, caught.value.field) == (str(path), title, field)
    assert problem in str(caught.value)


@pytest.mark.parametrize("shape", [(3, 3, 1), (3, 2, 2), (2, 2, 2), (3, 3)])
def test_a_wrong_shape(tmp_path: Path, corpus: PreparedCorpus, logits: Logits, shape: tuple[int, ...]) -> None:
    logits["train"]["A"] = np.zeros(shape, dtype=np.float32)
    write_dump(tmp_path / "d.safetensors", logits)
    problem = f"logits of shape {shape}, but 3 entities and 2 relations need (3, 3, 2)"
    check(tmp_path / "d.safetensors", corpus, "train", "A", "logits", problem)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number(tmp_path: Path, corpus: PreparedCorpus, logits: Logits, value: float) -> None:
    logits["train"]["B/1"][0, 1, 1] = value
    write_dump(tmp_path / "d.safetensors", logits)
    problem = f"the logit at (head, tail, relation) (0, 1, 1) is {value}"
    check(tmp_path / "d.safetensors", corpus, "train", "B/1", "logits", problem)
    assert len(read_dump(tmp_path / "d.safetensors", corpus, "dev")) == 1


def test_a_missing_document(tmp_path: Path, corpus: PreparedCorpus, logits: Logits) -> None:
    del logits["train"]["B/1"]
    write_dump(tmp_path / "d.safetensors", logits)
    check(tmp_path / "d.safetensors", corpus, "train", "B/1", None, "train: 1 documents have no logits")


def test_a_document_of_another_corpus(tmp_path: Path, corpus: PreparedCorpus, logits: Logits) -> None:
    logits["dev"]["X"] = logits["dev"]["C"]
    write_dump(tmp_path / "d.safetensors", logits)
    check(tmp_path / "d.safetensors", corpus, "dev", "X", None, "1 have logits but are not in")


def test_labels_may_come_along_and_must_be_the_documents(
    tmp_path: Path, corpus: PreparedCorpus, logits: Logits
) -> None:
    path = tmp_path / "d.safetensors"
    labels = SCHEMA.labels(DOCUMENTS["dev"][0])
    save_file(tensors(logits) | {"dev/C/labels": labels, "dev/C/in_train": np.zeros_like(labels)}, path)
    assert len(read_dump(path, corpus, "dev")) == 1
    save_file(tensors(logits) | {"dev/C/labels": ~labels}, path)
    check(path, corpus, "dev", "C", "labels", "these are not the document's labels")
    save_file(tensors(logits) | {"dev/C/in_train": labels[:1]}, path)
    check(path, corpus, "dev", "C", "in_train", "shape (1, 2, 2), (2, 2, 2) expected")


def test_single_precision_is_read_without_torch(
    tmp_path: Path, corpus: PreparedCorpus, logits: Logits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Importing it takes longer than reading a dump."""
    frameworks = []

    def opening(path: Path, framework: str) -> Any:
        frameworks.append(framework)
        return safe_open(path, framework=framework)

    monkeypatch.setattr(stored, "safe_open", opening)
    write_dump(tmp_path / "d.safetensors", logits)
    read_dump(tmp_path / "d.safetensors", corpus, "train")
    assert frameworks == ["numpy"]


def test_half_precision_is_read(tmp_path: Path, corpus: PreparedCorpus, logits: Logits) -> None:
    path = tmp_path / "d.safetensors"
    for kind in (torch.float16, torch.bfloat16, torch.float64):
        save_torch_file({name: torch.from_numpy(array).to(kind) for name, array in tensors(logits).items()}, path)
        (item,) = read_dump(path, corpus, "dev")
        expected = torch.from_numpy(logits["dev"]["C"]).to(kind).float().numpy()
        assert item.logits.dtype == np.float32
        assert np.array_equal(item.logits[0, 1], expected[0, 1])


def test_a_damaged_file_and_a_missing_one(tmp_path: Path, corpus: PreparedCorpus, logits: Logits) -> None:
    path = tmp_path / "d.safetensors"
    with pytest.raises(InputError, match="does not exist"):
        read_dump(path, corpus, "dev")
    write_dump(path, logits)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InputError, match="is damaged or not a safetensors file"):
        read_dump(path, corpus, "dev")


def test_scored_checks_what_comes_from_python_too() -> None:
    with pytest.raises(InputError, match="document A, field logits: logits of shape"):
        scored(DOCUMENTS["train"][0], np.zeros((1, 1, 2), dtype=np.float32), SCHEMA)
    given = np.ones((3, 3, 2), dtype=np.float32)
    item = scored(DOCUMENTS["train"][0], given, SCHEMA)
    assert (given == 1).all(), "the caller's array must stay as it was"
    assert not item.in_train.any()


def authors_items(logits: Logits, split: str) -> list[dict[str, object]]:
    return [
        {
            "N": len(d.entities),
            "logits": torch.from_numpy(logits[split][d.title]),
            "labels": torch.from_numpy(SCHEMA.labels(d)).float(),
            "in_train": torch.zeros(len(d.entities), len(d.entities), 2, dtype=torch.bool).to_sparse(),
        }
        for d in DOCUMENTS[split]
    ]


def test_the_authors_dump_reads_as_ours(tmp_path: Path, corpus: PreparedCorpus, logits: Logits) -> None:
    torch.save({split: authors_items(logits, split) for split in DOCUMENTS}, tmp_path / "dump.pt")
    write_dump(tmp_path / "ours.safetensors", logits)
    for split in DOCUMENTS:
        theirs, ours = (read_dump(tmp_path / name, corpus, split) for name in ("dump.pt", "ours.safetensors"))
        for a, b in zip(theirs, ours, strict=True):
            assert a.document == b.document
            assert np.array_equal(a.logits, b.logits)
            assert np.array_equal(a.in_train, b.in_train)


def test_what_is_wrong_with_an_authors_dump(tmp_path: Path, corpus: PreparedCorpus, logits: Logits) -> None:
    path = tmp_path / "dump.pt"
    torch.save({"train": authors_items(logits, "train")[:1]}, path)
    with pytest.raises(InputError, match="1 items, but the train split has 2 documents"):
        read_dump(path, corpus, "train")
    with pytest.raises(InputError, match="field dev: a dict with a list for each"):
        read_dump(path, corpus, "dev")
    torch.save({"dev": [{"N": 2, "logits": [[1.0]]}]}, path)
    check(path, corpus, "dev", "C", "dev[0].logits", "a tensor was expected")
    torch.save({"dev": [{"N": 2, "logits": torch.zeros(2, 2, 3)}]}, path)
    check(path, corpus, "dev", "C", "logits", "logits of shape (2, 2, 3)")
    torch.save({"dev": [Path("x")]}, path)
    with pytest.raises(InputError, match="holds more than tensors"):
        read_dump(path, corpus, "dev")


@pytest.mark.parametrize(
    ("index", "size", "problem"),
    [
        (10**9, (2, 2, 2), "does not hold together"),
        (2, (2, 2, 2), "does not hold together"),
        (-1, (2, 2, 2), "does not hold together"),
        (1, (2, 2, 10**12), "a sparse tensor of shape"),
    ],
)
def test_sparse_tensors_that_point_outside(
    tmp_path: Path, corpus: PreparedCorpus, index: int, size: tuple[int, ...], problem: str
) -> None:
    indices = torch.tensor([[0, 0], [0, 1], [0, index]])
    wild = torch.sparse_coo_tensor(indices, torch.ones(2), size, check_invariants=False)
    torch.save({"dev": [{"N": 2, "logits": wild}]}, tmp_path / "dump.pt")
    check(tmp_path / "dump.pt", corpus, "dev", "C", "dev[0].logits", problem)


def test_other_layouts_than_coo_are_refused(tmp_path: Path, corpus: PreparedCorpus) -> None:
    torch.save({"dev": [{"N": 2, "logits": torch.zeros(2, 2).to_sparse_csr()}]}, tmp_path / "dump.pt")
    check(tmp_path / "dump.pt", corpus, "dev", "C", "dev[0].logits", "COO layout")


def test_logits_with_gradients_and_the_old_file_form(tmp_path: Path, corpus: PreparedCorpus, logits: Logits) -> None:
    item = authors_items(logits, "dev")[0]
    item["logits"] = torch.from_numpy(logits["dev"]["C"]).requires_grad_()
    for name, zipped in (("new.pt", True), ("old.pt", False)):
        torch.save({"dev": [item]}, tmp_path / name, _use_new_zipfile_serialization=zipped)
        (found,) = read_dump(tmp_path / name, corpus, "dev")
        assert np.array_equal(found.logits[0, 1], logits["dev"]["C"][0, 1])


def test_damaged_torch_files_are_one_message(tmp_path: Path, corpus: PreparedCorpus, logits: Logits) -> None:
    torch.save({"dev": authors_items(logits, "dev")}, tmp_path / "whole.pt", _use_new_zipfile_serialization=False)
    whole = (tmp_path / "whole.pt").read_bytes()
    rng = np.random.default_rng(3)
    for _ in range(200):
        broken = bytearray(whole)
        for place in rng.integers(4, len(whole), 3):
            broken[place] = rng.integers(256)
        (tmp_path / "broken.pt").write_bytes(broken)
        with suppress(InputError):
            read_dump(tmp_path / "broken.pt", corpus, "dev")


def test_labels_of_an_entity_to_itself_may_be_left_out(tmp_path: Path, corpus: PreparedCorpus, logits: Logits) -> None:
    labels = SCHEMA.labels(DOCUMENTS["dev"][0])
    labels[[0, 1], [0, 1]] ^= True
    save_file(tensors(logits) | {"dev/C/labels": labels}, tmp_path / "d.safetensors")
    assert len(read_dump(tmp_path / "d.safetensors", corpus, "dev")) == 1
