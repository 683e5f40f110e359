"""Documents of words as tensors, vocabularies, and GloVe files."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from logire.backbones import encoding, infer_logits, load_backbone, train_backbone
from logire.backbones.encoder import DirectedLSTM
from logire.backbones.words import UNKNOWN, Vocabulary, count_words, locate_vectors, read_glove
from logire.corpus.document import Document, Entity, Fact, Mention
from logire.corpus.prepared import PreparedCorpus
from logire.ground.errors import InputError

from .made_up import QUICK, SCHEMA, SMALL, WORDS, document

A = Entity((Mention("B c", 0, 1, 3, "group"), Mention("c", 1, 1, 2, "group")))
B = Entity((Mention("a", 0, 0, 1, "person"),))
MADE = Document("d", (("a", "B", "c"), ("x", "c")), (A, B), (Fact(0, "leads", 1), Fact(0, "leads", 1)))


def test_a_document_in_tensors_by_hand() -> None:
    encoded = encoding.encode(MADE, Vocabulary(("c", "b"), lowercase=True), SCHEMA)
    assert encoded.words.tolist() == [UNKNOWN, 3, 2, UNKNOWN, 2]
    assert encoded.coreference.tolist() == [1, 2, 2, 0, 2]
    assert encoded.types.tolist() == [1, 2, 2, 0, 2]
    assert encoded.pooling.tolist() == [[0, 0.25, 0.25, 0, 0.5], [1, 0, 0, 0, 0]]
    middle = encoding.FAR
    assert encoded.buckets.tolist() == [[middle, middle + 1], [middle - 1, middle]]
    assert encoded.facts.tolist() == [[0, 1, 0]]


def test_a_batch_is_padded_with_nothing() -> None:
    vocabulary = Vocabulary(WORDS, lowercase=True)
    documents = [encoding.encode(d, vocabulary, SCHEMA) for d in (MADE, document("a", seed=1, entities=4))]
    batch = encoding.collate(documents, torch.device("cpu"))
    assert batch.words.shape == (2, 40)
    assert batch.pooling.shape == (2, 4, 40)
    assert (batch.lengths.tolist(), batch.sizes) == ([5, 40], [2, 4])
    assert not batch.words[0, 5:].any()
    assert not batch.pooling[0, 2:].any()
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


def test_vectors_are_fetched_once_and_checked(tmp_path: Path) -> None:
    source = write_glove(tmp_path)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    cache = tmp_path / "cache"
    with pytest.raises(InputError, match="SHA-256 is"):
        locate_vectors(source.as_uri(), "0" * 64, cache)
    assert not list(cache.glob("*"))
    found = locate_vectors(source.as_uri(), digest, cache)
    assert found.read_bytes() == source.read_bytes()
    source.unlink()
    assert locate_vectors(source.as_uri(), digest, cache) == found
    with pytest.raises(InputError, match="cannot be downloaded"):
        locate_vectors((tmp_path / "none.txt").as_uri(), None, cache)


def test_glove_vectors_stay_frozen_and_come_back_with_the_model(corpus: PreparedCorpus, tmp_path: Path) -> None:
    path = write_glove(tmp_path)
    settings = SMALL["bilstm"] | QUICK | {"vectors": str(path), "word_dim": 2}
    train_backbone(corpus, "bilstm", settings, tmp_path / "run", seed=1, device="cpu", progress=False)
    model = load_backbone(tmp_path / "run", corpus.schema, device="cpu")
    found = {word: model.word_embedding.weight[i].tolist() for i, word in enumerate(model.vocabulary.words, start=2)}
    assert found == {"w1": [1, 2], "w3": [3, 4]}
    assert infer_logits(model, corpus.test)
