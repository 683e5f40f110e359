"""A damaged file of any format is refused in one message, or read; no other error, and nothing half-written."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from adapter_builders import adapted, docred, given_documents, gliner_record, glirel_record
from hypothesis import given, settings
from hypothesis import strategies as st

from logire.ground.errors import InputError


def whole(name: str, folder: Path) -> bytes:
    """A file that is right."""
    if name == "glirel":
        return (json.dumps(glirel_record()) + "\n").encode()
    if name == "gliner":
        return (json.dumps(gliner_record()) + "\n").encode()
    if name == "triples":
        triple = {"head": "Ada", "relation": "knows", "tail": "Bo", "score": 0.5}
        return (json.dumps({"document": "A", "text": "Ada met Bo.", "triples": [triple]}) + "\n").encode()
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    if name == "atlop":
        np.savez(folder / "s.npz", A=rows)
        return (folder / "s.npz").read_bytes()
    np.save(folder / "s.npy", rows)
    return (folder / "s.npy").read_bytes()


EDITS = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 12), st.binary(max_size=6)), min_size=1, max_size=3)


@pytest.mark.parametrize("name", ["glirel", "gliner", "triples", "atlop", "npy"])
@settings(max_examples=40, deadline=None)
@given(edits=EDITS)
def test_any_damage_is_one_message(name: str, edits: list[tuple[int, int, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        data = whole(name, folder)
        for start, length, put in edits:
            start %= len(data) + 1
            data = data[:start] + put + data[start + length :]
        (folder / "in").write_bytes(data)
        form, more = name, {}
        if name in ("atlop", "npy"):
            form, more = "atlop", {"documents": given_documents(folder / "d", docred("A", ["x", "y"]))}
        refused: InputError | None = None
        try:
            adapted(form, folder / "in", folder / "out", **more)
        except InputError as error:
            refused = error
        assert (refused is None) == (folder / "out").exists()
        assert refused is None or refused.file is not None
