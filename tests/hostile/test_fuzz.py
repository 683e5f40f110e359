"""Every reader on thousands of damaged files: nothing comes out but the package's own error.

A sound file is damaged by edits that hypothesis draws: of its bytes or, of JSON, of one value deep inside it. Each
reader gets 10 files in the ordinary suite, 2,000 in the long one, and as many more as ``FUZZ_MINUTES`` allow.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from logire.backbones.words.glove import read_glove
from logire.backbones.words.vocabulary import Vocabulary
from logire.cli.common import read_settings
from logire.corpus.annotations import read_dwie
from logire.corpus.docred import read_docred
from logire.corpus.dump import read_dump
from logire.corpus.gold import read_gold_rules
from logire.corpus.predictions import read_predictions
from logire.corpus.prepared import PreparedCorpus, read_indices
from logire.corpus.sources.dwie import dwie_schema
from logire.ground.errors import InputError
from logire.ground.records import RunRecord
from logire.reporting.explanations import read_explanations
from logire.reporting.kept import keep
from logire.reporting.kept import read as read_kept
from logire.reporting.report import make_report
from logire.reporting.runs import read_runs
from logire.reporting.trace import trace
from logire.rules.run import load_model
from workflow.lib.reading import read_params

MINUTES = float(os.environ.get("FUZZ_MINUTES", "0"))

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 0.5, 1e308, -1e-320, 2**31, 2**63, 2**64, -(2**63) - 1, 10**40),
    *("", "x", "\x00", "\u2028", "\ud800", "[/bold]", "<script>", "../..", "é" * 999, "NaN", "1e9"),
    *([], [[]], [None], {}, {"": {}}, [0] * 99, {"x": [1, {"y": None}]}),
)
ODD_BYTES = (
    *(b"", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\r", b"\n\n", b'"', b"\\", b"{", b"[" * 2_000, b"}", b"]", b","),
    *(b"9" * 5_000, b"-", b"1e999", b"NaN", b"null", b"true", b"\\ud800", b"&a *a", b"<<: *a", b"!!python/object:x "),
)
Edit = tuple[str, float, int]
EDITS = st.lists(
    st.tuples(
        st.sampled_from(("value", "key", "drop", "flip", "insert", "cut", "end", "repeat")),
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 255),
    ),
    min_size=1,
    max_size=4,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    found = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inside in items:
        found.append((value, key))
        found += places(inside)
    return found


def edited(data: bytes, edit: Edit) -> bytes:
    """The data with one edit; an edit of a value leaves what is not JSON as it is."""
    kind, place, number = edit
    at = int(place * len(data))
    if kind in ("value", "key", "drop"):
        try:
            value = json.loads(data)
            found = places(value)
            container, key = found[int(place * len(found))]
        except (ValueError, IndexError, RecursionError):
            return data
        if kind == "value":
            container[key] = ODD_VALUES[number % len(ODD_VALUES)]
        elif kind == "drop" or not isinstance(container, dict):
            del container[key]
        else:
            container[str(ODD_VALUES[number % len(ODD_VALUES)])] = container.pop(key)
        return json.dumps(value).encode("utf-8", "surrogatepass")
    if kind == "flip":
        return data[:at] + bytes([data[at] ^ (1 << number % 8)]) + data[at + 1 :] if data else data
    if kind == "insert":
        return data[:at] + ODD_BYTES[number % len(ODD_BYTES)] + data[at:]
    if kind == "cut":
        return data[:at] + data[at + number + 1 :]
    if kind == "end":
        return data[:at]
    return data[:at] + data[at : at + number + 1] * 3 + data[at + number + 1 :]


@pytest.fixture(scope="module")
def world(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sound world with some more files, which this module damages one at a time and restores."""
    folder = tmp_path_factory.mktemp("fuzz") / "runs"
    shutil.copytree(sound, folder)
    corpus = PreparedCorpus.open(folder / "corpus")
    items = [{"N": len(d.entities), "logits": torch.zeros(corpus.schema.labels(d).shape)} for d in corpus.test]
    sparse = [{"N": item["N"], "logits": torch.ones_like(item["logits"]).to_sparse()} for item in items]
    torch.save({"test": items}, folder / "dense.pt")
    torch.save({"test": sparse}, folder / "sparse.pt")
    torch.save({"test": items}, folder / "old.pt", _use_new_zipfile_serialization=False)
    Vocabulary(("the", "of"), lowercase=True).write(folder / "vocabulary.json")
    lines = [" ".join([word, *map(str, np.arange(4) / 8)]) for word in ("the", "of", "and")]
    (folder / "glove.txt").write_text("\n".join(lines), encoding="utf-8")
    (folder / "settings.yaml").write_text("epochs: 3\nlist: &a [1, 2]\nmore: {x: *a, y: 0.5}\n", encoding="utf-8")
    make_report([], folder / "report", documents=[folder / "corpus"], only=["table1"])
    keep([folder / "run"], folder / "kept", with_rules=[folder / "run"])
    return folder


def _documents(world: Path, file: Path) -> None:
    schema = PreparedCorpus.open(world / "corpus").schema
    read_docred(file, relations=schema.relation_index, types=schema.type_index)


def _annotations(world: Path, file: Path) -> None:
    read_dwie(file, json.loads((world / "split.json").read_bytes()), dwie_schema())


def _dump(world: Path, file: Path) -> None:
    read_dump(file, PreparedCorpus.open(world / "corpus"), "test")


def _predictions(world: Path, file: Path) -> None:
    corpus = PreparedCorpus.open(world / "corpus")
    read_predictions(file, corpus.test, corpus.schema)


def _explanations(world: Path, file: Path) -> None:
    corpus = PreparedCorpus.open(world / "corpus")
    read_explanations(file, corpus.test, corpus.schema)


def _model(world: Path, file: Path) -> None:
    record = RunRecord.read(world / "run")
    record.model_copy(update={"files": {}}).write(world / "run")  # else its digest is all that is looked at
    load_model(world / "run").rules()


def _metrics(world: Path, file: Path) -> None:
    trace(file)
    list(read_runs(world / "run"))


Reader = Callable[[Path, Path], object]
READERS: dict[str, Reader] = {
    "corpus/test.json": _documents,
    "corpus/rel2id.json": lambda world, file: PreparedCorpus.open(world / "corpus").schema,
    "corpus/ner2id.json": lambda world, file: read_indices(file),
    "corpus/corpus.json": lambda world, file: trace(world / "corpus"),
    "corpus/statistics.json": lambda world, file: make_report(
        [], world / "again", only=["table1"], documents=[world / "corpus"]
    ),
    "raw.jsonl": _annotations,
    "logits.safetensors": _dump,
    "dense.pt": _dump,
    "sparse.pt": _dump,
    "old.pt": _dump,
    "gold.json": _predictions,
    "rules.txt": lambda world, file: read_gold_rules(file),
    "run/run.json": lambda world, file: trace(world / "run"),
    "run/model.safetensors": _model,
    "run/rules.csv": _model,
    "run/history.csv": _model,
    "run/explanations-test.jsonl": _explanations,
    "run/metrics-test.json": _metrics,
    "report/tables/table1.sources.json": lambda world, file: trace(file),
    **{
        f"kept/{name}.csv": lambda world, file: read_kept(file.parent)
        for name in ("runs", "values", "evaluations", "documents", "relations", "distances", "logic", "rules")
    },
    "vocabulary.json": lambda world, file: Vocabulary.read(file),
    "glove.txt": lambda world, file: read_glove(file, Vocabulary(("the", "of", "x"), lowercase=True), 4),
    "settings.yaml": lambda world, file: (read_params(file), read_settings(str(file))),
}


@pytest.mark.parametrize("name", READERS)
def test_nothing_but_our_own_error_comes_out(world: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world)
    assert fuzz(world, name, inputs=10) >= 10


@pytest.mark.long
@pytest.mark.parametrize("name", READERS)
def test_nothing_else_comes_out_of_thousands(world: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world)
    assert fuzz(world, name, inputs=2_000, minutes=MINUTES / len(READERS)) >= 2_000


def fuzz(world: Path, name: str, *, inputs: int, minutes: float = 0.0) -> int:
    """Give a reader damaged files, ``inputs`` of them at a time until the minutes are over; how many there were."""
    file, read = world / name, READERS[name]
    sound, record = file.read_bytes(), (world / "run/run.json").read_bytes()
    tried = 0

    def run(number: int) -> None:
        @seed(number)
        @settings(
            max_examples=inputs,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(EDITS)
        def damaged(edits: list[Edit]) -> None:
            nonlocal tried
            tried += 1
            data = sound
            for edit in edits:
                data = edited(data, edit)
            file.write_bytes(data)
            with suppress(InputError):
                read(world, file)
            (world / "run/run.json").write_bytes(record)

        damaged()

    until, number = time.monotonic() + 60 * minutes, 0
    try:
        while number == 0 or time.monotonic() < until:
            run(number)
            number += 1
    finally:
        file.write_bytes(sound)
        (world / "run/run.json").write_bytes(record)
    read(world, file)  # the sound file is taken
    return tried
