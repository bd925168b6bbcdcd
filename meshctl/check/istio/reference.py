"""What is known of Istio's API: the schemas of its kinds, its annotations and labels.

tools/istio_reference.py writes the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("reference.json.gz")


@cache
def reference() -> Mapping[str, Any]:
    import gzip
    import json

    loaded: Mapping[str, Any] = json.loads(gzip.decompress(_FILE.read_bytes()))
    return loaded


def known_kinds() -> Mapping[str, Any]:
    """By `group/Kind`: `versions`, which the API server serves, and `schema`."""
    found: Mapping[str, Any] = reference()["kinds"]
    return found


def known_annotations() -> Mapping[str, Any]:
    """By name: `kinds` that may carry it ("Any" for all), `deprecated`, `status` (of its maturity)."""
    found: Mapping[str, Any] = reference()["annotations"]
    return found
