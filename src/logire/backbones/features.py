"""What both families of backbones read off a document: its labelled facts and where its entities first appear."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from logire.corpus.document import Document, IntArray, Schema

COREFERENCE_IDS = 256
"""Ids that tell entities apart, numbered by first appearance; entities beyond this number reuse them."""


def encode_facts(document: Document, schema: Schema) -> Tensor:
    """(F, 3) head, tail, relation of the distinct labelled facts."""
    facts = sorted({(f.head, f.tail, schema.relation_index[f.relation]) for f in document.facts})
    return torch.tensor(facts, dtype=torch.long).reshape(-1, 3)


def first_mentions(document: Document) -> IntArray:
    """(N,) the first token of each entity's first mention."""
    return np.array([min(document.span(m)[0] for m in e.mentions) for e in document.entities], dtype=np.int64)
