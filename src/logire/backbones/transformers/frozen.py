"""Runs the frozen part of a transformer once for each text instead of once in each epoch and run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from logire.backbones.transformers.pretrained import layers_path
from logire.backbones.transformers.statefiles import StateFiles, identity


class FrozenStates:
    """The states of texts above the frozen embeddings and layers, kept in memory (``dim`` numbers for each subword)
    and on disk, where the next run finds them.

    Args:
        encoder: a transformer of :mod:`logire.backbones.transformers.pretrained`.
        layers: how many of its lowest layers are frozen; the last layer always runs, as its attention may be needed.
        bf16: run in bfloat16, and keep the states in it.
    """

    def __init__(self, encoder: Any, layers: int, *, bf16: bool) -> None:
        self.path = layers_path(encoder)
        self.layers = min(layers, len(encoder.get_submodule(self.path)) - 1)
        self.bf16 = bf16
        self.kept: dict[bytes, Tensor] = {}
        self.files: StateFiles | None = None

    def states(self, encoder: Any, ids: Sequence[Tensor]) -> list[Tensor]:
        """For each text (S,), special tokens included, the states (S, d) below the first trained layer.

        Each text is read alone, so that its states do not depend on the batch that it first came in.
        """
        return [self._state(encoder, text) for text in ids]

    def _state(self, encoder: Any, text: Tensor) -> Tensor:
        key = text.cpu().numpy().tobytes()
        if key not in self.kept:
            if self.files is None:
                parts = [encoder.embeddings, *encoder.get_submodule(self.path)[: self.layers]]
                self.files = StateFiles(identity(encoder, parts, self.layers, self.bf16))
            state = self.files.load(key)
            if state is None:
                state = self._read(encoder, text).to(torch.bfloat16 if self.bf16 else torch.float32).cpu()
                self.files.save(key, state)
            self.kept[key] = state
        return self.kept[key].to(text.device).float()

    def _read(self, encoder: Any, text: Tensor) -> Tensor:
        """Run the encoder up to its first trained layer."""

        def taken(_: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
            raise _Enough(given[0] if given else named["hidden_states"])

        hook = encoder.get_submodule(self.path)[self.layers].register_forward_pre_hook(taken, with_kwargs=True)
        autocast = torch.autocast(text.device.type, torch.bfloat16, enabled=self.bf16)
        try:
            with torch.no_grad(), autocast, _evaluating(encoder):
                encoder(input_ids=text[None])
        except _Enough as found:
            return found.states[0]
        finally:
            hook.remove()
        raise AssertionError("the encoder does not use its layers")

    @contextmanager
    def above(self, encoder: Any, states: Tensor) -> Iterator[None]:
        """Within this context ``encoder`` starts from ``states`` (B, S, d) at its first trained layer."""
        whole = encoder.get_submodule(self.path)
        with _replaced(encoder, self.path, whole[self.layers :]), _replaced(encoder, "embeddings", _Given(states)):
            yield


class _Enough(Exception):  # noqa: N818 (nothing is wrong: what follows is not needed)
    """Carries the states out of an encoder that has run as far as is needed."""

    def __init__(self, states: Tensor) -> None:
        super().__init__()
        self.states = states


class _Given(nn.Module):
    """Takes the place of a model's embeddings and returns the given states."""

    def __init__(self, states: Tensor) -> None:
        super().__init__()
        self.states = states

    def forward(self, *_: Any, **__: Any) -> Tensor:
        return self.states


@contextmanager
def _replaced(encoder: nn.Module, path: str, part: nn.Module) -> Iterator[None]:
    usual = encoder.get_submodule(path)
    encoder.set_submodule(path, part)
    try:
        yield
    finally:
        encoder.set_submodule(path, usual)


@contextmanager
def _evaluating(encoder: nn.Module) -> Iterator[None]:
    training = {module: module.training for module in encoder.modules()}
    encoder.eval()
    try:
        yield
    finally:
        for module, mode in training.items():
            module.training = mode
