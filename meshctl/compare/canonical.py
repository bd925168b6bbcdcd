"""The form in which a manifest is sent, so that what we own afterwards is what the server keeps."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from meshctl.compare.builtin import is_builtin


def canonical(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same object without what would be owned but never kept.

    Of the server's own kinds that is every null and every empty map of labels or annotations. A Secret's `stringData`
    becomes `data`: the server would move it there itself but note `stringData` as owned and `data` as nobody's, so that
    a key which leaves the template would stay for ever.
    """
    if not is_builtin(str(body.get("apiVersion", ""))):
        return dict(body)
    kept = {key: _without_nulls(value, key) for key, value in body.items() if value is not None}
    if body.get("kind") == "Secret":
        return _secret(kept)
    if isinstance(kept.get("binaryData"), dict):
        kept["binaryData"] = {key: _one_line(value) for key, value in kept["binaryData"].items()}
    return kept


def _without_nulls(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_nulls(item, name)
            for name, item in value.items()
            if item is not None and not (key == "metadata" and item == {} and name in ("annotations", "labels"))
        }
    if isinstance(value, list):
        return [_without_nulls(item, key) for item in value]
    return value


def _secret(body: dict[str, Any]) -> dict[str, Any]:
    text = body.pop("stringData", None)
    data = body.get("data")
    if isinstance(data, dict):
        body["data"] = {key: _one_line(value) for key, value in data.items()}
    if isinstance(text, dict) and all(isinstance(value, str) for value in text.values()):
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in text.items()}
        body["data"] = {**(body.get("data") or {}), **encoded}
    elif text is not None:
        body["stringData"] = text  # for the server to refuse in its own words
    return body


def _one_line(value: Any) -> Any:
    """base64 as the server writes it: line breaks are allowed in it, and dropped."""
    return "".join(value.split()) if isinstance(value, str) else value
