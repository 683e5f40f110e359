"""The command that prints where a result comes from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from logire.cli.common import Json, console
from logire.ground.errors import InputError
from logire.ground.numbers import fixed

if TYPE_CHECKING:
    from logire.reporting.trace import Chain


def provenance(
    path: Annotated[
        Path, typer.Argument(help="A table or figure, a metrics file, a run's folder, kept numbers, or a corpus.")
    ],
    backbone: Annotated[str | None, typer.Option(help="Only this backbone's runs.")] = None,
    method: Annotated[str | None, typer.Option(help="Only this method: backbone, logire or logire_plus.")] = None,
    variant: Annotated[str | None, typer.Option(help="Only this variant; empty: a method's own settings.")] = None,
    split: Annotated[str | None, typer.Option(help="Only this split.")] = None,
    seed: Annotated[str | None, typer.Option(help="Only this seed.")] = None,
    metric: Annotated[str, typer.Option(help="The value to read from each metrics file.")] = "f1",
    as_json: Json = False,
) -> None:
    """Show what stands behind a result, back to the raw data; fails where a file has changed since."""
    from logire.evaluation.metrics import find
    from logire.reporting.trace import trace

    find(metric)  # a metric that does not exist is refused
    chain = trace(path, metric=metric, backbone=backbone, method=method, variant=variant, split=split, seed=seed)
    if as_json:
        print(json.dumps(chain.as_dict(), indent=2, ensure_ascii=False))
    else:
        _show(chain, metric)
    if chain.changed:
        raise InputError(
            "it, or what it was made from, has changed since (see CHANGED above)",
            file=path,
            remedy="make it again: `snakemake` on this file",
        )


def _show(chain: Chain, metric: str) -> None:
    from rich.table import Table

    terminal = console()
    if chain.cell:
        cell = ", ".join(f"{name} {value}" for name, value in chain.cell.items() if value)
        terminal.print(f"{chain.made}: {cell}\n", soft_wrap=True)
    for headings, rows in _sections(chain, metric):
        table = Table(box=None, header_style="bold", pad_edge=False)
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*(_text(value) for value in row))
        terminal.print(table, "")


def _sections(chain: Chain, metric: str) -> Iterator[tuple[list[str], list[list[Any]]]]:
    """Headings and rows of each part of the chain: files, runs, corpora."""
    if chain.results:
        rows = [[row["file"], _short(row["sha256"]), row["state"]] for row in chain.results]
        yield ["result", "SHA-256", "state"], rows
    if chain.files:
        rows = [[row["file"], row.get("value"), _short(row.get("sha256")), _file_state(row)] for row in chain.files]
        yield ["made from", metric, "SHA-256", "state"], rows
    if chain.runs:
        headings = ["run", "seed", "params", "files", "logits", "commit", "device", "seconds", "peak MiB"]
        yield headings, [_run_row(row) for row in chain.runs]
    if chain.corpora:
        corpora = [
            [row["folder"], _short(row["data_digest"]), row["state"], _made_from(row.get("source") or {})]
            for row in chain.corpora
        ]
        yield ["corpus", "data", "state", "made from"], corpora


def _file_state(row: Mapping[str, Any]) -> str:
    return f"{row['state']}, predictions {row['predictions']}" if "predictions" in row else str(row["state"])


def _run_row(row: Mapping[str, Any]) -> list[Any]:
    git, hardware = row.get("git") or {}, row.get("hardware") or {}
    commit = _short(git.get("commit"))
    return [
        row["folder"],
        row.get("seed"),
        _short(row.get("params_digest")),
        ", ".join(_files(row.get("files_state", {}))),
        ", ".join([*filter(None, [row.get("logits_state")]), *_folds(row.get("folds_state", []))]),
        f"{commit} and changes" if git.get("dirty") else commit,
        hardware.get("gpu") or hardware.get("cpu"),
        row.get("wall_seconds"),
        row.get("peak_memory_mib"),
    ]


def _files(states: Mapping[str, str]) -> Iterator[str]:
    """``5 unchanged``: how many of a run's own files are, and the others by name."""
    unchanged = sum(state == "unchanged" for state in states.values())
    yield from [f"{unchanged} unchanged"] if unchanged else []
    yield from (f"{name} {state}" for name, state in states.items() if state != "unchanged")


def _folds(states: Sequence[str]) -> Iterator[str]:
    """``3 folds unchanged``: the states of the out-of-fold dumps, each with how many have it."""
    for state, count in Counter(states).items():
        yield f"{count} fold{'s' if count > 1 else ''} {state}"


def _made_from(source: Mapping[str, Any]) -> str:
    """What ``corpus.json`` says the documents were made from."""
    return ", ".join(
        f"{key.removesuffix('_digest')} {_short(value) if key.endswith('_digest') else _text(value)}"
        for key, value in source.items()
    )


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "/".join(map(str, value))
    return "" if value is None else fixed(value) if isinstance(value, float) else str(value)


def _short(digest: str | None) -> str:
    return (digest or "")[:10]
