"""What Kubernetes itself reads: kubectl, without a server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

KUBECTL = Path(sys.executable).with_name("kubectl")
OBJECT = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: thing}\n"
_INT64 = range(-(2**63), 2**63)


def kubectl(text: str) -> tuple[Any, str]:
    """The object that kubectl reads from YAML and "", or None and its error."""
    command = [KUBECTL, "patch", "--local", "-f", "-", "--type", "merge", "-p", "{}", "-o", "json"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    return (json.loads(done.stdout), "") if done.returncode == 0 else (None, done.stderr.decode())


def kubectl_spec(text: str) -> Any:
    """What kubectl has as `spec` of an object that goes on with `text`."""
    found, error = kubectl(OBJECT + text)
    assert not error, error
    return found["spec"]


def comparable(value: Any) -> Any:
    """Tells true from 1, which are equal in Python; large numbers are floats, whether JSON wrote them with e or not."""
    if isinstance(value, dict):
        return {key: comparable(child) for key, child in value.items()}
    if isinstance(value, list):
        return [comparable(child) for child in value]
    if isinstance(value, int) and not isinstance(value, bool) and value not in _INT64:
        value = float(value)
    return (type(value).__name__ if not isinstance(value, float) or not value.is_integer() else "int", value)
