"""The commands that train backbones: one for each backbone in the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from logire.cli.common import Device, Documents, Out, Overwrite, Seed, Settings, console, read_settings
from logire.ground.errors import InputError
from logire.ground.files import alone

if TYPE_CHECKING:
    from logire.backbones.registry import BackboneSpec
    from logire.corpus.folds import Fold

FoldOption = Annotated[
    str,
    typer.Option(
        "--fold", help="2/3: leave out the second third of the training documents, and dump the logits on it alone."
    ),
]


class _Backbones(TyperGroup):
    """The commands of the group, made from the registry only when one is asked for: it takes a while to import."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        from logire.backbones.registry import backbones

        return [spec.name for spec in backbones()]

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]
        from logire.backbones.registry import find

        return _command(find(cmd_name))


class _WithSettings(TyperCommand):
    """A command whose help ends with the backbone's settings."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from logire.backbones.registry import find

        super().format_help(ctx, formatter)
        _print_settings(find(str(self.name)))


train = typer.Typer(
    cls=_Backbones,
    help="Train a backbone and dump its logits; a killed run resumes where it stopped.",
    no_args_is_help=True,
    subcommand_metavar="BACKBONE",
)


@train.callback()
def _group() -> None:
    # Without a callback typer would not make a group of an application that has no command yet.
    pass


def _command(spec: BackboneSpec) -> Any:
    """The command that trains one backbone."""
    from logire.backbones.registry import READS

    def run(
        documents: Documents,
        out: Out,
        seed: Seed = 1,
        device: Device = "auto",
        settings: Settings = "{}",
        fold: FoldOption = "",
        overwrite: Overwrite = False,
    ) -> None:
        from logire.backbones.training.crossfit import train_fold
        from logire.backbones.training.run import train_backbone
        from logire.corpus.prepared import PreparedCorpus

        corpus, chosen = PreparedCorpus.open(documents), read_settings(settings)
        with alone(out):
            if fold:
                of = read_fold(fold, seed)
                train_fold(corpus, spec.name, chosen, out, fold=of, device=device, overwrite=overwrite)
            else:
                train_backbone(corpus, spec.name, chosen, out, seed=seed, device=device, overwrite=overwrite)

    single = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
    single.command(spec.name, cls=_WithSettings, help=f"{spec.title}, which {READS[spec.family]}.")(run)
    return typer.main.get_command(single)


def read_fold(text: str, seed: int, option: str = "--fold") -> Fold:
    """``2/3`` as the second of three folds."""
    from logire.corpus.folds import Fold

    number, _, of = text.partition("/")
    if not (text.isascii() and number.isdigit() and of.isdigit()):
        raise InputError(f"{text!r} is not a fold", field=option, remedy="give 1/3, 2/3, 3/3, or of another number")
    return Fold(int(number), int(of), seed)


def _print_settings(spec: BackboneSpec) -> None:
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    from logire.ground.settings import Setting, describe

    table = Table(*Setting._fields, box=None, header_style="dim", pad_edge=False)
    table.columns[0].style = "bold cyan"
    table.columns[0].no_wrap = True
    for setting in describe(spec.Settings):
        table.add_row(*map(Text, setting))
    note = f"for --settings, and for backbones.{spec.name} in a params file"
    console().print(Panel(table, title="Settings", title_align="left", subtitle=note, border_style="dim"))
