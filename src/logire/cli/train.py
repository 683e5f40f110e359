"""The command that trains backbones."""

from __future__ import annotations

from typing import Annotated

import typer

from logire.cli.common import Device, Documents, Out, Seed, Settings, read_fold, read_settings
from logire.ground.files import alone


def train(
    backbone: Annotated[str, typer.Argument(help="cnn, lstm, bilstm, context_aware, gain or atlop.")],
    documents: Documents,
    out: Out,
    seed: Seed = 1,
    device: Device = "auto",
    settings: Settings = "{}",
    fold: Annotated[
        str, typer.Option(help="2/3: leave the second third of the training documents out, dump its logits alone.")
    ] = "",
) -> None:
    """Train a backbone and dump its logits; a killed run goes on where it was."""
    from logire.backbones.crossfit import train_fold
    from logire.backbones.run import train_backbone
    from logire.corpus.prepared import PreparedCorpus

    corpus, chosen = PreparedCorpus.open(documents), read_settings(settings)
    with alone(out):
        if fold:
            train_fold(corpus, backbone, chosen, out, fold=read_fold(fold, seed), device=device)
        else:
            train_backbone(corpus, backbone, chosen, out, seed=seed, device=device)
