"""Commands that bring and prepare corpora."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from logire.commands.common import Out, Seed, progress

# Commands import what they need when they run: `logire --help` answers at once.

prepare = typer.Typer(help="Raw annotations -> a folder of documents in DocRED's format.", no_args_is_help=True)
Raw = Annotated[Path, typer.Option(help="The raw data.", show_default=False)]


@prepare.command("dwie")
def prepare_dwie(
    raw: Raw,
    out: Out,
    split: Annotated[Path | None, typer.Option(help="Another split: JSON of split name -> ids.")] = None,
    sentences: Annotated[bool, typer.Option(help="Keep sentence boundaries (off: the authors' form).")] = False,
) -> None:
    """DWIE: annotation files with the articles' text in `content` (a folder, .jsonl or .jsonl.gz)."""
    from logire.corpus import prepare

    prepare.prepare_dwie(raw, out, split=split, split_sentences=sentences)
    _statistics(out)


@prepare.command("docred")
def prepare_docred(
    raw: Raw, out: Out, name: Annotated[str, typer.Option(help="What the tables call the corpus.")] = "docred"
) -> None:
    """DocRED, Re-DocRED, or your own corpus in their format: a folder with train, dev and test files."""
    from logire.corpus import prepare

    prepare.prepare_docred(raw, out, name=name)
    _statistics(out)


@prepare.command("embedded")
def prepare_embedded(
    out: Out,
    raw: Annotated[
        Path | None, typer.Option(help="Keep the generated annotations here; read them if they exist.")
    ] = None,
    seed: Seed = 13,
    documents: Annotated[tuple[int, int, int], typer.Option(help="Number of train, dev and test documents.")] = (
        240,
        60,
        60,
    ),
) -> None:
    """The embedded SYNTHETIC corpus: a small news world with known rules, in DWIE's annotation format."""
    from logire.corpus import prepare

    prepare.prepare_embedded(out, raw=raw, seed=seed, documents=documents)
    _statistics(out)


def fetch(
    out: Out,
    base_url: Annotated[
        str | None, typer.Option(help="Where the annotation files are; default: the pinned public source.")
    ] = None,
) -> None:
    """Bring DWIE's annotations and texts from their public source, every file checked by its hash."""
    from logire.corpus.fetch import BASE_URL, fetch_dwie

    with progress() as report:
        fetch_dwie(out, base_url=base_url or BASE_URL, progress=lambda done, total: report("fetching", done, total))


def _statistics(folder: Path) -> None:
    from logire.files import read_json

    statistics = read_json(folder / "statistics.json")
    for split, row in statistics["splits"].items():
        print(f"{split}: {row['documents']} documents, {row['entities']} entities, {row['facts'] or 'no'} facts")
