"""Documents as tensors of subwords."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from logire.backbones.features import encode_facts, first_mentions
from logire.corpus.document import Document, Schema

MARKER = "*"


@dataclass(frozen=True)
class PieceDocument:
    """A document of L subwords, N entities and M mentions, which are listed entity by entity.

    Attributes:
        pieces: (L,) subword ids, without the encoder's special tokens.
        spans: (M, 2) first subword of each mention (its marker, if there are markers), and one past its last.
        owner: (M,) the entity of each mention.
        places: (M, 2) sentence of each mention, and position of its first word in the document.
        kinds: (N,) entity types.
        order: (N,) number of each entity by first appearance.
        facts: (F, 3) head, tail, relation.
    """

    title: str
    pieces: Tensor
    spans: Tensor
    owner: Tensor
    places: Tensor
    kinds: Tensor
    order: Tensor
    facts: Tensor

    @property
    def length(self) -> int:
        return len(self.pieces)

    @property
    def entities(self) -> int:
        return len(self.kinds)


def encode(document: Document, tokenizer: Any, schema: Schema, *, markers: bool) -> PieceDocument:
    """Turn a document into subwords; nothing is cut off.

    Args:
        tokenizer: the transformer's.
        markers: put :data:`MARKER` before and after every mention (ATLOP).
    """
    mentions = [(e, m, *document.span(m)) for e, entity in enumerate(document.entities) for m in entity.mentions]
    opens, closes = {start for *_, start, _ in mentions}, {end for *_, end in mentions}
    inside = set(chain.from_iterable(range(start, end) for *_, start, end in mentions))
    # The leading blank tells tokenizers that distinguish a word's start from its middle that this is a start.
    words = _ids(tokenizer, [f" {token}" for token in document.tokens])
    marker = _ids(tokenizer, [f" {MARKER}"])[0] if markers else []
    pieces: list[int] = []
    begin, end_of = {}, {}  # word -> where its subwords (and opening marker) begin, where those before it end
    for word in range(len(words) + 1):
        if word in closes:
            pieces += marker
        end_of[word] = begin[word] = len(pieces)
        if word in opens:
            pieces += marker
        if word < len(words):
            # A blank word has no subword; inside a mention it gets one, so that no mention is empty.
            pieces += words[word] or ([tokenizer.unk_token_id] if word in inside else [])
    first = torch.from_numpy(first_mentions(document))
    return PieceDocument(
        document.title,
        torch.tensor(pieces, dtype=torch.long),
        torch.tensor([[begin[start], end_of[end]] for *_, start, end in mentions], dtype=torch.long).reshape(-1, 2),
        torch.tensor([e for e, *_ in mentions], dtype=torch.long),
        torch.tensor([[m.sentence, start] for _, m, start, _ in mentions], dtype=torch.long).reshape(-1, 2),
        torch.from_numpy(schema.entity_types(document)),
        first.argsort(stable=True).argsort(),
        encode_facts(document, schema),
    )


def _ids(tokenizer: Any, words: list[str]) -> list[list[int]]:
    if not words:
        return []
    return [list(ids) for ids in tokenizer(words, add_special_tokens=False, verbose=False)["input_ids"]]
