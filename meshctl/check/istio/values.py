"""Values that occur all over Istio's API, and why one is wrong; every function answers with "" for a right one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from meshctl.check.finding import Fault
from meshctl.check.istio.names import is_label
from meshctl.check.node import Node
from meshctl.config.durations import parse_duration

LARGEST_PORT = 65535
SOCKET = "unix://"
LONGEST_REGEX = 1024  # of bytes; Envoy's limit is one of compiled size, which this stands for

_PORT = re.compile(r"\d{1,5}", re.ASCII)
_LABEL_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", re.ASCII)
_LABEL_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_LONGEST_LABEL = 63

# The families of protocols, of what a `protocol` field or the first part of a port's name may say.
HTTP_PROTOCOLS = frozenset({"HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTP_PROXY"})
TLS_PROTOCOLS = frozenset({"HTTPS", "TLS"})
TCP_PROTOCOLS = frozenset({"TCP", "HTTPS", "TLS", "MONGO", "REDIS", "MYSQL"})
PROTOCOLS = HTTP_PROTOCOLS | TLS_PROTOCOLS | TCP_PROTOCOLS | {"UDP"}

_MATCHES = ("exact", "prefix", "regex")


def is_protocol(text: str) -> bool:
    """Case does not count; GRPC may be written GRPC-Web and so on."""
    return text.upper() in PROTOCOLS


def port_fault(number: int) -> str:
    return "" if 0 < number <= LARGEST_PORT else f"a port is between 1 and {LARGEST_PORT}, not {number}"


def port_of(text: str) -> int | None:
    """The number in a text, None for none that could be a port."""
    return int(text) if _PORT.fullmatch(text) else None


def socket_fault(address: str) -> str:
    """Why `unix://…` is no socket: that is a file with an absolute path or, without one, `@` and a name."""
    path = address.removeprefix(SOCKET)
    is_file = path.startswith("/") and not path.endswith("/")
    return "" if is_file or path.startswith("@") else f'"{path}" is neither the absolute path of a socket nor @name'


@lru_cache(maxsize=1024)
def precision_fault(text: str) -> str:
    """Envoy counts in milliseconds. What is no duration at all is the schema's to say."""
    try:
        seconds = parse_duration(text)
    except ValueError:
        return ""
    return f'"{text}" is finer than a millisecond' if round(seconds * 1_000_000_000) % 1_000_000 else ""


@lru_cache(maxsize=4096)
def regex_fault(pattern: str) -> str:
    """Whether Envoy would take a regular expression: it speaks RE2, which has no look-around and no back-references."""
    if not pattern:
        return "the regular expression is empty"
    if len(pattern.encode()) > LONGEST_REGEX:
        return f"a regular expression has at most {LONGEST_REGEX} bytes, not {len(pattern.encode())}"
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        return f'"{pattern}" is no regular expression of RE2, which Istio uses: {said}'
    return ""


def string_match(match: Node, *, empty_prefix: bool = False) -> Iterator[Fault]:
    """Faults of `{exact: …}`, `{prefix: …}` or `{regex: …}`."""
    if "regex" in match.mapping and (fault := regex_fault(match["regex"].text)):
        yield match["regex"].fault(fault)
    if match["prefix"].value == "" and not empty_prefix:
        yield match["prefix"].fault("the prefix is empty, which Envoy refuses", "leave it out, or match any with {}")


def texts(items: Node) -> Iterator[tuple[Node, str]]:
    """The texts of a list with their places."""
    for item in items:
        if item.value.__class__ is str:
            yield item, item.value


def repeated(items: Node) -> Iterator[tuple[Node, str]]:
    """Texts that are in the list a second time."""
    seen: set[str] = set()
    for item, text in texts(items):
        if text in seen:
            yield item, text
        seen.add(text)


@lru_cache(maxsize=4096)
def label_fault(key: str, value: str) -> str:
    """Why something is no label of Kubernetes."""
    prefix, slash, name = key.rpartition("/")
    if slash and not _LABEL_PREFIX.fullmatch(prefix):
        return f'the label "{key}" has a prefix that is no DNS name'
    if len(name) > _LONGEST_LABEL or not _LABEL_NAME.fullmatch(name):
        return f'"{key}" is no name of a label'
    if value and (len(value) > _LONGEST_LABEL or not _LABEL_NAME.fullmatch(value)):
        return f'"{value}" is no value of a label'
    return ""


def labels(node: Node) -> Iterator[Fault]:
    """Faults of a mapping of labels."""
    for key, value in node.children():
        if fault := label_fault(key, value.text):
            yield value.fault(fault, at_key=True)


def workload_selector(selector: Node) -> Iterator[Fault]:
    """Faults of a `workloadSelector` with `labels`."""
    if selector and not selector["labels"].value:
        yield selector.fault("it selects every workload of the namespace", "name labels", severity="warning")
    for key, value in selector["labels"].children():
        if not key or "*" in key:
            yield value.fault(f'"{key}" is no name of a label', at_key=True)


def percentage(node: Node) -> float | None:
    """The `value` of a percentage; 0 where none is given, None where there is no percentage."""
    if node.value.__class__ is not dict:
        return None
    value = node["value"].value
    return float(value) if value.__class__ in (int, float) else 0.0


def subset_name_fault(name: str) -> str:
    if not name:
        return "the name of the subset is empty"
    return "" if is_label(name) else f'"{name}" is no name of a subset, which is a DNS label'
