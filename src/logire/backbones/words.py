"""Words to indices, and where word vectors come from: learned with the model, or GloVe."""

from __future__ import annotations

import hashlib
import io
import logging
import shutil
import urllib.request
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.error import URLError

import numpy as np

from logire.corpus.document import Document, FloatArray
from logire.ground.errors import InputError
from logire.ground.files import atomic, read_json, write_json

log = logging.getLogger(__name__)

PADDING, UNKNOWN = 0, 1


@dataclass(frozen=True)
class Vocabulary:
    """The known words, in lower case if ``lowercase``; the first has index 2, after padding and unknown."""

    words: tuple[str, ...]
    lowercase: bool

    @cached_property
    def _index(self) -> dict[str, int]:
        return {word: index for index, word in enumerate(self.words, start=UNKNOWN + 1)}

    def __len__(self) -> int:
        return len(self.words) + UNKNOWN + 1

    def index(self, token: str) -> int:
        return self._index.get(token.lower() if self.lowercase else token, UNKNOWN)

    def write(self, path: Path) -> None:
        write_json(path, {"lowercase": self.lowercase, "words": list(self.words)}, indent=None)

    @classmethod
    def read(cls, path: Path) -> Vocabulary:
        value = read_json(path, remedy="it stands beside the model's weights; train the backbone again")
        return cls(tuple(value["words"]), bool(value["lowercase"]))


def count_words(documents: Iterable[Document], *, lowercase: bool, min_count: int = 1) -> Vocabulary:
    """The words that occur at least ``min_count`` times, the most frequent first."""
    counts = Counter(token.lower() if lowercase else token for document in documents for token in document.tokens)
    kept = [word for word, count in counts.items() if count >= min_count]
    return Vocabulary(tuple(sorted(kept, key=lambda word: (-counts[word], word))), lowercase)


def read_glove(path: Path, wanted: Vocabulary, dim: int) -> tuple[Vocabulary, FloatArray]:
    """The vectors of the wanted words that the file has.

    Args:
        path: a GloVe text file (``word v1 ... vd`` a line), or the published zip with ``*.{dim}d.txt`` in it.

    Returns:
        The words found, and (V, dim) float32, rows of padding (zero) and unknown (the mean of the others) first.

    Raises:
        InputError: no such file, a line with another number of values, or no wanted word at all.
    """
    words = set(wanted.words)
    found: dict[str, FloatArray] = {}
    with _open_glove(path, dim) as lines:
        for number, line in enumerate(lines, start=1):
            word, *values = line.rstrip().split(" ")
            if word not in words:
                continue
            if len(values) != dim:
                raise InputError(
                    f"line {number} has {len(values)} values", file=path, remedy=f"word_dim is {dim}: make them agree"
                )
            found[word] = np.array(values, dtype=np.float32)
    if not found:
        raise InputError("holds no word of the corpus", file=path, remedy="give a GloVe text file, or its zip")
    kept = tuple(word for word in wanted.words if word in found)
    vectors = np.stack([found[word] for word in kept])
    rows = np.concatenate([np.zeros((1, dim), np.float32), vectors.mean(0, keepdims=True), vectors])
    return Vocabulary(kept, wanted.lowercase), rows


@contextmanager
def _open_glove(path: Path, dim: int) -> Iterator[Iterable[str]]:
    if not path.is_file():
        raise InputError("does not exist", file=path, remedy="give a GloVe file or its URL, or vectors = learned")
    if path.suffix != ".zip":
        with path.open(encoding="utf-8") as lines:
            yield lines
        return
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.endswith(f".{dim}d.txt")]
        if not members:
            raise InputError(f"holds no *.{dim}d.txt", file=path, remedy="change word_dim")
        with archive.open(members[0]) as member:
            yield io.TextIOWrapper(member, encoding="utf-8")


def locate_vectors(source: str, sha256: str | None, cache: Path | None = None) -> Path:
    """The local file of ``source``: a path, or a URL that is downloaded once into ``cache``.

    Raises:
        InputError: the download fails, or the file's SHA-256 is not ``sha256``.
    """
    if "://" in source:
        cache = cache or Path.home() / ".cache" / "logire"
        path = cache / source.rsplit("/", 1)[-1]
        if not path.exists():
            log.info("downloading %s to %s", source, path)
            try:
                with urllib.request.urlopen(source) as response, atomic(path) as temporary:
                    with temporary.open("wb") as file:
                        shutil.copyfileobj(response, file)
                    _check(temporary, sha256, source)
            except (URLError, OSError) as error:
                raise InputError(f"cannot be downloaded ({error})", file=source, field="vectors") from error
            return path
    else:
        path = Path(source)
    _check(path, sha256, source)
    return path


def _check(path: Path, sha256: str | None, source: str) -> None:
    if sha256 is None or not path.is_file():
        return
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256:
        raise InputError(
            f"SHA-256 is {digest}, {sha256} expected", file=source, field="vectors_sha256", remedy="fetch it again"
        )
