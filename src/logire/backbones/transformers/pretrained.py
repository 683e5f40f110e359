"""Loads pretrained transformers from a package, a folder or the Hugging Face hub; safetensors only."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from logire.backbones.transformers.location import locate
from logire.ground.errors import InputError

FUSED = "logire_fused"
LIKE_BERT = "use an encoder that is built like BERT"
# ATLOP needs the attention itself. With dropout on a CPU, fused attention is not faster anyway (see fuse_attention).
_ATTENTION = "eager"
_ATTENTION_DROPOUT = ("attention_probs_dropout_prob", "attention_dropout")


def pretrained_encoder(source: str, revision: str | None, attention_dropout: float | None = None) -> tuple[Any, Any]:
    """The encoder and its tokenizer.

    Args:
        source: ``minilm``, a folder, or a Hugging Face id.
        revision: a commit; an id needs one, so that the run can be repeated.
        attention_dropout: share of the attention dropped in training; None takes the encoder's configuration.

    Raises:
        InputError: there is no such encoder, it has no safetensors or no tokenizer, an id has no revision, or the
            encoder's configuration has no dropout of the attention.
    """
    where, options = locate(source, revision)
    transformers = _transformers()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(where, **options)
        config = transformers.AutoConfig.from_pretrained(where, **options)
        _set_attention_dropout(config, attention_dropout)
        encoder = transformers.AutoModel.from_pretrained(
            where, config=config, use_safetensors=True, attn_implementation=_ATTENTION, **options
        )
    except (OSError, ValueError) as error:
        raise InputError(
            f"{source!r} cannot be loaded ({error})",
            field="encoder",
            remedy="give minilm, a folder with config.json, tokenizer and model.safetensors, or a Hugging Face id",
        ) from error
    return _checked(encoder, tokenizer, source)


def empty_encoder(folder: Path) -> tuple[Any, Any]:
    """An untrained encoder with the configuration in ``folder``, and its tokenizer.

    Raises:
        InputError: the folder or a file in it is missing.
    """
    transformers = _transformers()
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", file=folder, remedy="train the backbone again") from error
    return _checked(transformers.AutoModel.from_config(config, attn_implementation=_ATTENTION), tokenizer, str(folder))


def fuse_attention(encoder: Any) -> None:
    """Use fused attention if the encoder supports it: faster without dropout, but it does not return the attention."""
    if getattr(encoder, "_supports_sdpa", False):
        interfaces = import_module("transformers")
        fused = interfaces.AttentionInterface()["sdpa"]
        interfaces.AttentionInterface.register(FUSED, partial(_single_on_cpu, fused))
        interfaces.AttentionMaskInterface.register(FUSED, interfaces.AttentionMaskInterface()["sdpa"])
        encoder.set_attn_implementation(FUSED)


def _single_on_cpu(fused: Any, module: Any, query: Tensor, key: Tensor, value: Tensor, *given: Any, **more: Any) -> Any:
    """On CPUs torch's kernel is faster in single precision than in bfloat16, backwards up to three times."""
    if query.device.type != "cpu" or query.dtype == torch.float32:
        return fused(module, query, key, value, *given, **more)
    with torch.autocast("cpu", enabled=False):
        output, _ = fused(module, query.float(), key.float(), value.float(), *given, **more)
    return output.to(query.dtype), None


def layers_path(encoder: Any) -> str:
    """The name of the submodule that holds the encoder's layers, the lowest first.

    Raises:
        InputError: the encoder is not built like BERT, RoBERTa, DeBERTa, ELECTRA, DistilBERT or ModernBERT.
    """
    for path in ("encoder.layer", "transformer.layer", "layers"):
        try:
            found = encoder.get_submodule(path)
        except AttributeError:
            continue
        if isinstance(found, nn.ModuleList):
            return path
    raise InputError(f"the layers of {type(encoder).__name__} were not found", field="encoder", remedy=LIKE_BERT)


def _set_attention_dropout(config: Any, share: float | None) -> None:
    if share is None:
        return
    known = [name for name in _ATTENTION_DROPOUT if hasattr(config, name)]
    if not known:
        raise InputError(
            f"{type(config).__name__} has none of {', '.join(_ATTENTION_DROPOUT)}",
            field="attention_dropout",
            remedy="leave it null",
        )
    setattr(config, known[0], share)


def _checked(encoder: Any, tokenizer: Any, source: str) -> tuple[Any, Any]:
    for token in ("cls_token", "sep_token", "pad_token", "unk_token"):
        if getattr(tokenizer, token) is None:
            raise InputError(f"the tokenizer of {source!r} has no {token}", field="encoder", remedy=LIKE_BERT)
    return encoder, tokenizer


def _transformers() -> Any:
    # Imported here because it takes seconds and most commands do not need it.
    transformers = import_module("transformers")
    transformers.utils.logging.disable_progress_bar()
    return transformers
