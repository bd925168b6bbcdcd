"""What is known of Istio's API, its kinds, annotations and labels, and of the kinds of the Gateway API.

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
    """By `group/Kind`: `versions`, which the API server serves, each with the place of its schema in `schemas`."""
    found: Mapping[str, Any] = reference()["kinds"]
    return found


def schema_of(api_version: str, kind: str) -> Mapping[str, Any] | None:
    """`spec`, whether that is `required`, and whether it has `defaults`.

    Of a version that is not served it is that of another one.
    """
    group, _, version = api_version.rpartition("/")
    known = known_kinds().get(f"{group}/{kind}")
    if known is None:
        return None
    found: Mapping[str, Any] = known["schemas"][known["versions"].get(version, 0)]
    return found


def known_annotations() -> Mapping[str, Any]:
    """By name: `kinds` that may carry it ("Any" for all), `deprecated`, `status` (of its maturity)."""
    found: Mapping[str, Any] = reference()["annotations"]
    return found
