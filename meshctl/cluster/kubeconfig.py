"""Kubeconfig files as kubectl reads them: several are merged, and the first to name something wins.

The official client merges too, but lets the last file's current-context win, reads KUBECONFIG when it is imported and
knows no line numbers; so the files are read here, and it gets one entry of each, with paths made absolute.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from meshctl import yamlio
from meshctl.errors import UsageError, Where
from meshctl.yamlio import Document

_PATHS = {"cluster": ("certificate-authority",), "user": ("client-certificate", "client-key", "tokenFile")}


@dataclass(frozen=True)
class Entry:
    """The body of a named entry, the document and path where it stands, and the folder that its paths start from."""

    body: Mapping[str, Any]
    document: Document
    path: yamlio.Path
    folder: Path

    @property
    def where(self) -> Where:
        return self.document.where(self.path)


@dataclass(frozen=True)
class Context:
    """Who talks to which server, resolved."""

    name: str
    namespace: str
    cluster: Entry
    user: Entry

    @property
    def server(self) -> str:
        return str(self.cluster.body.get("server") or "")

    def for_client(self) -> dict[str, Any]:
        """A kubeconfig of this context alone, for the official client."""
        cluster = _absolute(self.cluster, "cluster")
        user = _absolute(self.user, "user")
        if plugin := user.get("exec"):
            user["exec"] = {**plugin, "command": _command(str(plugin.get("command") or ""), self.user.folder)}
        return {
            "current-context": self.name,
            "contexts": [{"name": self.name, "context": {"cluster": self.name, "user": self.name}}],
            "clusters": [{"name": self.name, "cluster": cluster}],
            "users": [{"name": self.name, "user": user}],
        }


@dataclass
class Kubeconfig:
    """`current` is the first file's current-context, empty when no file has one."""

    files: list[Path] = field(default_factory=list)
    current: str = ""
    contexts: dict[str, Entry] = field(default_factory=dict)
    clusters: dict[str, Entry] = field(default_factory=dict)
    users: dict[str, Entry] = field(default_factory=dict)

    def context(self, name: str) -> Context:
        """Raises UsageError for a context that lacks what it names."""
        entry = self.contexts[name]
        cluster = self._named(entry, "cluster", self.clusters, name)
        _check_server(str(cluster.body.get("server") or ""), name, cluster)
        user = self._named(entry, "user", self.users, name) if entry.body.get("user") else replace(entry, body={})
        return Context(name, str(entry.body.get("namespace") or ""), cluster, user)

    def _named(self, context: Entry, kind: str, entries: Mapping[str, Entry], name: str) -> Entry:
        wanted = str(context.body.get(kind) or "")
        if not wanted:
            raise UsageError(f"context {name} names no {kind}", where=context.where)
        if wanted not in entries:
            known = ", ".join(sorted(entries)) or "none"
            message = f"context {name} names the {kind} {wanted}, which is not there"
            raise UsageError(message, where=context.where, suggestion=f"{kind}s: {known}")
        return entries[wanted]


def load(paths: Iterable[Path]) -> Kubeconfig:
    """The files that exist, merged. Raises UsageError and YamlError."""
    merged = Kubeconfig()
    for path in paths:
        if document := _read(path):
            merged.files.append(path)
            _merge(merged, document, path.absolute().parent)
    return merged


def _read(path: Path) -> Document | None:
    """None for a file that is missing or empty: kubectl passes over both."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"the kubeconfig {path} cannot be read: {reason}") from error
    document = yamlio.load(text, str(path))
    if document.value is None:
        return None
    if not isinstance(document.value, dict):
        raise UsageError("this is no kubeconfig: no mapping at the top", where=document.where(()))
    return document


def _merge(merged: Kubeconfig, document: Document, folder: Path) -> None:
    merged.current = merged.current or str(document.value.get("current-context") or "")
    for section, kind, entries in (
        ("contexts", "context", merged.contexts),
        ("clusters", "cluster", merged.clusters),
        ("users", "user", merged.users),
    ):
        items = document.value.get(section) or []
        if not isinstance(items, list):
            raise UsageError(f"{section} must be a list", where=document.where((section,)))
        for index, item in enumerate(items):
            if isinstance(item, dict) and isinstance(item.get(kind) or {}, dict):
                entry = Entry(item.get(kind) or {}, document, (section, index), folder)
                entries.setdefault(str(item.get("name")), entry)


def _check_server(server: str, context: str, cluster: Entry) -> None:
    if not server:
        raise UsageError(f"the cluster of context {context} has no server", where=cluster.where)
    try:
        address = urlsplit(server)
        valid = address.scheme in ("http", "https") and address.hostname and address.port != 0
    except ValueError:
        valid = False
    if not valid:
        message = f"the server of context {context}, {server}, is no address"
        raise UsageError(message, where=cluster.where, suggestion="write it as https://HOST:PORT")


def _absolute(entry: Entry, kind: str) -> dict[str, Any]:
    """Paths are relative to their file. Data wins over a path, but a token's file over the token, as in kubectl."""
    body = {key: value for key, value in entry.body.items() if value not in (None, "")}
    for key in _PATHS[kind]:
        if key in body and f"{key}-data" not in body:
            body[key] = str(entry.folder / str(body[key]))
        else:
            body.pop(key, None)
    if "tokenFile" in body:
        body.pop("token", None)
    return body


def _command(command: str, folder: Path) -> str:
    """A plugin with a slash in its name is relative to the kubeconfig, any other is looked up on PATH."""
    return str(folder / command) if "/" in command else command
