from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from faults import FaultyProxy
from logged import Stage

from meshctl.cluster import Cluster


@pytest.fixture
def stage(cluster: Cluster, namespace: str, kubectl: Callable[..., str], tmp_path: Path) -> Stage:
    return Stage(cluster, namespace, kubectl, tmp_path)


@pytest.fixture
def proxy(sandbox_kubeconfig: Path, tmp_path: Path) -> FaultyProxy:
    """Not up yet: a test says from when on it stands between."""
    return FaultyProxy(sandbox_kubeconfig, tmp_path)
