"""What the tests of the cluster room share: a proxy that spoils, and objects to send."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from faults import FaultyProxy

from meshctl.cluster import Cluster, connect


@pytest.fixture
def proxy(sandbox_kubeconfig: Path, tmp_path: Path) -> Iterator[FaultyProxy]:
    with FaultyProxy(sandbox_kubeconfig, tmp_path) as proxy:
        yield proxy


@pytest.fixture
def faulty(proxy: FaultyProxy) -> Cluster:
    """The real cluster behind the proxy."""
    return connect(kubeconfig=proxy.kubeconfig, environ={}, timeout=5)
