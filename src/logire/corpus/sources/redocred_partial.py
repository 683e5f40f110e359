"""The documents of ``docred-partial`` with the labels of Re-DocRED in dev and test."""

from __future__ import annotations

from pathlib import Path

from logire.corpus.sources import docred_partial
from logire.corpus.sources.registry import NoOptions, Source


def prepare(raw: Path, out: Path, options: NoOptions) -> None:
    """Prepare ``redocred-partial``.

    Args, errors: as for :func:`logire.corpus.sources.docred_partial.prepare_partial`.
    """
    docred_partial.prepare_partial(raw, out, name="redocred-partial", revised=True)


SOURCE = Source(
    name="redocred-partial",
    help="The public parts of DocRED, with Re-DocRED's labels in dev and test.",
    titles={"redocred-partial": "Re-DocRED (part)"},
    form="docred",
    prepare=prepare,
    order=5,
    raw=docred_partial.SOURCE.raw,
    fetched=docred_partial.SOURCE.fetched,
    fetch=docred_partial.SOURCE.fetch,
    check=docred_partial.check,
)
