"""The examples do what they show: the notebook's outputs come out again, ATLOP's pairs land at their entities."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import types
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from logire.corpus.dump import read_dump
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.sources.embedded import prepare_embedded

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_notebook_prints_what_it_shows() -> None:
    notebook = json.loads((EXAMPLES / "embedded.ipynb").read_text(encoding="utf-8"))
    scope: dict[str, Any] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec("".join(cell["source"]), scope)
        assert printed.getvalue() == "".join(line for output in cell["outputs"] for line in output["text"])


def test_atlops_pairs_become_a_dump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in with the interface of ATLOP's model: its logits follow from the pair alone."""
    prepare_embedded(tmp_path / "documents", documents=(3, 2, 2))
    corpus = PreparedCorpus.open(tmp_path / "documents")
    classes = 1 + len(corpus.schema.relations)

    def logits_of(title: str, pairs: list[list[int]]) -> np.ndarray:
        start = sum(map(ord, title))
        return np.array([[np.sin(start + 7 * h + 3 * t + r) for r in range(classes)] for h, t in pairs], np.float32)

    class Model:
        loss_fnt = SimpleNamespace(get_label=None)

        def eval(self) -> None: ...

        def __call__(self, ids: torch.Tensor, mask: torch.Tensor, entity_pos: Any, hts: Any) -> tuple[torch.Tensor]:
            [title], [pairs] = entity_pos, hts
            return (self.loss_fnt.get_label(torch.tensor(logits_of(title[0], pairs)), num_labels=4),)

    def collate(batch: list[dict[str, Any]]) -> tuple[Any, ...]:
        columns = [[feature[key] for feature in batch] for key in ("entity_pos", "hts")]
        return (torch.zeros(1, 1), torch.ones(1, 1), None, *columns)

    utils = types.ModuleType("utils")
    utils.collate_fn = collate  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "utils", utils)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import atlop_logits  # type: ignore[import-not-found]

    features = {
        split: [
            {
                "title": d.title,
                # the title stands for the places of the mentions, so that the stand-in knows its document
                "entity_pos": [d.title] * len(d.entities),
                "hts": [[h, t] for h in range(len(d.entities)) for t in range(len(d.entities)) if h != t][::-1],
            }
            for d in corpus.documents(split)
        ]
        for split in ("train", "dev", "test")
    }
    atlop_logits.dump(SimpleNamespace(device="cpu"), Model(), features, tmp_path / "logits.safetensors")
    for item in read_dump(tmp_path / "logits.safetensors", corpus, "test"):
        n = len(item.types)
        for h, t in ((h, t) for h in range(n) for t in range(n) if h != t):
            [row] = logits_of(item.title, [[h, t]])
            np.testing.assert_array_equal(item.logits[h, t], row[1:] - row[0])
