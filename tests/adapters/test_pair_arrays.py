"""ATLOP's and DREEAM's (P, R + 1) scores land at their pairs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapter_builders import adapted, docred, given_documents
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from logire.adapters.formats.atlop import pair_logits
from logire.ground.errors import InputError


def scores(entities: int, start: float = 0.0) -> np.ndarray:
    """(P, 3) scores that differ everywhere; the threshold's class is column 0."""
    pairs = entities * (entities - 1)
    return start + np.arange(pairs * 3, dtype=np.float32).reshape(pairs, 3) ** 1.5


def by_loops(rows: np.ndarray, entities: int) -> np.ndarray:
    """What the pairs' order means, in plain loops."""
    result, row = np.full((entities, entities, rows.shape[1] - 1), np.nan), 0
    for head in range(entities):
        for tail in range(entities):
            if head != tail:
                result[head, tail] = rows[row, 1:] - rows[row, 0]
                row += 1
    return result


@given(st.integers(1, 6).flatmap(lambda n: st.tuples(st.just(n), arrays(np.int16, (n * (n - 1), 4)))))
def test_the_order_of_pairs(case: tuple[int, np.ndarray]) -> None:
    n, rows = case
    np.testing.assert_array_equal(pair_logits(rows.astype(np.float32), n), by_loops(rows.astype(float), n))


@given(arrays(np.float32, (3, 3, 2), elements=st.floats(-20, 20, width=16)))
def test_logits_go_there_and_back(logits: np.ndarray) -> None:
    """Scores of pairs from logits, a threshold class of zeros before them: the adapter gives the logits back."""
    apart = ~np.eye(3, dtype=bool)
    rows = np.concatenate([np.zeros((6, 1), np.float32), logits[apart]], axis=1)
    with tempfile.TemporaryDirectory() as name:
        documents = given_documents(Path(name) / "d", docred("A", ["x", "y", "z"]))
        np.savez(Path(name) / "s.npz", A=rows)
        _, [found] = adapted("atlop", Path(name) / "s.npz", Path(name) / "out", documents=documents)
        np.testing.assert_array_equal(found.logits[apart], logits[apart])


def test_an_npz_by_title_and_an_npy_by_order_are_the_same(tmp_path: Path) -> None:
    labels = [{"h": 0, "t": 1, "r": "s", "evidence": []}]
    documents = given_documents(tmp_path / "d", docred("A", ["x", "y"], labels), docred("B", ["x", "y", "z"]))
    np.savez(tmp_path / "s.npz", B=scores(3, 5), A=scores(2))
    np.save(tmp_path / "s.npy", np.concatenate([scores(2), scores(3, 5)]))
    for name in ("s.npz", "s.npy"):
        report, found = adapted("atlop", tmp_path / name, tmp_path / name[2:], documents=documents)
        assert [one.title for one in found] == ["A", "B"]
        assert found[0].labels[0, 1].tolist() == [False, True]
        for one, rows in zip(found, (scores(2), scores(3, 5)), strict=True):
            apart = ~np.eye(len(one.types), dtype=bool)
            np.testing.assert_allclose(one.logits[apart], by_loops(rows, len(one.types))[apart], rtol=1e-6)
        assert report["splits"]["test"]["scored"] == report["splits"]["test"]["candidates"] == (2 + 6) * 2


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (scores(3), r"document A, field scores: shape \(6, 3\), \(2, 3\) expected: 2 entities, 2 relations"),
        (scores(2)[:, :2], r"field scores: shape \(2, 2\).*\n.*the threshold class is missing"),
        (np.full((2, 3), np.nan), "field scores: the score of pair 0, class 0 is nan"),
        (np.full((2, 3), "x"), "field scores: numbers of type <U1"),
        (np.full((2, 3), None), "is not an array of numbers that can be read"),
    ],
    ids=["pairs", "threshold", "nan", "words", "objects"],
)
def test_wrong_scores_are_named(tmp_path: Path, array: Any, message: str) -> None:
    documents = given_documents(tmp_path / "d", docred("A", ["x", "y"]))
    np.savez(tmp_path / "s.npz", A=array)
    with pytest.raises(InputError, match=message):
        adapted("atlop", tmp_path / "s.npz", tmp_path / "out", documents=documents)
    assert not (tmp_path / "out").exists()


def test_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    documents = given_documents(tmp_path / "d", docred("A", ["x", "y"]))
    np.savez(tmp_path / "s.npz", A=scores(2), C=scores(2))
    with pytest.raises(InputError, match="document C: has scores, but is not among the documents"):
        adapted("atlop", tmp_path / "s.npz", tmp_path / "out", documents=documents)
    np.savez(tmp_path / "s.npz")
    with pytest.raises(InputError, match="document A: has no scores"):
        adapted("atlop", tmp_path / "s.npz", tmp_path / "out", documents=documents)
    np.save(tmp_path / "s.npy", scores(3))
    with pytest.raises(InputError, match=r"shape \(6, 3\), but the 1 documents have 2 pairs"):
        adapted("atlop", tmp_path / "s.npy", tmp_path / "out", documents=documents)
    whole = (tmp_path / "s.npy").read_bytes()
    for data in (whole[:100], whole[:-4], b"", b"PK\x03\x04 and no more"):
        (tmp_path / "s.npy").write_bytes(data)
        with pytest.raises(InputError, match="is not an array of numbers that can be read"):
            adapted("atlop", tmp_path / "s.npy", tmp_path / "out", documents=documents)
    with pytest.raises(InputError, match="field --documents: is missing"):
        adapted("atlop", tmp_path / "s.npy", tmp_path / "out")
    (tmp_path / "d" / "rel2id.json").unlink()
    with pytest.raises(InputError, match="field relations: the columns have no names"):
        adapted("atlop", tmp_path / "s.npy", tmp_path / "out", documents=documents)
