"""Files in DocRED's format read document by document: of the file, one chunk and one document are in memory."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from io import BufferedIOBase
from pathlib import Path

from logire.corpus.docred import decode_document
from logire.corpus.document import Document, Schema
from logire.ground.errors import InputError
from logire.ground.files import check_file

CHUNK = 1 << 20
"""Bytes read at a time."""
LARGEST = 64 << 20
"""Bytes of the largest document. Of a string that nothing closes, no more than this is read."""
_SPACE = re.compile(rb"[ \t\n\r]*+")
_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+("?)|[\[\]{}]', re.DOTALL)
"""A whole string (or what is there of one), or a bracket outside strings."""
_FORMAT = "a list of documents in DocRED's format is expected"
_CUT = "make or download the file again: its end is missing"


def stream_documents(paths: Iterable[Path], schema: Schema) -> Iterator[Document]:
    """The documents of files in DocRED's format (plain or ``.gz``), one after the other.

    Raises:
        InputError: what :func:`~logire.corpus.docred.read_docred` raises. A document without a title goes by its number
            and the byte where it begins. A title occurs in two files; a file ends too early; a document is too large.
    """
    seen: dict[str, Path] = {}
    for path in paths:
        found = False
        for name, data in elements(path):
            found = True
            document = decode_document(data, path, name, schema)
            if document.title in seen:
                first = seen[document.title]
                problem = "this title occurs twice" if first == path else f"this title is in {first} too"
                raise InputError(problem, file=path, document=document.title, field="title", remedy="keep one of them")
            seen[document.title] = path
            yield document
        if not found:
            raise InputError("holds no document", file=path)


def elements(path: Path, *, chunk: int = CHUNK) -> Iterator[tuple[str, bytes]]:
    """The objects of a JSON list, undecoded, each with how to call it in an error.

    What is between brackets that match is an element; whether it is JSON shows when it is decoded.

    Args:
        chunk: bytes read at a time.

    Raises:
        InputError: the file cannot be read, is not a list of objects, or ends too early; an element is too large.
    """
    with check_file(path).open("rb") as raw:
        source = _Source(path, gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw, chunk)
        if source.next() != b"[":
            raise InputError(f"does not begin with [: {_FORMAT}", file=path)
        source.skip()
        count = 0
        if source.next() != b"]":
            while True:
                count += 1
                yield source.element(count)
                after = source.next()
                if after == b"]":
                    break
                if after != b",":
                    raise source.broken(after, count, "`,` or `]`")
                source.skip()
        source.skip()
        if rest := source.next():
            raise source.broken(rest, count, "the end of the file")


class _Source:
    """The bytes of a file from ``place`` on; those before are gone."""

    def __init__(self, path: Path, file: BufferedIOBase, chunk: int) -> None:
        self.path, self.file, self.chunk = path, file, chunk
        self.data, self.place = b"", 0

    def more(self) -> bool:
        """Read a chunk; False at the end of the file."""
        try:
            read = self.file.read(self.chunk)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise InputError(f"cannot be decoded ({error})", file=self.path, remedy=_CUT) from error
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror or error})", file=self.path) from error
        self.data += read
        return bool(read)

    def drop(self, count: int) -> None:
        self.data, self.place = self.data[count:], self.place + count

    def skip(self) -> None:
        """Leave out the byte that :meth:`next` gave."""
        self.drop(1)

    def next(self) -> bytes:
        """The next byte that is not white space; empty at the end of the file."""
        while True:
            match = _SPACE.match(self.data)
            self.drop(match.end() if match else 0)
            if self.data or not self.more():
                return self.data[:1]

    def element(self, number: int) -> tuple[str, bytes]:
        """The object that begins here, and what to call it."""
        name = f"number {number} (from byte {self.place})"
        if self.next() != b"{":
            if not self.data:
                raise InputError(f"ends after {number - 1} documents", file=self.path, remedy=_CUT)
            raise InputError(f"expected `object`: {_FORMAT}", file=self.path, document=name)
        name = f"number {number} (from byte {self.place})"
        depth = scanned = 0
        while True:
            for match in _BRACKET.finditer(self.data, scanned):
                if match[0][:1] == b'"':
                    if not match[1]:  # the rest of the string is not read yet
                        scanned = match.start()
                        break
                elif match[0] in b"[{":
                    depth += 1
                else:
                    depth -= 1
                    if not depth:
                        found = self.data[: match.end()]
                        self.drop(match.end())
                        return name, found
            else:
                scanned = len(self.data)
            if len(self.data) > LARGEST:
                remedy = "split the document; or close a string or a bracket that is left open"
                raise InputError(f"has more than {LARGEST:,} bytes", file=self.path, document=name, remedy=remedy)
            if not self.more():
                raise InputError("ends inside this document", file=self.path, document=name, remedy=_CUT)

    def broken(self, found: bytes, number: int, expected: str) -> InputError:
        """What to say of a byte that may not stand after document ``number``."""
        if not found:
            return InputError(f"ends after {number} documents", file=self.path, remedy=_CUT)
        problem = f"broken JSON at byte {self.place}: {expected} expected after {number} documents"
        return InputError(problem, file=self.path)
