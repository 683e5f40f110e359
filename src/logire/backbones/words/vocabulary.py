"""Words and their indices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from logire.corpus.document import Document
from logire.ground.files import write_json
from logire.ground.typed import read_typed

PADDING, UNKNOWN = 0, 1


class _Stored(Struct):
    words: list[str]
    lowercase: bool = False


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
        """Read what :meth:`write` wrote.

        Raises:
            InputError: the file is missing or is not a vocabulary.
        """
        remedy = "it belongs beside the model's weights; train the backbone again"
        stored = read_typed(path, _Stored, remedy=remedy)
        return cls(tuple(stored.words), stored.lowercase)


def count_words(documents: Iterable[Document], *, lowercase: bool, min_count: int = 1) -> Vocabulary:
    """The words that occur at least ``min_count`` times, the most frequent first."""
    counts = Counter(token.lower() if lowercase else token for document in documents for token in document.tokens)
    kept = [word for word, count in counts.items() if count >= min_count]
    return Vocabulary(tuple(sorted(kept, key=lambda word: (-counts[word], word))), lowercase)
