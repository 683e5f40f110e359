"""The logits of documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from logire.backbones.base import Backbone
from logire.corpus.document import Document, FloatArray
from logire.corpus.dump import NEVER


def infer_logits(model: Backbone[Any], documents: Sequence[Document]) -> dict[str, FloatArray]:
    """Title -> logits (N, N, R), the diagonal :data:`~logire.corpus.dump.NEVER`, in the documents' order."""
    return infer_encoded(model, [model.encode(document) for document in documents])


@torch.no_grad()
def infer_encoded(model: Backbone[Any], documents: Sequence[Any]) -> dict[str, FloatArray]:
    """Like :func:`infer_logits`, for documents that the model has already encoded."""
    model.eval()
    found: dict[str, FloatArray] = {}
    by_length = sorted(documents, key=lambda d: (d.length, d.title))
    size = model.settings.batch_size
    for start in range(0, len(by_length), size):
        batch = by_length[start : start + size]
        for document, scores in zip(batch, model(batch), strict=True):
            logits = model.logits(scores).float().cpu().numpy()
            diagonal = np.arange(document.entities)
            logits[diagonal, diagonal] = NEVER
            found[document.title] = logits
    return {document.title: found[document.title] for document in documents}
