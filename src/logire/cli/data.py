"""Commands that bring and prepare corpora."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from logire.cli.common import Out, Seed, progress

# Commands import what they need when they run: `logire --help` answers at once.

prepare = typer.Typer(help="Raw annotations -> a folder of documents in DocRED's format.", no_args_is_help=True)
Sentences = Annotated[bool, typer.Option(help="Keep sentence boundaries (off: the authors' form).")]
Sizes = Annotated[tuple[int, int, int], typer.Option(help="Number of train, dev and test documents.")]
Raw = Annotated[Path, typer.Option(help="The raw data.", show_default=False)]


@prepare.command("dwie")
def prepare_dwie(
    raw: Raw,
    out: Out,
    split: Annotated[Path | None, typer.Option(help="Another split: JSON of split name -> ids.")] = None,
    sentences: Sentences = False,
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


@prepare.command("docred-partial")
def prepare_docred_partial(
    raw: Raw,
    out: Out,
    labels: Annotated[
        Literal["original", "revised"], typer.Option(help="DocRED's own labels in dev and test, or Re-DocRED's.")
    ] = "original",
) -> None:
    """The public parts of DocRED (424 / 492 / 493 documents), with original or revised labels."""
    from logire.corpus.docred_partial import prepare_docred_partial

    prepare_docred_partial(raw, out, labels=labels)
    _statistics(out)


@prepare.command("embedded")
def prepare_embedded(
    out: Out,
    raw: Annotated[
        Path | None, typer.Option(help="Keep the generated annotations here; read them if they exist.")
    ] = None,
    seed: Seed = 13,
    documents: Sizes = (360, 80, 80),
    sentences: Sentences = False,
) -> None:
    """The embedded SYNTHETIC corpus: a small news world with known rules, in DWIE's annotation format."""
    from logire.corpus import prepare

    prepare.prepare_embedded(out, raw=raw, seed=seed, documents=documents, split_sentences=sentences)
    _statistics(out)


@prepare.command("embedded-docred")
def prepare_embedded_docred(
    out: Out,
    deleted: Annotated[float, typer.Option(help="Share of the facts taken out of the labels.")] = 0.2,
    seed: Seed = 13,
    documents: Sizes = (240, 60, 60),
) -> None:
    """The embedded SYNTHETIC corpus in DocRED's form, with a known share of its facts deleted."""
    from logire.corpus.deletion import prepare_embedded_docred

    prepare_embedded_docred(out, share=deleted, seed=seed, documents=documents)
    _statistics(out)


def fetch(
    corpus: Annotated[Literal["dwie", "docred-partial", "redocred"], typer.Argument(help="What to bring.")],
    out: Out,
    base_url: Annotated[
        str | None, typer.Option(help="Where the files are; default: the pinned public source.")
    ] = None,
) -> None:
    """Bring a corpus from its public source, every file checked by its digest."""
    from logire.corpus import fetch

    with progress() as report:

        def show(done: int, total: int) -> None:
            report("fetching", done, total)

        if corpus == "dwie":
            fetch.fetch_dwie(out, base_url=base_url or fetch.BASE_URL, progress=show)
        elif corpus == "redocred":
            fetch.fetch_redocred(out, base_url=base_url or fetch.GITHUB, progress=show)
        else:
            fetch.fetch_docred_partial(out, base_url=base_url or fetch.GITHUB, progress=show)


def _statistics(folder: Path) -> None:
    from logire.ground.files import read_json

    statistics = read_json(folder / "statistics.json")
    for split, row in statistics["splits"].items():
        print(f"{split}: {row['documents']} documents, {row['entities']} entities, {row['facts'] or 'no'} facts")
