"""What a conflict is about: the field as another manager has it, and as the manifest wants it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from meshctl.compare.builtin import KEY_DEFAULTS
from meshctl.manifest.secrecy import MASK

_ITEM = re.compile(r'\[((?:[^\]"]|"(?:[^"\\]|\\.)*")*)\]')  # `[name="web"]`, `[port=80,protocol="TCP"]`, `[="value"]`
_KEY = re.compile(r'([^=,]*)=("(?:[^"\\]|\\.)*"|[^,]*)')
_LONGEST = 60  # characters of a value that are shown
_ABSENT = object()


def contested(wanted: Mapping[str, Any], live: Mapping[str, Any], fields: Iterable[tuple[str, str]]) -> Iterator[str]:
    """One line a field, `fields` being (path, manager): what it is now, and what taking it makes of it."""
    for path, manager in fields:
        hidden = wanted.get("kind") == "Secret" and path.partition(".")[0] in ("data", "stringData")
        theirs, ours = (MASK if hidden else _shown(_value(body, f".{path}")) for body in (live, wanted))
        yield f"{path}: {theirs} by {manager}; --force-conflicts makes it {ours}"


def _value(body: Any, path: str) -> Any:
    """The value at a path as the server writes it. Dots in keys are not told apart, so the longest key wins."""
    while path:
        if path[0] == "[":
            item = _ITEM.match(path)
            body, path = (_item(body, item[1]), path[item.end() :]) if item else (_ABSENT, "")
            continue
        keys = body if isinstance(body, Mapping) else ()
        key = max((key for key in keys if _begins_with(path, key)), key=len, default=None)
        if key is None:
            return _ABSENT
        body, path = body[key], path[len(key) + 1 :]
    return body


def _begins_with(path: str, key: str) -> bool:
    return path.startswith(f".{key}") and path[len(key) + 1 : len(key) + 2] in ("", ".", "[")


def _item(items: Any, keys: str) -> Any:
    wanted = {name: _scalar(value) for name, value in _KEY.findall(keys)}
    if not isinstance(items, list):
        return _ABSENT
    if "" in wanted:
        return wanted[""] if wanted[""] in items else _ABSENT
    return next((item for item in items if isinstance(item, Mapping) and _has(item, wanted)), _ABSENT)


def _has(item: Mapping[str, Any], keys: Mapping[str, Any]) -> bool:
    return all(item.get(name, KEY_DEFAULTS.get(name)) == value for name, value in keys.items())


def _scalar(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "unset"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
