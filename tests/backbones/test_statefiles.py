"""Frozen states on disk: found again, recomputed if damaged, bounded, and told apart by all that they depend on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from logire.backbones.transformers.frozen import FrozenStates
from logire.backbones.transformers.pretrained import pretrained_encoder
from logire.backbones.transformers.statefiles import StateFiles

TEXT = torch.arange(5, 25)


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("states/*/*"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOGIRE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def read(encoder: Any, layers: int = 1, bf16: bool = False) -> torch.Tensor:
    return FrozenStates(encoder, layers, bf16=bf16).states(encoder, [TEXT])[0]


@pytest.mark.parametrize("bf16", [False, True])
def test_the_next_run_does_not_run_the_encoder(
    bf16: bool, encoder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = pretrained_encoder(str(encoder), None)
    first = read(model, bf16=bf16)
    (file,) = files(cache)
    os.utime(file, (1, 1))
    monkeypatch.setattr(FrozenStates, "_read", lambda *_: pytest.fail("the encoder ran"))
    torch.testing.assert_close(read(model, bf16=bf16), first, rtol=0, atol=0)
    assert file.stat().st_mtime > 1  # it counts as used


def test_other_weights_layers_precision_or_texts_are_other_files(encoder: Path, cache: Path) -> None:
    model, _ = pretrained_encoder(str(encoder), None)
    read(model)
    read(model, layers=0)
    read(model, bf16=True)
    FrozenStates(model, 1, bf16=False).states(model, [TEXT[:-1]])
    with torch.no_grad():
        model.get_submodule("encoder.layer.1.attention.self.query").weight += 1  # above the frozen layers
    read(model)
    assert len(files(cache)) == 4
    with torch.no_grad():
        model.get_submodule("encoder.layer.0.attention.self.query").weight += 1
    read(model)
    assert len(files(cache)) == 5
    model.set_attn_implementation("sdpa")
    read(model)
    assert len(files(cache)) == 6


@pytest.mark.parametrize("damage", ["cut", "empty", "flipped", "other"])
def test_damaged_files_are_computed_again(damage: str, encoder: Path, cache: Path) -> None:
    model, _ = pretrained_encoder(str(encoder), None)
    first = read(model)
    (file,) = files(cache)
    whole = bytearray(file.read_bytes())
    file.write_bytes(
        {
            "cut": bytes(whole[:-9]),
            "empty": b"",
            "flipped": bytes([*whole[:-40], whole[-40] ^ 1, *whole[-39:]]),
            "other": b"{}" * 40,
        }[damage]
    )
    torch.testing.assert_close(read(model), first, rtol=0, atol=0)
    assert file.read_bytes() == bytes(whole)


def test_the_folder_is_bounded_and_the_last_used_stay(tmp_path: Path) -> None:
    states = torch.zeros(100, 10)  # some 4 kB
    kept = StateFiles(b"", tmp_path, most=50_000)
    names = [bytes([i]) for i in range(30)]
    for age, name in enumerate(names):
        kept.save(name, states)
        os.utime(kept._path(name), (age, age))
        assert sum(f.stat().st_size for f in tmp_path.glob("*/*")) <= 50_000
    found = [kept.load(name) is not None for name in names]
    assert found == sorted(found)
    assert 8 <= sum(found) <= 12


def test_where_nothing_can_be_written_nothing_is_kept(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LOGIRE_CACHE_DIR", str(tmp_path / "file"))
    model, _ = pretrained_encoder(str(encoder), None)
    torch.testing.assert_close(read(model), read(model), rtol=0, atol=0)
