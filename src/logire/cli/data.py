"""Commands that bring and prepare corpora: one of each kind for every source in the registry."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import typer
from typer.core import TyperGroup

from logire.cli.common import Out, progress

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from logire.corpus.sources.registry import Source

# Commands import what they need when they run: `logire --help` answers at once.


class _Sources(TyperGroup):
    """The commands of a group, one for each source, made from the registry only when one is asked for."""

    fetches = False
    """Whether the commands fetch the source instead of preparing it."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        return list(self._sources())

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]
        source = self._sources().get(cmd_name)
        if source is None:
            return None
        single = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
        single.command(source.name)(_fetch_command(source) if self.fetches else _prepare_command(source))
        return typer.main.get_command(single)

    def _sources(self) -> dict[str, Source]:
        from logire.corpus.sources.registry import sources

        return {source.name: source for source in sources() if source.fetch is not None or not self.fetches}


class _FetchedSources(_Sources):
    fetches = True


def _prepare_command(source: Source) -> Callable[..., None]:
    """``logire prepare SOURCE``, with an option for each of the source's own."""

    def command(out: Path, raw: Path | None = None, **chosen: Any) -> None:
        from logire.ground.settings import settings_from

        options = settings_from(source.Options, chosen, where=source.name)
        source.prepare(raw, out, options)
        _print_statistics(out)

    parameters = {"out": _keyword("out", Out)}
    if source.raw:
        shown = typer.Option("--raw", help=source.raw, show_default=False)
        parameters["raw"] = (
            _keyword("raw", Annotated[Path, shown])
            if source.needs_raw
            else _keyword("raw", Annotated[Path | None, shown], default=None)
        )
    for name, field in source.Options.model_fields.items():
        parameters[name] = _option(name, field)
    _describe(command, source.help, parameters)
    return command


def _fetch_command(source: Source) -> Callable[..., None]:
    """``logire fetch SOURCE``."""

    def command(out: Path, base_url: str | None = None) -> None:
        from logire.ground.download import check_address

        if base_url is not None:
            check_address(base_url, field="--base-url")
        with progress() as report:
            source.fetch(out, base_url, lambda done, total: report("fetching", done, total))  # type: ignore[misc]

    address = typer.Option("--base-url", help="Where the files are; default: the pinned public source.")
    parameters = {
        "out": _keyword("out", Out),
        "base_url": _keyword("base_url", Annotated[str | None, address], default=None),
    }
    _describe(command, f"{' and '.join(source.titles.values())}, from its public source.", parameters)
    return command


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    """The option of the command line for a field of a source's options."""
    from logire.corpus.sources.registry import option_name

    words = option_name(name)
    if field.annotation is bool:
        words = f"{words}/{option_name(name, off=True)}"
    shown = typer.Option(words, help=field.description, show_default=field.default is not None)
    return _keyword(name, Annotated[_plain(field.annotation), shown], default=field.default)


def _plain(annotation: Any) -> Any:
    """A type without its bounds, which the options check themselves."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) is tuple:
        return tuple[tuple(_plain(part) for part in get_args(annotation))]  # type: ignore[misc]
    return annotation


def _keyword(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _describe(command: Callable[..., None], doc: str, parameters: dict[str, inspect.Parameter]) -> None:
    """Give a function the help and the parameters that typer reads from it."""
    command.__doc__ = doc
    command.__annotations__ = {name: parameter.annotation for name, parameter in parameters.items()}
    command.__signature__ = inspect.Signature(list(parameters.values()))  # type: ignore[attr-defined]


def _print_statistics(folder: Path) -> None:
    from logire.corpus.statistics import FILE, Statistics

    for split, row in Statistics.read(folder / FILE).splits.items():
        print(f"{split}: {row['documents']} documents, {row['entities']} entities, {row['facts'] or 'no'} facts")


prepare = typer.Typer(
    cls=_Sources, help="Raw annotations -> a folder of documents in DocRED's format.", no_args_is_help=True
)
fetch = typer.Typer(
    cls=_FetchedSources,
    help="Bring a corpus from its public source, every file checked by its digest.",
    no_args_is_help=True,
)


@prepare.callback()
@fetch.callback()
def _group() -> None:
    # Without a callback typer would not make a group of an application that has no command yet.
    pass
