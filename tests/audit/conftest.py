"""A corpus with hidden labels and its audit, made once."""

from __future__ import annotations

import pytest
from audit_builders import Hidden, hidden


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Hidden:
    return hidden(tmp_path_factory.mktemp("audit"))
