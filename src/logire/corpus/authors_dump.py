"""The logits dump that the authors publish: a ``torch`` file with a dict of train / dev / test lists.

Each item is a dict with ``N``, ``logits`` (N, N, R), ``labels`` (N, N, R) and ``in_train`` (N, N, R); documents have
no title, their order is that of the split's file. The file is read without executing anything in it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from logire.corpus.document import Document, FloatArray, Schema
from logire.ground.errors import InputError

if TYPE_CHECKING:
    import torch  # imported where an authors' dump is read: other dumps do without

_LEGACY = b"\x80\x02\x8a\x0a"
"""How files begin that ``torch.save`` wrote before it wrote zip archives."""


def is_torch_file(path: str | Path) -> bool:
    """Whether ``path`` is what ``torch.save`` writes, in its form of today or its old one, rather than safetensors."""
    with Path(path).open("rb") as file:
        return file.read(len(_LEGACY)) == _LEGACY or zipfile.is_zipfile(file)


def authors_arrays(
    path: str | Path, split: str, documents: tuple[Document, ...], schema: Schema
) -> Iterator[tuple[tuple[str, str], FloatArray]]:
    """Yield ((title, key), array) of one split, keys ``logits``, ``labels``, ``in_train``.

    Raises:
        InputError: the file is damaged, holds more than tensors, lacks the split, or has another number of
            documents than the split; a sparse tensor has another shape than its document needs, or points outside.
    """
    import torch

    try:
        data = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged bytes make torch's reader raise anything, down to AssertionError
        raise InputError(
            f"is damaged, or holds more than tensors ({(str(error) or type(error).__name__).splitlines()[0]})",
            file=path,
            remedy="write the dump again with plain dicts, lists, numbers and tensors (no numpy arrays)",
        ) from error
    items = data.get(split) if isinstance(data, dict) else None
    if not isinstance(items, list):
        raise InputError("a dict with a list for each of train, dev, test was expected", file=path, field=split)
    if len(items) != len(documents):
        raise InputError(
            f"{len(items)} items, but the {split} split has {len(documents)} documents", file=path, field=split
        )
    for position, (item, document) in enumerate(zip(items, documents, strict=True)):
        n = len(document.entities)
        for key in ("logits", "labels", "in_train"):
            tensor = item.get(key) if isinstance(item, dict) else None
            if tensor is None and key != "logits":
                continue
            try:
                dense = _dense(tensor, (n, n, len(schema.relations)))
            except ValueError as error:
                raise InputError(
                    str(error), file=path, document=document.title, field=f"{split}[{position}].{key}"
                ) from error
            yield (document.title, key), (dense.float() if key == "logits" else dense.bool()).numpy()


def _dense(tensor: object, shape: tuple[int, ...]) -> torch.Tensor:
    """The tensor, filled in if it is sparse.

    Raises:
        ValueError: it is not a tensor; or it is sparse and has another shape, or indices outside of it.
    """
    import torch

    if not isinstance(tensor, torch.Tensor):
        raise ValueError("a tensor was expected")
    tensor = tensor.detach()
    if tensor.layout == torch.strided:
        return tensor
    if tensor.layout != torch.sparse_coo:
        raise ValueError("a dense tensor, or a sparse one in COO layout, was expected")
    if tuple(tensor.shape) != shape:
        raise ValueError(f"a sparse tensor of shape {tuple(tensor.shape)}, {shape} expected")
    # torch fills in whatever the indices say, outside its memory too, so they are checked first.
    try:
        sound = torch.sparse_coo_tensor(tensor._indices(), tensor._values(), tensor.shape, check_invariants=True)
    except RuntimeError as error:
        raise ValueError(f"a sparse tensor that does not hold together ({str(error).splitlines()[0]})") from error
    return sound.to_dense()
