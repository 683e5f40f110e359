"""spaCy's rule-based English tokenizer, with the hyphen rule that the paper's documents were made with."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from logire.ground.imports import without

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc


Token = tuple[str, int, int]
"""A token, and the characters [begin, end) that it covers."""

MOST_CHARACTERS = 1_000_000
"""The longest text that spaCy tokenizes."""


class Tokenizer:
    """Tokenize whole texts; no statistical model, no download.

    The authors used spaCy 2.3, whose infix rule splits at a hyphen only between letters; spaCy 3 also splits
    between a digit and a letter. Taking the digits out gives the original tokens on 196 of the 197 development
    and test documents of DWIE. Newline tokens are kept.

    Args:
        split_sentences: mark sentence boundaries (spaCy's rule-based sentencizer, and every newline). Off is the
            authors' form: one sentence a document.
    """

    def __init__(self, *, split_sentences: bool = False) -> None:
        self._language = _language(split_sentences)
        self._split_sentences = split_sentences

    def __call__(self, text: str) -> tuple[list[Token], list[int]]:
        """Tokenize ``text``.

        Returns:
            The tokens, and the indices of those that start a sentence.
        """
        doc: Doc = self._language(text)
        tokens = [(token.text, token.idx, token.idx + len(token.text)) for token in doc]
        if not self._split_sentences:
            return tokens, [0]
        starts = {sentence.start for sentence in doc.sents} | {
            i + 1 for i, (token, _, _) in enumerate(tokens) if "\n" in token and i + 1 < len(tokens)
        }
        return tokens, sorted(starts | {0})


@cache
def _language(split_sentences: bool) -> Language:
    """The English pipeline of spaCy's rules; building it takes longer than reading several documents."""
    # spaCy takes a second to import, and imports torch wherever it is installed, to run models on it. Its tokenizer
    # has none: 1.5 s of CPU time less.
    with without("torch"):
        import spacy
        from spacy.lang.char_classes import ALPHA, HYPHENS
        from spacy.util import compile_infix_regex

    language = spacy.blank("en")
    infixes = [
        rf"(?<=[{ALPHA}])(?:{HYPHENS})(?=[{ALPHA}])" if HYPHENS in infix and "0-9" in infix else infix
        for infix in (str(pattern) for pattern in language.Defaults.infixes or [])
    ]
    language.tokenizer.infix_finditer = compile_infix_regex(infixes).finditer  # type: ignore[union-attr]
    if split_sentences:
        language.add_pipe("sentencizer")
    return language
