"""Cross-fitting: what a fold's backbone sees, and what its dump holds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from typer.testing import CliRunner

from logire.backbones.training import loop, run
from logire.backbones.training.crossfit import train_fold
from logire.cli.app import app
from logire.corpus.document import Document
from logire.corpus.dump import read_dump, write_dump
from logire.corpus.folds import Fold, FoldCorpus
from logire.corpus.prepared import PreparedCorpus, write_prepared
from logire.ground.errors import InputError
from logire.rules.outoffold import read_out_of_fold

from .made_up import QUICK, SCHEMA, small
from .made_up import corpus as made_up_corpus

SETTINGS = small("cnn") | QUICK | {"epochs": 1}
FOLDS = (1, 2, 3)
TrainFold = Callable[..., Path]


def with_a_word(document: Document, word: str) -> Document:
    first, *rest = document.sentences
    return Document(document.title, ((*first, word), *rest), document.entities, document.facts)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> PreparedCorpus:
    """The made-up corpus, where each document has a word that no other has."""
    folder = tmp_path_factory.mktemp("crossfit")
    plain = made_up_corpus(folder / "plain")
    splits = {
        split: [with_a_word(d, f"only-{d.title}") for d in plain.documents(split)] for split in ("train", "dev", "test")
    }
    write_prepared(folder / "words", splits, SCHEMA, name="words", synthetic=True)
    return PreparedCorpus.open(folder / "words")


def train(corpus: PreparedCorpus, out: Path, number: int = 1, *, seed: int = 2, **settings: Any) -> Path:
    fold = Fold(number, len(FOLDS), seed)
    train_fold(corpus, "cnn", SETTINGS | settings, out, fold=fold, device="cpu", progress=False)
    return out


@pytest.fixture(scope="module")
def dumps(corpus: PreparedCorpus, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The dumps of all folds."""
    folder = tmp_path_factory.mktemp("folds")
    return [train(corpus, folder / f"{number}", number) / "logits.safetensors" for number in FOLDS]


def names(dump: Path) -> set[str]:
    with safe_open(dump, framework="np") as file:
        return set(file.keys())


def logits_of(dump: Path) -> dict[str, np.ndarray]:
    with safe_open(dump, framework="np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def test_a_dump_holds_the_documents_that_the_backbone_has_not_seen(corpus: PreparedCorpus, dumps: list[Path]) -> None:
    for number, dump in zip(FOLDS, dumps, strict=True):
        part = FoldCorpus.without(corpus, Fold(number, 3, 2))
        unseen = {"train": part.held_out, "dev": corpus.dev, "test": corpus.test}
        assert names(dump) == {f"{split}/{d.title}/logits" for split, of_split in unseen.items() for d in of_split}
        assert sorted(p.name for p in dump.parent.iterdir()) == ["history.csv", "logits.safetensors", "run.json"]
        record = json.loads((dump.parent / "run.json").read_text())
        assert (record["method"], record["fold"], record["folds"], record["seed"]) == ("fold", number, 3, 2)
        assert record["data_digest"] == corpus.digest


def test_the_command_line_trains_the_same_fold(corpus: PreparedCorpus, dumps: list[Path], tmp_path: Path) -> None:
    arguments = ["train", "cnn", "--documents", corpus.path, "--out", tmp_path / "run", "--seed", 2, "--device", "cpu"]
    arguments += ["--settings", json.dumps(SETTINGS), "--fold", "1/3"]
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    assert (tmp_path / "run" / "logits.safetensors").read_bytes() == dumps[0].read_bytes()


def test_the_folds_together_give_every_training_document_once(corpus: PreparedCorpus, dumps: list[Path]) -> None:
    documents = read_out_of_fold(dumps[::-1], corpus)
    assert [d.title for d in documents] == [d.title for d in corpus.train]
    found: dict[str, np.ndarray] = {}
    for dump in dumps:
        found |= logits_of(dump)
    for scored, document in zip(documents, corpus.train, strict=True):
        off = ~np.eye(len(document.entities), dtype=np.bool_)
        np.testing.assert_array_equal(scored.logits[off], found[f"train/{document.title}/logits"][off])
        np.testing.assert_array_equal(scored.labels, SCHEMA.labels(document))
        np.testing.assert_array_equal(scored.in_train, SCHEMA.in_train(document, corpus.training_facts))


def test_the_backbone_never_sees_the_documents_it_is_asked_about(
    corpus: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}
    fit = run.fit

    def spy(model: Any, train: Sequence[Document], dev: Sequence[Document], *rest: Any, **more: Any) -> Any:
        seen.update(words=set(model.vocabulary.words), train=[d.title for d in train], dev=[d.title for d in dev])
        return fit(model, train, dev, *rest, **more)

    monkeypatch.setattr(run, "fit", spy)
    train(corpus, tmp_path / "run")
    kept, held_out = Fold(1, 3, 2).split(corpus.train)
    assert len(held_out) == 2
    assert seen["train"] == [d.title for d in kept]
    assert seen["dev"] == [d.title for d in corpus.dev]
    assert {word for word in seen["words"] if word.startswith("only-")} == {f"only-{d.title}" for d in kept}


def test_the_held_out_documents_can_be_anything(corpus: PreparedCorpus, dumps: list[Path], tmp_path: Path) -> None:
    """Other labels in the held-out documents: the same logits on them."""
    kept, held_out = Fold(1, 3, 2).split(corpus.train)
    bare = [d if d in kept else Document(d.title, d.sentences, d.entities, ()) for d in corpus.train]
    assert any(d.facts for d in held_out)
    write_prepared(
        tmp_path / "bare",
        {"train": bare, "dev": list(corpus.dev), "test": list(corpus.test)},
        SCHEMA,
        name="bare",
        synthetic=True,
    )
    again = train(PreparedCorpus.open(tmp_path / "bare"), tmp_path / "run") / "logits.safetensors"
    assert again.read_bytes() == dumps[0].read_bytes()


def test_the_documents_that_are_kept_do_count(corpus: PreparedCorpus, dumps: list[Path], tmp_path: Path) -> None:
    kept, _ = Fold(1, 3, 2).split(corpus.train)
    bare = [d if d != kept[0] else Document(d.title, d.sentences, d.entities, ()) for d in corpus.train]
    splits = {"train": bare, "dev": list(corpus.dev), "test": list(corpus.test)}
    write_prepared(tmp_path / "bare", splits, SCHEMA, name="bare", synthetic=True)
    again = train(PreparedCorpus.open(tmp_path / "bare"), tmp_path / "run") / "logits.safetensors"
    assert again.read_bytes() != dumps[0].read_bytes()


def test_test_labels_do_not_matter(corpus: PreparedCorpus, dumps: list[Path], tmp_path: Path) -> None:
    bare = [Document(d.title, d.sentences, d.entities, ()) for d in corpus.test]
    assert any(d.facts for d in corpus.test)
    splits = {"train": list(corpus.train), "dev": list(corpus.dev), "test": bare}
    write_prepared(tmp_path / "bare", splits, SCHEMA, name="bare", synthetic=True)
    other = train(PreparedCorpus.open(tmp_path / "bare"), tmp_path / "run")
    assert (other / "logits.safetensors").read_bytes() == dumps[0].read_bytes()


def test_test_documents_are_read_after_training_alone(
    corpus: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, trained, fit = PreparedCorpus._read, False, run.fit

    def spy(*arguments: Any, **more: Any) -> Any:
        nonlocal trained
        result = fit(*arguments, **more)
        trained = True
        return result

    def without_test(self: PreparedCorpus, split: str) -> Any:
        assert split != "test" or trained, "test documents were read"
        return read(self, split)

    monkeypatch.setattr(run, "fit", spy)
    monkeypatch.setattr(PreparedCorpus, "_read", without_test)
    with pytest.raises(AssertionError, match="test documents were read"):
        _ = PreparedCorpus.open(corpus.path).test
    train(PreparedCorpus.open(corpus.path), tmp_path / "run")


@pytest.fixture
def glove(corpus: PreparedCorpus, tmp_path: Path) -> Path:
    """Word vectors of every word of the corpus."""
    words = sorted({token for split in ("train", "dev", "test") for d in corpus.documents(split) for token in d.tokens})
    rng = np.random.default_rng(0)
    lines = [" ".join([word, *(f"{x:.3f}" for x in rng.normal(size=12))]) for word in words]
    (tmp_path / "glove.txt").write_text("\n".join(lines) + "\n")
    return tmp_path / "glove.txt"


def test_with_frozen_vectors_words_of_new_text_have_theirs(
    corpus: PreparedCorpus, glove: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []
    fit = run.fit

    def spy(model: Any, *rest: Any, **more: Any) -> Any:
        seen.append(set(model.vocabulary.words))
        return fit(model, *rest, **more)

    monkeypatch.setattr(run, "fit", spy)
    train(corpus, tmp_path / "run", vectors=str(glove))
    _, held_out = Fold(1, 3, 2).split(corpus.train)
    assert {f"only-{d.title}" for d in (*held_out, *corpus.dev, *corpus.test)} <= seen[0]


def test_a_killed_fold_goes_on_bit_for_bit(
    corpus: PreparedCorpus, tmp_path: Path, dies_in_epoch: Callable[[int], list[int]]
) -> None:
    whole = train(corpus, tmp_path / "whole", epochs=3)
    epochs = dies_in_epoch(3)
    with pytest.raises(KeyboardInterrupt):
        train(corpus, tmp_path / "killed", epochs=3)
    assert not (tmp_path / "killed" / "logits.safetensors").exists()
    train(corpus, tmp_path / "killed", epochs=3)
    assert epochs == [0, 1, 2, 2]
    assert sorted(p.name for p in (tmp_path / "killed").iterdir()) == sorted(p.name for p in whole.iterdir())
    for name in ("logits.safetensors", "history.csv"):
        assert (tmp_path / "killed" / name).read_bytes() == (whole / name).read_bytes()


def test_checkpoints_of_another_fold_are_not_taken_up(
    corpus: PreparedCorpus, dumps: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop.Checkpoints, "load_best", die)
        with pytest.raises(KeyboardInterrupt):
            train(corpus, tmp_path / "run", 2)
    assert (tmp_path / "run" / "checkpoints" / "state.json").exists()
    assert (train(corpus, tmp_path / "run", 1) / "logits.safetensors").read_bytes() == dumps[0].read_bytes()


def test_a_fold_that_is_missing_or_given_twice_is_named(corpus: PreparedCorpus, dumps: list[Path]) -> None:
    _, held_out = Fold(1, 3, 2).split(corpus.train)
    with pytest.raises(InputError, match=r"2 training documents are in no dump, 0 documents") as error:
        read_out_of_fold(dumps[1:], corpus)
    assert held_out[0].title in str(error.value)
    with pytest.raises(InputError, match=rf"is in {dumps[0]} too"):
        read_out_of_fold([*dumps, dumps[0]], corpus)


def test_dumps_of_another_corpus_are_refused(corpus: PreparedCorpus, dumps: list[Path], tmp_path: Path) -> None:
    renamed = [Document(f"other-{d.title}", d.sentences, d.entities, d.facts) for d in corpus.train]
    splits = {"train": renamed, "dev": list(corpus.dev), "test": list(corpus.test)}
    write_prepared(tmp_path / "other", splits, SCHEMA, name="other", synthetic=True)
    with pytest.raises(InputError, match=r"6 training documents are in no dump, 6 documents of the dumps are not in"):
        read_out_of_fold(dumps, PreparedCorpus.open(tmp_path / "other"))
    longer = [d if i else Document(d.title, d.sentences, d.entities[:-1], ()) for i, d in enumerate(corpus.train)]
    write_prepared(tmp_path / "longer", splits | {"train": longer}, SCHEMA, name="longer", synthetic=True)
    with pytest.raises(InputError, match="document train-0, field logits: logits of shape"):
        read_out_of_fold(dumps, PreparedCorpus.open(tmp_path / "longer"))


def test_missing_and_damaged_files_are_named(corpus: PreparedCorpus, dumps: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.safetensors.*does not exist"):
        read_out_of_fold([*dumps[:2], tmp_path / "nowhere.safetensors"], corpus)
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(dumps[2].read_bytes()[:50])
    with pytest.raises(InputError, match=r"cut\.safetensors.*damaged"):
        read_out_of_fold([*dumps[:2], cut], corpus)


def test_other_splits_of_a_dump_are_left_alone(corpus: PreparedCorpus, dumps: list[Path], tmp_path: Path) -> None:
    both = tmp_path / "both.safetensors"
    _, held_out = Fold(1, 3, 2).split(corpus.train)
    own = {name.split("/")[1]: value for name, value in logits_of(dumps[0]).items()}
    rest = {d.title: np.zeros((len(d.entities),) * 2 + (3,), dtype=np.float32) for d in corpus.dev}
    write_dump(both, {"train": {d.title: own[d.title] for d in held_out}, "dev": rest})
    plain, given = (read_out_of_fold([first, *dumps[1:]], corpus) for first in (dumps[0], both))
    for one, other in zip(plain, given, strict=True):
        np.testing.assert_array_equal(one.logits, other.logits)


def test_labels_in_a_dump_are_not_taken_for_logits(corpus: PreparedCorpus, dumps: list[Path], tmp_path: Path) -> None:
    """A dump may carry them (logire.corpus.dump), under names that sort before and after."""
    from safetensors.numpy import save_file

    tensors = logits_of(dumps[0])
    extra = {
        name.replace("/logits", f"/{key}"): np.zeros_like(value, dtype=np.bool_)
        for name, value in tensors.items()
        for key in ("labels", "in_train")
    }
    truth = {f"train/{d.title}/labels": SCHEMA.labels(d) for d in corpus.train}
    extra |= {name: truth[name] for name in extra if name in truth}
    save_file(tensors | extra, tmp_path / "more.safetensors")
    plain, given = (read_out_of_fold([f, *dumps[1:]], corpus) for f in (dumps[0], tmp_path / "more.safetensors"))
    for one, other in zip(plain, given, strict=True):
        np.testing.assert_array_equal(one.logits, other.logits)


def test_a_whole_run_is_not_made_of_a_fold(corpus: PreparedCorpus, dumps: list[Path], tmp_path: Path) -> None:
    shutil.copytree(dumps[0].parent, tmp_path / "copy")
    with pytest.raises(InputError, match="4 documents have no logits"):
        read_dump(tmp_path / "copy" / "logits.safetensors", corpus, "train")


def test_a_fold_that_does_not_exist_is_refused_before_training(corpus: PreparedCorpus, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="6 training documents can't make 7 folds"):
        train_fold(corpus, "cnn", SETTINGS, tmp_path / "run", fold=Fold(1, 7, 1), device="cpu", progress=False)
    assert not (tmp_path / "run").exists()
