"""GloVe vectors: where they come from, and how they are read."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from logire.backbones.words.vocabulary import Vocabulary
from logire.corpus.document import FloatArray
from logire.ground.digests import file_digest
from logire.ground.download import download
from logire.ground.errors import InputError
from logire.ground.files import check_file

_REMEDY = "give a GloVe text file, or its zip"


def locate_vectors(source: str, sha256: str | None, cache: Path | None = None) -> Path:
    """The local file of ``source``: a path, or a URL that is downloaded once.

    Args:
        sha256: of the file; None does not check it.
        cache: the folder that downloads go to; by default ``~/.cache/logire``.

    Raises:
        InputError: the file cannot be downloaded, or its SHA-256 is not ``sha256``.
    """
    if "://" in source:
        folder = cache or Path.home() / ".cache" / "logire"
        return download(source, folder / source.rsplit("/", 1)[-1], sha256=sha256, field="vectors")
    path = Path(source)
    if sha256 is not None and path.is_file() and (digest := file_digest(path)) != sha256:
        raise InputError(
            f"its SHA-256 is {digest}, not {sha256}",
            file=path,
            field="vectors_sha256",
            remedy="give the digest of this file, or the file with this digest",
        )
    return path


def read_glove(path: Path, wanted: Vocabulary, dim: int) -> tuple[Vocabulary, FloatArray]:
    """The vectors of the wanted words that the file has.

    Args:
        path: a GloVe text file (``word v1 ... vd`` on each line), or the published zip with ``*.{dim}d.txt`` in it.

    Returns:
        The words found, and their vectors (V, dim) in float32. The first two rows stand for padding (zero) and for
        unknown words (the mean of all others).

    Raises:
        InputError: the file cannot be read, one of its lines has another number of values or no numbers, or it has no
            wanted word.
    """
    words = set(wanted.words)
    found: dict[str, FloatArray] = {}
    with _open(path, dim) as lines:
        for number, line in enumerate(lines, start=1):
            word, *values = line.rstrip().split(" ")
            if word not in words:
                continue
            if len(values) != dim:
                raise InputError(
                    f"line {number} has {len(values)} values", file=path, remedy=f"word_dim is {dim}: make them agree"
                )
            try:
                vector = np.array(values, dtype=np.float32)
            except ValueError:
                vector = np.full(dim, np.nan, np.float32)
            if not np.isfinite(vector).all():
                raise InputError("a value is not a number", file=path, field=f"line {number}", remedy=_REMEDY)
            found[word] = vector
    if not found:
        raise InputError("holds no word of the corpus", file=path, remedy=_REMEDY)
    kept = tuple(word for word in wanted.words if word in found)
    vectors = np.stack([found[word] for word in kept])
    rows = np.concatenate([np.zeros((1, dim), np.float32), vectors.mean(0, keepdims=True), vectors])
    return Vocabulary(kept, wanted.lowercase), rows


@contextmanager
def _open(path: Path, dim: int) -> Iterator[Iterable[str]]:
    check_file(path, remedy="give a GloVe file or its URL, or vectors = learned")
    try:
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
    except (OSError, UnicodeDecodeError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise InputError(f"cannot be read ({error})", file=path, remedy=_REMEDY) from error
