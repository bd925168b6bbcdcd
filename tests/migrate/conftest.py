from __future__ import annotations

from collections.abc import Iterator

import pytest
from engines import Go, Jinja, build


@pytest.fixture(scope="session")
def go(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Go]:
    running = Go(build(tmp_path_factory.mktemp("gotext")))
    yield running
    running.close()


@pytest.fixture(scope="session")
def jinja(tmp_path_factory: pytest.TempPathFactory) -> Jinja:
    return Jinja(tmp_path_factory.mktemp("jinja") / "templates")
