"""What the API server asks of ConfigMaps and Secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meshctl.check.kubernetes.forms import CONFIG_KEY
from meshctl.check.kubernetes.restrictions.constraints import (
    Body,
    Constraint,
    Refusal,
    keyed,
    mapping,
)

_LARGEST_DATA = 1024 * 1024  # bytes of all values together
_KEYS_OF_SECRETS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def _data(body: Body) -> Iterator[Refusal]:
    """Of a ConfigMap: keys once, and not too much."""
    texts, bytes_ = mapping(body, "data"), mapping(body, "binaryData")
    for key in texts.keys() & bytes_.keys():
        yield Refusal("together", ("data", key), "is in binaryData too", "keep one of them")
    yield from _size(texts, bytes_)


def _secret(body: Body) -> Iterator[Refusal]:
    """The keys that its type wants, and not too much."""
    data, texts = mapping(body, "data"), mapping(body, "stringData")
    kind = str(body.get("type") or "")
    for key in _KEYS_OF_SECRETS.get(kind, ()):
        if key not in data and key not in texts:
            yield Refusal("together", ("type",), f"{kind} wants the key {key}")
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & (data.keys() | texts.keys()):
        yield Refusal("together", ("type",), f"{kind} wants the key username or password")
    annotations = mapping(body, "metadata", "annotations")
    if kind == "kubernetes.io/service-account-token" and not annotations.get("kubernetes.io/service-account.name"):
        yield Refusal("together", ("type",), f"{kind} wants the annotation kubernetes.io/service-account.name")
    yield from _size(texts, data)


def _size(texts: Body, in_base64: Body) -> Iterator[Refusal]:
    size = sum(len(str(value).encode()) for value in texts.values())
    size += sum(len(str(value)) * 3 // 4 for value in in_base64.values())
    if size > _LARGEST_DATA:
        yield Refusal("range", ("data",), f"has {size // 1024} KiB, and at most {_LARGEST_DATA // 1024} are taken")


DATA: Mapping[str, tuple[Constraint, ...]] = {
    "core.v1.ConfigMap": (_data, keyed(CONFIG_KEY, "data", "binaryData")),
    "core.v1.Secret": (_secret, keyed(CONFIG_KEY, "data", "stringData")),
}
