"""Machine output: one versioned document of JSON or YAML, or one name a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


def document(form: str, body: Mapping[str, Any]) -> str:
    """`body` as JSON or YAML, with the version of the format first."""
    from meshctl.events import FORMAT_VERSION

    versioned = {"meshctl": FORMAT_VERSION, **body}
    if form == "json":
        return as_json(versioned)
    from meshctl import yamlio

    return yamlio.dump(versioned)


def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def as_line(value: Any) -> str:
    """One line of a JSON stream."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def names(values: Iterable[str]) -> str:
    return "\n".join(values)
