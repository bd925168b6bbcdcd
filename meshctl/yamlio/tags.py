"""What one scalar of libyaml's events means, with its tag and quotes: as a value, as a key, or as a merge.

As in goyaml.v2, `!!int "3"` is 3, and a tag that it does not know makes a text. Raises ValueError, in words.
"""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any

from yaml.events import ScalarEvent

from meshctl.yamlio.scalars import Scalar, is_timestamp, json_key, json_value, read_plain, resolve

_PREFIX = "tag:yaml.org,2002:"
_KINDS: dict[str, tuple[type, ...]] = {"int": (int,), "float": (float, int), "bool": (bool,), "null": (type(None),)}


def is_merge(event: Any) -> bool:
    """Whether the key is the `<<` that merges another mapping; in quotes it is a key like others."""
    if event.__class__ is not ScalarEvent or event.value != "<<":
        return False
    return bool(event.implicit[0]) or _kind(event) == "merge"


def value_of(event: Any) -> Scalar:
    if event.tag is None:
        return _number_of_json(read_plain(event.value).value) if event.implicit[0] else str(event.value)
    return _number_of_json(json_value(_tagged(_kind(event), event.value)))


def key_of(event: Any) -> str:
    if event.__class__ is not ScalarEvent:
        raise ValueError("a list, a mapping or an alias as a key")
    if event.tag is None:
        key = read_plain(event.value).key if event.implicit[0] else event.value
    else:
        key = json_key(_tagged(_kind(event), event.value))
    if key is None:
        raise ValueError(f"{event.value or 'null'} as a key")
    return str(key)


def _kind(event: Any) -> str:
    return str(event.tag or "").removeprefix(_PREFIX)


def _number_of_json(value: Scalar) -> Scalar:
    if value.__class__ is float and not math.isfinite(value):
        raise ValueError("Kubernetes has no infinite numbers and no NaN")
    return value


def _tagged(kind: str, text: str) -> Scalar:
    if kind == "binary":
        return _binary(text)
    if kind == "timestamp" and not is_timestamp(text):
        raise ValueError(f'"{text}" is no !!timestamp')
    if kind not in _KINDS:
        return text
    value = resolve(text)
    if type(value) not in _KINDS[kind]:
        raise ValueError(f'"{text}" is no !!{kind}')
    return value


def _binary(text: str) -> str:
    """Bytes that are no text have no JSON: Kubernetes garbles them without a word, so they are refused."""
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except binascii.Error:
        raise ValueError("!!binary that is no base64") from None
    except UnicodeDecodeError:
        raise ValueError("!!binary of bytes that are no text") from None
