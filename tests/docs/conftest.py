"""What the commands of a page find around them: a home and a namespace of their own, and the sandbox of the tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest


@pytest.fixture
def environ(tmp_path: Path, sandbox_kubeconfig: Path, unused_namespace: str) -> Mapping[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    programs = Path(sys.executable).parent
    return {
        "HOME": str(home),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "KUBECONFIG": str(sandbox_kubeconfig),
        "MESHCTL_NAMESPACE": unused_namespace,
        "USER": "anna",
        "CI": "true",
    }
