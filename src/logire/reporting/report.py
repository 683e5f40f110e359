"""A report: every table and figure that can be made from some runs and their corpus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from logire.corpus.statistics import FILE
from logire.ground.errors import InputError
from logire.reporting.exhibits import Exhibit, exhibits, find
from logire.reporting.material import Material
from logire.reporting.names import Corpus
from logire.reporting.selection import UnavailableError


@dataclass(frozen=True)
class Report:
    """What became of a report.

    Attributes:
        made: the exhibits that were made.
        left_out: name -> why it was not made.
    """

    made: tuple[Exhibit, ...]
    left_out: dict[str, str]


def make_report(
    runs: Sequence[Path],
    out: Path,
    *,
    only: Sequence[str] = (),
    documents: Sequence[Path] = (),
    backbone: str | None = None,
    rules: Path | None = None,
) -> Report:
    """Make tables and figures as ``out/tables/NAME.*`` and ``out/figures/NAME.*``.

    Args:
        runs: run folders, folders with run folders anywhere below, or folders of kept numbers.
        only: names of :mod:`logire.reporting.exhibits`; by default every exhibit that fits the corpus and can be made
            from what is given.
        documents: prepared corpora, that of the runs first; by default the ``corpus`` folder inside one of ``runs``.
        backbone: the backbone to show where one is shown as the example.
        rules: implication rules for Table 4; the paper's by default.

    Raises:
        InputError: a name is unknown, what was given is broken or does not belong together, or an exhibit in ``only``
            cannot be made from it.
    """
    corpora = documents or [path / "corpus" for path in runs if (path / "corpus" / FILE).exists()][:1]
    material = Material(tuple(runs), tuple(corpora), backbone, rules)
    made, left_out = [], {}
    for exhibit in [find(name) for name in only] or exhibits():
        if not only and (reason := _unfit(exhibit, material.corpus)):
            left_out[exhibit.name] = reason
            continue
        try:
            found = exhibit.load()(material)
        except UnavailableError as error:
            if only:
                raise
            left_out[exhibit.name] = str(error).splitlines()[0]
            continue
        found.write(out / exhibit.kind / exhibit.name)
        made.append(exhibit)
    if not made:
        raise InputError("nothing can be made from this", remedy="name runs, or a corpus with --documents")
    return Report(tuple(made), left_out)


def _unfit(exhibit: Exhibit, corpus: Corpus) -> str:
    """Why an exhibit does not fit a corpus; empty where it does."""
    if corpus.form not in exhibit.forms:
        return f"{corpus.title} does not have the form of {' or '.join(exhibit.forms)}"
    if exhibit.papers and not corpus.papers:
        return f"the paper has no figures for {corpus.title}"
    return ""
