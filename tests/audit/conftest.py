"""A corpus with hidden labels and its audit, and a page in a browser, each made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from audit_builders import Hidden, hidden
from audit_page_builders import write
from chromium import PROGRAM, Page, chromium


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Hidden:
    return hidden(tmp_path_factory.mktemp("audit"))


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, Path]]:
    if PROGRAM is None:
        pytest.skip("no Chromium is installed (Debian: apt install chromium)")
    folder = tmp_path_factory.mktemp("page")
    file = write(folder / "audit")
    with chromium(folder / "profile") as page:
        page.downloads(folder)
        yield page, file


@pytest.fixture
def page(running: tuple[Page, Path]) -> Iterator[Page]:
    page, file = running
    page.screen(1280, 900)
    page.errors.clear()
    page.open(file)
    page.run("localStorage.clear()")
    page.requests.clear()
    page.open(file)
    yield page
    assert page.errors == []
    assert {url for url in page.requests if not url.startswith("blob:")} == {file.as_uri()}
