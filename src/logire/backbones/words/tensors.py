"""Documents as tensors of words, and batches of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from logire.backbones.features import COREFERENCE_IDS, encode_facts, first_mentions
from logire.backbones.words.vocabulary import Vocabulary
from logire.corpus.document import Document, IntArray, Schema

FAR = 12
"""Distances of 2 ** (FAR - 1) tokens or more share a bucket."""
BUCKETS = 2 * FAR + 1


@dataclass(frozen=True)
class WordDocument:
    """A document of L words and N entities.

    Attributes:
        words: (L,) vocabulary indices.
        coreference: (L,) 1 + number of the entity mentioned there, by first appearance; 0 elsewhere.
        types: (L,) 1 + type of that entity; 0 elsewhere.
        mentioned: (K,) positions of the words that belong to a mention, ascending.
        pooling: (N, K) float; each row averages an entity's mentions, and each mention's words.
        buckets: (N, N) bucket of the signed distance of first mentions, see :func:`distance_buckets`.
        facts: (F, 3) head, tail, relation.
    """

    title: str
    words: Tensor
    coreference: Tensor
    types: Tensor
    mentioned: Tensor
    pooling: Tensor
    buckets: Tensor
    facts: Tensor

    @property
    def length(self) -> int:
        return len(self.words)

    @property
    def entities(self) -> int:
        return len(self.pooling)


@dataclass(frozen=True)
class WordBatch:
    """B documents padded to the longest (L) and the most entities (N) and mentioned words (K); padding is index 0.

    Attributes:
        words, coreference, types: (B, L).
        lengths: (B,) on the CPU, at least 1.
        mentioned: (B, K) positions of mentioned words; padding is position 0, which no entity pools.
        pooling: (B, N, K).
        sizes: entities of each document.
        buckets: (n, n) of each document.
    """

    words: Tensor
    coreference: Tensor
    types: Tensor
    lengths: Tensor
    mentioned: Tensor
    pooling: Tensor
    sizes: list[int]
    buckets: list[Tensor]


def encode(document: Document, vocabulary: Vocabulary, schema: Schema) -> WordDocument:
    """Turn a document into tensors; nothing is cut off."""
    length, n = len(document.tokens), len(document.entities)
    coreference, types = np.zeros(length, dtype=np.int64), np.zeros(length, dtype=np.int64)
    pooling = np.zeros((n, length), dtype=np.float32)
    first = first_mentions(document)
    order = np.empty(n, dtype=np.int64)
    order[np.argsort(first, kind="stable")] = np.arange(n)
    kinds = schema.entity_types(document)
    for e, entity in enumerate(document.entities):
        for mention in entity.mentions:
            start, end = document.span(mention)
            coreference[start:end] = 1 + order[e] % COREFERENCE_IDS
            types[start:end] = 1 + kinds[e]
            pooling[e, start:end] += 1.0 / ((end - start) * len(entity.mentions))
    mentioned = np.flatnonzero(types)
    return WordDocument(
        document.title,
        torch.tensor([vocabulary.index(token) for token in document.tokens], dtype=torch.long),
        torch.from_numpy(coreference),
        torch.from_numpy(types),
        torch.from_numpy(mentioned),
        torch.from_numpy(pooling[:, mentioned]),
        torch.from_numpy(distance_buckets(first)),
        encode_facts(document, schema),
    )


def collate(documents: Sequence[WordDocument], device: torch.device) -> WordBatch:
    """Pad documents into one batch on ``device``."""
    longest = max(1, *(d.length for d in documents))
    most = max(d.entities for d in documents)
    words, coreference, types = (torch.zeros(len(documents), longest, dtype=torch.long) for _ in range(3))
    widest = max(len(d.mentioned) for d in documents)
    mentioned = torch.zeros(len(documents), widest, dtype=torch.long)
    pooling = torch.zeros(len(documents), most, widest)
    for i, d in enumerate(documents):
        words[i, : d.length] = d.words
        coreference[i, : d.length] = d.coreference
        types[i, : d.length] = d.types
        mentioned[i, : len(d.mentioned)] = d.mentioned
        pooling[i, : d.entities, : len(d.mentioned)] = d.pooling
    return WordBatch(
        words.to(device),
        coreference.to(device),
        types.to(device),
        torch.tensor([max(1, d.length) for d in documents]),
        mentioned.to(device),
        pooling.to(device),
        [d.entities for d in documents],
        [d.buckets.to(device) for d in documents],
    )


def take(states: Tensor, positions: Tensor) -> Tensor:
    """The rows (B, K, S) of ``states`` (B, L, S) at ``positions`` (B, K).

    ``index_select`` copies whole rows; ``gather`` goes element by element and takes five times as long on a CPU.
    """
    batch, length, size = states.shape
    first = length * torch.arange(batch, device=states.device)
    rows = states.reshape(batch * length, size).index_select(0, (positions + first[:, None]).view(-1))
    return rows.view(*positions.shape, size)


def distance_buckets(first: IntArray) -> IntArray:
    """(N, N) bucket of the distance ``first[h] - first[t]``, from 0 to BUCKETS - 1.

    Buckets grow by powers of two and keep the sign; FAR is distance zero. The bucket of (t, h) is BUCKETS - 1 minus
    the bucket of (h, t).
    """
    distance = first[:, None] - first[None, :]
    size = np.minimum(np.frexp(np.abs(distance).astype(np.float64))[1], FAR)
    buckets: IntArray = FAR + np.sign(distance) * size.astype(np.int64)
    return buckets
