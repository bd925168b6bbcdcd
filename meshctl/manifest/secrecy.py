"""What a server says about a Secret may quote what is in it; it is masked before anybody sees, logs or stores it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

MASK = "***"
_SHORT = 4  # characters below which a value is masked only where it stands alone: `1` is in many a word
_LINE = 8  # characters from which a line of a longer value is masked by itself too


def masked(said: bytes, sent: Any) -> bytes:
    """The server's answer to what was sent; as it is when that was no Secret."""
    if not _is_secret(sent):
        return said
    try:
        answer = json.loads(said)
    except ValueError:
        return mask(said.decode("utf-8", "replace"), sent).encode()
    return json.dumps(_walk(answer, sent)).encode()


def mask(text: str, sent: Any) -> str:
    """Without the values of the Secret that was sent, in whatever form they are quoted."""
    if not _is_secret(sent):
        return text
    for form in sorted(_forms(sent), key=len, reverse=True):
        edge = r"(?<![\w]){}(?![\w])" if len(form) < _SHORT else "{}"
        text = re.sub(edge.format(re.escape(form)), MASK, text)
    return text


def _is_secret(sent: Any) -> bool:
    return isinstance(sent, Mapping) and sent.get("kind") == "Secret" and sent.get("apiVersion") == "v1"


def _walk(answer: Any, sent: Any) -> Any:
    if isinstance(answer, str):
        return mask(answer, sent)
    if isinstance(answer, list):
        return [_walk(each, sent) for each in answer]
    if isinstance(answer, dict):
        return {key: _walk(each, sent) for key, each in answer.items()}
    return answer


def _forms(sent: Mapping[str, Any]) -> set[str]:
    values = {text for field in ("data", "stringData") for text in _texts(sent.get(field))}
    values |= {decoded for text in values if (decoded := _decoded(text))}
    values |= {line for text in values for line in text.splitlines() if len(line) >= _LINE}
    values |= {base64.b64encode(text.encode()).decode() for text in values}
    values |= {json.dumps(text, ensure_ascii=False)[1:-1] for text in values}
    return values - {""}


def _texts(value: Any) -> Iterator[str]:
    """What is there, also where a template has put something else than texts."""
    if isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)
    elif value is not None:
        yield str(value).lower() if isinstance(value, bool) else str(value)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
