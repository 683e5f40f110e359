"""The logits dump that the authors publish: a ``torch`` file with a dict of train / dev / test lists.

Each item is a dict with ``N``, ``logits`` (N, N, R), ``labels`` (N, N, R) and ``in_train`` (N, N, R); documents have
no title, their order is that of the split's file. The file is read without executing anything in it.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path

import torch

from logire.corpus.document import Document, FloatArray
from logire.ground.errors import InputError


def is_torch_file(path: str | Path) -> bool:
    """Whether ``path`` is what ``torch.save`` writes (a zip archive), rather than safetensors."""
    return zipfile.is_zipfile(path)


def authors_arrays(
    path: str | Path, split: str, documents: tuple[Document, ...]
) -> Iterator[tuple[tuple[str, str], FloatArray]]:
    """Yield ((title, key), array) of one split, keys ``logits``, ``labels``, ``in_train``.

    Raises:
        InputError: the file is damaged, holds more than tensors, lacks the split, or has another number of
            documents than the split.
    """
    try:
        data = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError) as error:
        raise InputError(
            f"is damaged, or holds more than tensors ({str(error).splitlines()[0]})",
            file=path,
            remedy="write the dump again with plain dicts, lists, numbers and tensors",
        ) from error
    items = data.get(split) if isinstance(data, dict) else None
    if not isinstance(items, list):
        raise InputError("a dict with a list for each of train, dev, test was expected", file=path, field=split)
    if len(items) != len(documents):
        raise InputError(
            f"{len(items)} items, but the {split} split has {len(documents)} documents", file=path, field=split
        )
    for position, (item, document) in enumerate(zip(items, documents, strict=True)):
        for key in ("logits", "labels", "in_train"):
            tensor = item.get(key) if isinstance(item, dict) else None
            if tensor is None and key != "logits":
                continue
            if not isinstance(tensor, torch.Tensor):
                raise InputError(
                    "a tensor was expected", file=path, document=document.title, field=f"{split}[{position}].{key}"
                )
            dense = tensor.to_dense() if tensor.is_sparse else tensor
            yield (document.title, key), (dense.float() if key == "logits" else dense.bool()).numpy()
