"""The programs that are measured."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

_HERE = Path(sys.executable).parent
MESHCTL = str(_HERE / "meshctl")
KUBECTL = str(_HERE / "kubectl")
HELM = shutil.which("helm") or ""
"""No wheel has it: `go install helm.sh/helm/v4/cmd/helm@latest`. Without it its rows are left out, and that is said."""
