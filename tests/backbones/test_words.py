"""Documents of words as tensors, vocabularies, and GloVe files."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from file_server import FileServer

from logire.backbones import infer_logits, load_backbone, train_backbone
from logire.backbones.words import tensors
from logire.backbones.words.directed_lstm import DirectedLSTM
from logire.backbones.words.glove import locate_vectors, read_glove
from logire.backbones.words.vocabulary import UNKNOWN, Vocabulary, count_words
from logire.corpus.document import Document, Entity, Fact, Mention
from logire.corpus.prepared import PreparedCorpus
from logire.ground.errors import InputError

from .made_up import QUICK, SCHEMA, WORDS, document, small

A = Entity((Mention("B c", 0, 1, 3, "group"), Mention("c", 1, 1, 2, "group")))
B = Entity((Mention("a", 0, 0, 1, "person"),))
MADE = Document("d", (("a", "B", "c"), ("x", "c")), (A, B), (Fact(0, "leads", 1), Fact(0, "leads", 1)))


def test_a_document_in_tensors_by_hand() -> None:
    encoded = tensors.encode(MADE, Vocabulary(("c", "b"), lowercase=True), SCHEMA)
    assert encoded.words.tolist() == [UNKNOWN, 3, 2, UNKNOWN, 2]
    assert encoded.coreference.tolist() == [1, 2, 2, 0, 2]
    assert encoded.types.tolist() == [1, 2, 2, 0, 2]
    assert encoded.mentioned.tolist() == [0, 1, 2, 4]
    assert encoded.pooling.tolist() == [[0, 0.25, 0.25, 0.5], [1, 0, 0, 0]]
    middle = tensors.FAR
    assert encoded.buckets.tolist() == [[middle, middle + 1], [middle - 1, middle]]
    assert encoded.facts.tolist() == [[0, 1, 0]]


def test_a_batch_is_padded_with_nothing() -> None:
    vocabulary = Vocabulary(WORDS, lowercase=True)
    documents = [tensors.encode(d, vocabulary, SCHEMA) for d in (MADE, document("a", seed=1, entities=4))]
    batch = tensors.collate(documents, torch.device("cpu"))
    assert batch.words.shape == (2, 40)
    mentioned = len(documents[1].mentioned)
    assert mentioned > len(documents[0].mentioned) == 4
    assert batch.pooling.shape == (2, 4, mentioned)
    assert (batch.lengths.tolist(), batch.sizes) == ([5, 40], [2, 4])
    assert not batch.words[0, 5:].any()
    assert batch.mentioned[0].tolist() == [0, 1, 2, 4] + [0] * (mentioned - 4)
    assert not batch.pooling[0, 2:].any()
    assert not batch.pooling[0, :, 4:].any()
    assert torch.equal(batch.mentioned[1], documents[1].mentioned)
    assert torch.equal(batch.pooling[1], documents[1].pooling)


def test_words_are_counted() -> None:
    assert count_words([MADE], lowercase=True).words == ("c", "a", "b", "x")
    assert count_words([MADE], lowercase=False, min_count=2).words == ("c",)
    assert Vocabulary(("b",), lowercase=False).index("B") == UNKNOWN
    assert Vocabulary(("b",), lowercase=True).index("B") == 2


def test_the_backward_lstm_starts_at_each_documents_own_end() -> None:
    torch.manual_seed(0)
    tokens, lengths = torch.randn(3, 7, 4), torch.tensor([7, 1, 4])
    ours = DirectedLSTM(4, 5, backwards=True)
    packed = torch.nn.utils.rnn.pack_padded_sequence(tokens, lengths, batch_first=True, enforce_sorted=False)
    both = torch.nn.LSTM(4, 5, batch_first=True, bidirectional=True)
    for name, value in ours.lstm.named_parameters():
        getattr(both, f"{name}_reverse").data.copy_(value.data)
    expected = torch.nn.utils.rnn.pad_packed_sequence(both(packed)[0], batch_first=True)[0][..., 5:]
    found = ours(tokens, lengths)
    for i, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(found[i, :length], expected[i, :length])


def write_glove(folder: Path) -> Path:
    path = folder / "glove.txt"
    path.write_text("w1 1 2\nthe 5 5\nw3 3 4\n")
    return path


def test_glove_gives_the_words_it_has(tmp_path: Path) -> None:
    path = write_glove(tmp_path)
    archive = tmp_path / "glove.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(path, "glove.3d.txt")
        file.write(path, "glove.2d.txt")
    for source in (path, archive):
        vocabulary, vectors = read_glove(source, Vocabulary(("w0", "w1", "w3"), lowercase=True), 2)
        assert vocabulary.words == ("w1", "w3")
        np.testing.assert_array_equal(vectors, [[0, 0], [2, 3], [1, 2], [3, 4]])
    with pytest.raises(InputError, match="line 1 has 2 values"):
        read_glove(path, Vocabulary(("w1",), lowercase=True), 3)
    with pytest.raises(InputError, match="holds no word of the corpus"):
        read_glove(path, Vocabulary(("zebra",), lowercase=True), 2)
    with pytest.raises(InputError, match="does not exist"):
        read_glove(tmp_path / "none.txt", Vocabulary(("w1",), lowercase=True), 2)


def test_vectors_are_downloaded_once_and_checked(tmp_path: Path) -> None:
    content = write_glove(tmp_path).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    cache = tmp_path / "cache"
    server = FileServer({"glove.txt": content})
    try:
        server.faults["glove.txt"] = ["404"]
        with pytest.raises(InputError, match=r"field vectors: cannot be downloaded: HTTP 404"):
            locate_vectors(f"{server.url}/glove.txt", digest, cache)
        assert not list(cache.glob("*"))
        found = locate_vectors(f"{server.url}/glove.txt", digest, cache)
        assert found.read_bytes() == content
        assert locate_vectors(f"{server.url}/glove.txt", digest, cache) == found
        assert server.asked["glove.txt"] == 2
    finally:
        server.close()


def test_a_local_file_is_checked(tmp_path: Path) -> None:
    path = write_glove(tmp_path)
    assert locate_vectors(str(path), hashlib.sha256(path.read_bytes()).hexdigest()) == path
    with pytest.raises(InputError, match="field vectors_sha256: its SHA-256 is"):
        locate_vectors(str(path), "0" * 64)


def test_glove_vectors_stay_frozen_and_come_back_with_the_model(corpus: PreparedCorpus, tmp_path: Path) -> None:
    path = write_glove(tmp_path)
    settings = small("bilstm") | QUICK | {"vectors": str(path), "word_dim": 2}
    train_backbone(corpus, "bilstm", settings, tmp_path / "run", seed=1, device="cpu", progress=False)
    model = load_backbone(tmp_path / "run", corpus.schema, device="cpu")
    found = {word: model.word_embedding.weight[i].tolist() for i, word in enumerate(model.vocabulary.words, start=2)}
    assert found == {"w1": [1, 2], "w3": [3, 4]}
    assert infer_logits(model, corpus.test)
