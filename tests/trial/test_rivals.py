"""What holds for every rival: it finds itself by its file, decides in shape, never on the diagonal, and repeatably."""

from __future__ import annotations

from pkgutil import iter_modules

import numpy as np
import pytest
from trial_builders import DWIE_NAMES, noised, random_split, random_task

from logire.ground.errors import InputError
from logire.trial import methods, rivals
from logire.trial.rivals import folds
from logire.trial.task import Method, Scored


def test_every_module_of_rivals_takes_part_in_the_order_of_names() -> None:
    found = methods.rivals()
    modules = list(dict.fromkeys(method.fit.__module__.rpartition(".")[2] for method in found))
    assert modules == sorted(module.name for module in iter_modules(rivals.__path__))
    assert len({method.name for method in found}) == len(found)
    assert all(method.title and method.source for method in found)


def test_two_rivals_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folds, "RIVALS", (folds.RIVALS[0], folds.RIVALS[0]))
    methods.rivals.cache_clear()
    try:
        with pytest.raises(InputError, match="two methods are called folds_mean"):
            methods.rivals()
    finally:
        methods.rivals.cache_clear()


@pytest.mark.parametrize("method", methods.rivals(), ids=lambda method: method.name)
def test_a_rival_decides_on_new_documents_in_shape_and_repeatably(method: Method) -> None:
    documents = random_split(31, 5, schema=DWIE_NAMES)
    split = Scored(documents, tuple(noised(documents, 32 + k) for k in range(2)))
    before = [d.logits.copy() for d in documents]
    first, second = (method.fit(random_task(7, schema=DWIE_NAMES))(split) for _ in range(2))
    assert len(first) == len(documents)
    for document, decided, again, kept in zip(documents, first, second, before, strict=True):
        assert decided.dtype == np.bool_
        assert decided.shape == document.logits.shape
        assert not decided[np.eye(len(decided), dtype=np.bool_)].any()
        np.testing.assert_array_equal(decided, again)
        np.testing.assert_array_equal(document.logits, kept)
    assert any(decided.any() for decided in first)
