from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from logged import Stage

from meshctl.cluster import Cluster


@pytest.fixture
def stage(cluster: Cluster, namespace: str, kubectl: Callable[..., str], tmp_path: Path) -> Stage:
    return Stage(cluster, namespace, kubectl, tmp_path)
