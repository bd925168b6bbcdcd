"""The forms that names and other texts have in Kubernetes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import NamedTuple

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME_PART = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PORT_NAME = re.compile(r"(?=.{1,15}\Z)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_CONFIG_KEY = re.compile(r"(?!\.\.)(?!\.\Z)[-._a-zA-Z0-9]{1,253}")
_SYSCTL = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?")
_OWN_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
_HEADER = re.compile(r"[-A-Za-z0-9]+")


class Form(NamedTuple):
    """`title` ends the sentence "it has to be …"."""

    title: str
    fits: Callable[[str], bool]


@lru_cache(maxsize=4096)
def is_label_value(text: str) -> bool:
    return _NAME_PART.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def is_qualified(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    return _NAME_PART.fullmatch(name) is not None and (not slash or _SUBDOMAIN.fullmatch(prefix) is not None)


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


def _is_host(text: str) -> bool:
    return _SUBDOMAIN.fullmatch(text.removeprefix("*.")) is not None and not _is_address(text)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _is_range(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def _stays_below(text: str) -> bool:
    return not text.startswith("/") and ".." not in text.split("/")


def _is_url_path(text: str) -> bool:
    *parts, last = text.split("/")[1:] or [""]
    hidden = any(code in text.lower() for code in ("%2f", "%5c"))
    return not hidden and not {"", ".", ".."}.intersection(parts) and last not in (".", "..")


LABEL = Form("a DNS label: lower-case letters, digits and dashes", _matches(_LABEL))
SUBDOMAIN = Form("a DNS subdomain: lower-case letters, digits, dashes and dots", _matches(_SUBDOMAIN))
PORT_NAME = Form("at most 15 lower-case letters, digits and single dashes, with a letter", _matches(_PORT_NAME))
QUALIFIED = Form("a name of letters, digits, -, _ and ., perhaps after a domain and a slash", is_qualified)
LABEL_VALUE = Form(
    "the value of a label: at most 63 letters, digits, -, _ and .", lambda text: not text or is_label_value(text)
)
DOMAIN_PATH = Form(
    "a domain, a slash and a name, like example.com/name", lambda text: "/" in text and is_qualified(text)
)
CONFIG_KEY = Form("a key of at most 253 letters, digits, -, _ and .", _matches(_CONFIG_KEY))
HOST = Form("a DNS name without a port, perhaps after *.", _is_host)
WILDCARD = Form("a DNS name, perhaps after *.", lambda text: _SUBDOMAIN.fullmatch(text.removeprefix("*.")) is not None)
ADDRESS = Form("an IP address", _is_address)
RANGE = Form("a range of addresses, like 10.0.0.0/8", _is_range)
BELOW = Form("a relative path without ..", _stays_below)
WITHOUT_BACKSTEPS = Form("a path without ..", lambda text: ".." not in text.split("/"))
ABSOLUTE = Form("an absolute path", lambda text: text.startswith("/"))
SYSCTL = Form("the name of a sysctl, like net.core.somaxconn", _matches(_SYSCTL))
VARIABLE = Form(
    "printable characters without =", lambda text: text.isascii() and text.isprintable() and "=" not in text
)
SEGMENT = Form(
    "a name without / and %, not . or ..", lambda text: not set(text) & set("/%") and text not in (".", "..")
)
URL_PATH = Form("a path without //, /./, /../, %2f and %5c", _is_url_path)
FINALIZER = Form(
    "a domain, a slash and a name, like example.com/name",
    lambda text: text in _OWN_FINALIZERS or ("/" in text and is_qualified(text)),
)
HEADER = Form("the name of a header", _matches(_HEADER))
