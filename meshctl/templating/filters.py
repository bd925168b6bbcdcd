"""What templates can do beside Jinja's own: filters and functions."""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any, NoReturn

from meshctl import yamlio
from meshctl.errors import TemplateError

LONGEST_LABEL = 63


def dns_label(text: str) -> str:
    """`text` as a DNS label: `Jane Doé` is `jane-doe`; empty where nothing of it can be in one."""
    ascii_only = unicodedata.normalize("NFKD", str(text)).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", ascii_only).strip("-")[:LONGEST_LABEL].rstrip("-")


def toyaml(value: Any) -> str:
    return yamlio.dump(value).removesuffix("\n")


def tojson(value: Any, indent: int | None = None) -> str:
    """Plain JSON; Jinja's own filter escapes for HTML."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)


def nindent(text: str, width: int) -> str:
    """A new line, then every line indented; empty ones stay empty."""
    return "\n" + "\n".join(" " * width + line if line else "" for line in str(text).split("\n"))


def b64encode(value: Any) -> str:
    return base64.b64encode(_bytes(value)).decode()


def sha256(value: Any) -> str:
    import hashlib

    return hashlib.sha256(_bytes(value)).hexdigest()


def quote(value: Any) -> str:
    """In double quotes, as YAML and JSON read it."""
    return yamlio.quote(_text(value))


def fail(message: str) -> NoReturn:
    """Refuses to render, for a template that knows better than its variables."""
    raise TemplateError(str(message), code="MSH112")


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else _text(value).encode()


def _text(value: Any) -> str:
    """As YAML writes it, `true` and not `True`; nothing for null."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


FILTERS: dict[str, Callable[..., Any]] = {
    function.__name__: function for function in (nindent, b64encode, sha256, quote, dns_label)
}
